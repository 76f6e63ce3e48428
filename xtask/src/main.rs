//! The project's own commands: `cargo xtask setup | demo | test | check`.
//!
//! A program in place of scripts, so that a fresh machine needs nothing but Rust to run them. It
//! depends on none of the other crates: it must compile in seconds, before libtorch is there.

mod check;
mod console;
mod demo;
mod setup;
mod table;
mod test;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
The project's own commands.

Usage: cargo xtask <COMMAND>

Commands:
  setup [--cuda] [--force]  Fetch libtorch and the base model from PyPI, once per machine
                              --cuda   also what an NVIDIA card needs (about 2 GB more)
                              --force  unpack again, and replace a deps/ folder made by hand
  demo                      Set up, build, train on data/medical, index, search, measure
  test [ARGS]...            Set up, then every test; ARGS go to `cargo test`
  check                     rustfmt, clippy, rustdoc, and `search` built without libtorch

Downloads are kept in $SEXTANT_CACHE, else $XDG_CACHE_HOME/sextant, else ~/.cache/sextant.
Exit codes: 0 done, 2 error.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::note(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments.split_first() {
        None => ("help", &[][..]),
        Some((command, rest)) => (command.as_str(), rest),
    };
    match command {
        "setup" => setup::run(setup::Options::parse(rest)?),
        "demo" if rest.is_empty() => demo::run(),
        "test" => test::run(rest),
        "check" if rest.is_empty() => check::run(),
        "demo" | "check" => bail!("`{command}` takes no arguments, got `{}`", rest.join(" ")),
        "help" | "--help" | "-h" => {
            console::say(HELP.trim_end());
            Ok(())
        }
        other => bail!("no command `{other}`; there are setup, demo, test, check and help"),
    }
}
