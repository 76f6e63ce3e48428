//! `train`: makes embedding models for a domain.

use std::process::ExitCode;

use clap::Parser;
use trainer::command::{Cli, execute};
use trainer::error::TrainError;
use trainer::progress::say;

fn main() -> ExitCode {
    match execute(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            let interrupted = matches!(error, TrainError::Interrupted | TrainError::SetAside(_));
            ExitCode::from(if interrupted { 130 } else { 2 })
        }
    }
}
