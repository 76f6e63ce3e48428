//! `train`: makes embedding models for a domain.

use std::process::ExitCode;

use clap::Parser;
use trainer::cli::{Args, execute};
use trainer::error::TrainError;
use trainer::progress::say;

fn main() -> ExitCode {
    let args = Args::parse();
    encoder_torch::limit_spinning();
    match execute(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(if matches!(error, TrainError::Interrupted) {
                130
            } else {
                2
            })
        }
    }
}
