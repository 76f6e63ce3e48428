//! `train-torch`: what `train` becomes where it computes with libtorch.

use std::process::ExitCode;

use trainer::command::Task;
use trainer::error::Result;

fn main() -> ExitCode {
    encoder_torch::restart_tuned();
    trainer_shell::command::main(with_libtorch)
}

fn with_libtorch(task: Task) -> Result<()> {
    match task {
        Task::Train(request) => trainer::train::train(*request),
        Task::Compare(args) => trainer::compare::compare(&args),
        Task::Check(args) => trainer::contrastive::check::check(&args),
        Task::Mine(args) => trainer::mine::mine(&args),
    }
}
