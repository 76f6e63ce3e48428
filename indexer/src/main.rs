//! `index`: documents in, a searchable index out.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::run(cli::args::Arguments::parse())
}
