//! `cargo xtask faults`: the fault tests of the index, at many places instead of a few, and its readers during many commits.

use crate::{console, setup, workspace};
use anyhow::{Context, Result, bail};

/// Places that each test tries where none are asked for.
const TRIES: u32 = 200;

/// Runs them with `[TRIES]`, all tests even if one fails.
pub fn run(arguments: &[String]) -> Result<()> {
    let tries = match arguments {
        [] => TRIES,
        [tries] => tries
            .parse()
            .with_context(|| format!("expected the number of tries, got `{tries}`"))?,
        _ => bail!("`faults` takes one number, got `{}`", arguments.join(" ")),
    };
    setup::run(setup::Options::default())?;
    let mut command = workspace::cargo(&[
        "test",
        "--release",
        "--workspace",
        "--test",
        "faults",
        "--no-fail-fast",
    ]);
    console::run(command.env("SEXTANT_FAULTS", tries.to_string()))?;
    console::run(&mut workspace::cargo(&[
        "test",
        "--release",
        "--workspace",
        "--lib",
        "--",
        "--ignored",
        "a_thousand_commits",
    ]))
}
