//! The program `search`: reads the command line, runs it, and turns what came of it into an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use search::cli::Cli;
use search::{Outcome, SearchError};

fn main() -> ExitCode {
    match search::run(&Cli::parse()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NoHits) => ExitCode::from(1),
        // Whoever reads our output has seen enough (`search … | head`): that is no fault.
        Err(SearchError::Stdout(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done where stderr is closed as well; the exit code still tells.
            let _ = writeln!(io::stderr().lock(), "error: {}", encoder::message(&error));
            ExitCode::from(2)
        }
    }
}
