//! `train`: makes embedding models for a domain.
//!
//! What needs no libtorch is done here. For the rest this process becomes `train-torch`, which links it: loading libtorch
//! takes 119 MB of memory and a third of a second, which word vectors have no use for.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use trainer_shell::command::{self, Task};
use trainer_shell::error::{Result, TrainError};

fn main() -> ExitCode {
    command::main(become_train_torch)
}

/// Starts the program that links libtorch in this one's place, with the same arguments; comes back only with an error.
fn become_train_torch(_: Task) -> Result<()> {
    let program = std::env::current_exe()
        .map_err(|error| TrainError::Config(format!("cannot find the folder of this program: {error}")))?
        .with_file_name("train-torch");
    let mut arguments = std::env::args_os();
    let mut command = Command::new(&program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let error = command.args(arguments).exec();
    Err(TrainError::Config(format!(
        "{}: cannot start the program that trains with libtorch: {error}; it is built and installed together with \
         `train` and has to lie beside it",
        program.display()
    )))
}
