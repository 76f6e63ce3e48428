//! `index export`.

use std::path::PathBuf;

use clap::Args;
use indexer::IndexReader;
use indexer::export::export;
use serde_json::json;

use super::info::only_index;
use super::output::{count, done};
use super::progress::Terminal;

const EXAMPLES: &str = "\
Examples:
  index export corpus.index --out corpus.parquet
      columns id, title, text, those of the corpus, and vector, a FixedSizeList of float32
  index export corpus.index --out vectors.npy
      an array of NumPy, one row a document, and vectors.npy.ids.jsonl with their ids
  index export corpus.index --out graph.hnsw
      vectors and graph for hnswlib, whose labels are the lines of graph.hnsw.ids.jsonl, from 0

Vectors are as they are stored: of length 1 where the metric is the cosine. Deleted documents are left out. A column \
that has texts and other values becomes one of texts. `index import` reads the first two.

Exit codes: 0 done, 2 error, 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExportArguments {
    /// The index folder [default: the only *.index in the current folder]
    #[arg(value_name = "INDEX")]
    pub path: Option<PathBuf>,
    /// The file to write: .parquet, .npy or .hnsw
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace files that exist already
    #[arg(short, long)]
    pub force: bool,
    /// Write one JSON object to stdout
    #[arg(long)]
    pub json: bool,
}

/// Writes documents and vectors as the command line says.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<()> {
    let path = match &arguments.path {
        Some(path) => path.clone(),
        None => only_index()?,
    };
    let reader = IndexReader::open(&path)?;
    let mut terminal = Terminal::new()?;
    let summary = export(&reader, &arguments.out, arguments.force, &mut terminal)?;
    drop(terminal);
    if arguments.json {
        return done(json!({
            "type": "export",
            "index": path.display().to_string(),
            "file": summary.file.display().to_string(),
            "ids": summary.ids.map(|ids| ids.display().to_string()),
            "documents": summary.documents,
            "dimension": summary.dimension,
        }));
    }
    let ids = summary
        .ids
        .map_or_else(String::new, |ids| format!(", ids in {}", ids.display()));
    done(format_args!(
        "{}: {}, {} dimensions{ids}",
        summary.file.display(),
        count(summary.documents, "document"),
        summary.dimension
    ))
}
