//! The command line, as definitions only, so that parsing, help and checks of ranges come from one place.
//!
//! The query is a bare argument (`search "symptoms of diabetes"`) beside the subcommands `eval` and `tsne`;
//! a query that is exactly one of these two words goes after `--` or into `--query`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand};
use indexer::{Filter, FilterError};

use crate::hits::Mode;
use crate::tsne::Dims;

mod help;

/// The most hits that one search gives.
pub const MAX_HITS: u64 = 10_000;

/// Answers queries from an index made by `index build`.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    max_term_width = 100,
    override_usage = "search [OPTIONS] <QUERY>...\n       search eval --queries FILE --qrels FILE\n       \
                      search tsne --out FILE",
    after_help = help::SEARCH
)]
pub struct Cli {
    /// What to do instead of answering a query.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The query and how to answer it.
    #[command(flatten)]
    pub search: SearchArgs,
}

/// The two things `search` does besides answering one query.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure bm25, vector and hybrid search with judged queries
    #[command(after_help = help::EVAL)]
    Eval(EvalArgs),
    /// Draw the index's vectors as a map (t-SNE)
    #[command(after_help = help::TSNE)]
    Tsne(TsneArgs),
}

/// One query and how to answer it.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What to look for; several words are joined by blanks
    #[arg(value_name = "QUERY")]
    pub words: Vec<String>,

    /// The query, for one that is the word `eval` or `tsne` or begins with a hyphen
    #[arg(
        long,
        value_name = "QUERY",
        conflicts_with = "words",
        allow_hyphen_values = true
    )]
    pub query: Option<String>,

    /// What answers: words, meanings, or both
    #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
    pub mode: Mode,

    /// Hits to print, at most 10,000
    #[arg(short, value_name = "N", default_value = "10",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=MAX_HITS))]
    pub k: usize,

    /// Which documents.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Which index.
    #[command(flatten)]
    pub index: IndexArgs,

    /// How to read it.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

impl SearchArgs {
    /// The query as one text: `--query`, else the bare words joined by blanks; trimmed, possibly empty.
    pub fn text(&self) -> String {
        self.query
            .clone()
            .unwrap_or_else(|| self.words.join(" "))
            .trim()
            .to_owned()
    }
}

/// Which documents.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only documents whose columns match, as in 'kind = symptoms' or 'year >= 2010 and not source in (a, b)'; given
    /// several times, all must match
    #[arg(long = "where", value_name = "FILTER")]
    pub conditions: Vec<String>,
}

impl FilterArgs {
    /// All of them as one filter; `None` where there is none.
    ///
    /// # Errors
    /// What does not fit the language, and where.
    pub fn filter(&self) -> Result<Option<Filter>, FilterError> {
        Filter::parse_all(&self.conditions)
    }
}

/// Which index.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// Index folder [default: the only *.index in the current folder]
    #[arg(long, value_name = "DIR")]
    pub index: Option<PathBuf>,
}

/// How to read an index with a model.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// Model folder that encodes queries; it must be the one that made the index [default: the path
    /// recorded in the index]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,

    /// Width of the vector search, 1 to 100,000: wider finds more of the true neighbours and takes longer.
    /// Never less than the number of hits sought [default: what `index tune` found, else 200]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    pub ef: Option<usize>,

    /// Print JSON Lines, each object with a `type`
    #[arg(long)]
    pub json: bool,
}

/// What to measure.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Queries: JSON Lines with `_id` and `text` (BEIR)
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,

    /// Judgements: query, document, grade as BEIR's TSV with its header, or TREC's four columns
    #[arg(long, value_name = "FILE")]
    pub qrels: PathBuf,

    /// Which documents.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Which index.
    #[command(flatten)]
    pub index: IndexArgs,

    /// How to read it.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// What to draw.
#[derive(Debug, Args)]
pub struct TsneArgs {
    /// File to write; its ending decides: .html (interactive, one file), .svg, .png or .csv
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,

    /// Roughly how many neighbours each document keeps near itself, 2 to 1,000; needs three times as many
    /// documents, plus one [default: 30, less with fewer documents]
    #[arg(long, value_name = "X", value_parser = parse_perplexity)]
    pub perplexity: Option<f32>,

    /// Seed of the first positions: the same seed gives the same map
    #[arg(long, value_name = "N", default_value = "42")]
    pub seed: u64,

    /// Dimensions of the map; 3 for .html and .csv only
    #[arg(long, value_name = "N", value_enum, default_value_t = Dims::Two)]
    pub dims: Dims,

    /// Column of the corpus whose values colour the points: the 12 most frequent, the rest as "other"
    #[arg(long, value_name = "COLUMN")]
    pub color_by: Option<String>,

    /// Draw at most this many documents, taken at random by the seed; said on stderr when it happens
    #[arg(long, value_name = "N", default_value = "20000",
          value_parser = RangedU64ValueParser::<usize>::new().range(7..=1_000_000))]
    pub sample: usize,

    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,

    /// Which documents.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Which index.
    #[command(flatten)]
    pub index: IndexArgs,
}

fn parse_perplexity(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (2.0..=1000.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 2 to 1000".to_owned()),
    }
}

#[cfg(test)]
mod tests;
