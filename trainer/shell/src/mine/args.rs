//! The command line of `train mine`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::cli;

/// Examples and exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  train mine --config medical.toml --out mined.parquet
  train mine --config medical.toml --out mined.parquet --model models/medical

Reads the configuration's pairs, ranks all their answers (or mine.corpus) for each question with the model, and \
writes Parquet with anchor, positive, negative_1, … and their cosines, ready to be named under [data] train. What \
counts as a hard negative is set in [mine]; texts are cut at train.max_length and get the configuration's [prompts], \
as in the training. The same model and data give the same file. With mine.rounds a training mines by itself, before \
each round with the model that it has by then.

Exit codes: 0 done, 2 error, 130 interrupted (nothing is written then).";

/// What to mine from, and where the result goes.
#[derive(Debug, Clone, ClapArgs)]
pub struct Args {
    /// Configuration file of a training on pairs; looked for as given, then under configs/
    #[arg(long, value_name = "FILE", required = true)]
    pub config: PathBuf,

    /// Parquet file to write; it must not be there yet
    #[arg(long, value_name = "FILE", required = true)]
    pub out: PathBuf,

    /// Model folder [default: the configuration's base model]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,

    /// Processor: auto, cpu, cuda or cuda:N; overrides the configuration
    #[arg(long, value_name = "DEVICE", value_parser = cli::device)]
    pub device: Option<String>,

    /// Replace the file that is there
    #[arg(long)]
    pub force: bool,

    /// Write what was found as one JSON object to stdout
    #[arg(long)]
    pub json: bool,
}
