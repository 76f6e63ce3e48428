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
            let interrupted = matches!(error, TrainError::Interrupted | TrainError::SetAside(_));
            ExitCode::from(if interrupted { 130 } else { 2 })
        }
    }
}
