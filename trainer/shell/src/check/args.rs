//! The command line of `train check`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::cli;

/// Examples, rules and exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  train check --config medical.toml
  train check --config my.toml --strict

Every training on pairs is checked before its first step, too, but for the time; `train --strict` stops it then.

Two texts are equal when they have the same words, whatever their case and punctuation, and nearly equal when the \
sets of their words and of their neighbouring words have a Jaccard similarity of at least 0.8. Memory and time are \
estimates: time is that of a few texts through the model, three times for a step. Nothing is written.

Exit codes: 0 no error, 2 an error or, with --strict, a warning; 130 interrupted.";

/// A training to look at before it begins.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Args {
    /// Configuration file of a training on pairs; looked for as given, then under configs/
    #[arg(long, value_name = "FILE", required = true)]
    pub config: PathBuf,

    /// Processor: auto, cpu, cuda or cuda:N; overrides the configuration
    #[arg(long, value_name = "DEVICE", value_parser = cli::device)]
    pub device: Option<String>,

    /// CPU threads that the time is estimated for [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Take warnings for errors
    #[arg(long)]
    pub strict: bool,

    /// Write one JSON object to stdout instead of the text
    #[arg(long)]
    pub json: bool,
}
