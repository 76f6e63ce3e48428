//! The command line of `index`. All that needs libtorch is here and none of it in the library, so
//! that programs that only read an index never link it.

mod add;
pub mod args;
mod build;
mod compact;
mod delete;
mod export;
mod import;
mod info;
mod model;
mod output;
mod progress;
mod tune;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use indexer::IndexError;
use indexer::build::Known;

use args::{Arguments, Command};

/// Runs a command and turns what it came to into the exit code: 0 done, 2 error, 130 interrupted.
pub fn run(arguments: Arguments) -> ExitCode {
    let result = match &arguments.command {
        Command::Build(options) => build::run(options),
        Command::Add(options) => add::run(options, Known::Refuse),
        Command::Update(options) => add::run(options, Known::Replace),
        Command::Delete(options) => delete::run(options),
        Command::Compact(options) => compact::run(options),
        Command::Tune(options) => tune::run(options),
        Command::Info(options) => info::run(options),
        Command::Verify(options) => verify::run(options),
        Command::Export(options) => export::run(options),
        Command::Import(options) => import::run(options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {}", encoder::message(error.as_ref()));
            match error.downcast_ref() {
                Some(IndexError::Interrupted) => ExitCode::from(130),
                _ => ExitCode::from(2),
            }
        }
    }
}
