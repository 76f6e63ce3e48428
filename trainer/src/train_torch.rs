//! `train-torch`: what `train` becomes where it computes with libtorch.

use std::process::ExitCode;

fn main() -> ExitCode {
    encoder_torch::limit_spinning();
    trainer_shell::command::main(trainer::train::with_libtorch)
}
