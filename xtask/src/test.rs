//! `cargo xtask test`: set-up, then every test of the workspace.

use crate::{console, setup, workspace};
use anyhow::Result;

/// Runs `cargo test`, in the profile of the demo so that nothing is compiled twice. The last lines
/// are the test runner's own.
pub fn run(arguments: &[String]) -> Result<()> {
    setup::run(setup::Options::default())?;
    let mut command = workspace::cargo(&["test", "--release", "--workspace"]);
    console::run(command.args(arguments))
}
