//! The command line of `train compare`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::cli;

/// Examples and exit codes.
pub const AFTER_HELP: &str = "\
Examples:
  train compare deps/all-MiniLM-L6-v2 medical --eval data/medical/test
  train compare words deps/all-MiniLM-L6-v2 medical --eval data/medical/test
  train compare models/old models/latest --eval beir/nfcorpus --json

The last model is the one in question: how far is it ahead of each other one, and of BM25, which needs no model? The \
questions shown are those whose answers changed most from the first model to the last. Models are text encoders or \
word vectors.

DIR holds queries.jsonl, qrels.tsv (or qrels/test.tsv) and corpus.jsonl or corpus.parquet, which may also lie one \
folder up. Intervals are of 10,000 bootstrap samples of the questions; p is a randomization test's.

Exit codes: 0 done, whichever is better; 2 error; 130 interrupted.";

/// Models and what to ask them.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Args {
    /// Model folders, or names of models in models/; the last one is the one in question
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<PathBuf>,

    /// Folder with questions, judgements and corpus, in BEIR's form
    #[arg(long, value_name = "DIR", required = true)]
    pub eval: PathBuf,

    /// Processor: auto, cpu, cuda or cuda:N [default: auto]
    #[arg(long, value_name = "DEVICE", value_parser = cli::device)]
    pub device: Option<String>,

    /// Write JSON Lines: the comparison, each system, each metric of two, each question that changed most
    #[arg(long)]
    pub json: bool,
}
