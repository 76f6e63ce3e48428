//! What can be said on the command line.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use encoder::{DeviceChoice, Precision};
use indexer::{Builder, Codes, HnswRecord, Metric};

use super::export::ExportArguments;
use super::import::ImportArguments;
use super::verify::VerifyArguments;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 2 error (also a wrong command line), 130 interrupted.
Results go to stdout, messages and progress to stderr.";

const EXAMPLES: &str = "\
Examples:
  index build data/medical/corpus.parquet
      makes corpus.index in the current folder, with the last model trained here
  index build 'parts/*.jsonl' --out notes.index --text body
      several files into one index; the text is in the column `body`
  index build corpus.csv --model models/medical --device cuda --force
      encodes on the first CUDA device and replaces an older corpus.index
  index build corpus.csv --model models/medical --truncate-dim 96
      vectors of 96 numbers in place of 384; `search` cuts its queries to the same length by itself
  index add corpus.index new.jsonl
      more documents, encoded by the index's own model; searches go on meanwhile
  index update corpus.index changed.csv
      documents take the place of those with the same ids; new ids are added
  index delete corpus.index doc-17 doc-18
      documents leave the index
  index compact corpus.index
      one segment again, without the rows of deleted documents
  index tune corpus.index --recall 0.99
      how wide searches have to be to find 99 of 100 true neighbours; `search` then does so
  index info corpus.index
      what is in an index, by its manifest; `index verify` reads all of its files
  index verify corpus.index
      everything that can be wrong with an index, file by file and row by row
  index export corpus.index --out corpus.parquet
      documents with their vectors for other tools; also .npy
  index import vectors.npy --documents corpus.jsonl --model models/medical
      an index of vectors made elsewhere";

const BUILD_EXAMPLES: &str = "\
Input: Parquet, JSON Lines, JSON, CSV or TSV by the file's ending, or a BEIR folder. Every row needs a unique id and \
a text; a title is used where there is one; all other columns are stored, and `search --where` finds documents by \
them. Columns of Parquet that are lists of floats are vectors and are left out, which is said; `index import` makes \
an index of these.

Words are those of English: runs of letters and digits, by their stems. Where a script puts no blanks between words \
(Chinese, Japanese, Thai), a run is a phrase, which only the same phrase finds, and one of 14 characters or more is \
left out; there vectors have to answer (`search --mode vector`).

--recall looks for 10 neighbours. Where there are no more than 10 documents the index is made and a warning says \
that nothing was measured (exit code 0); where no width reaches the share, the index is made, and that is an error \
(exit code 2).

An index appears at once when everything is done; an error or Ctrl-C leaves what was there before. A build that was \
killed, or stopped after ten seconds or more, is gone on with by the same command; one with other documents, model \
or options (but --threads and --force) begins anew and removes what that had encoded.

Exit codes: 0 done, 2 error (also a wrong command line), 130 interrupted.";

const ADD_EXAMPLES: &str = "\
Examples:
  index add corpus.index new.jsonl
  index add corpus.index 'parts/*.parquet' --text body

The documents become a segment of their own; `index compact` makes one of many. The model is the one that the index \
was made with; another is refused. An error or Ctrl-C leaves the index as it was. Only one process can write to an \
index at a time; searches go on, and find the new documents when they open the index again.

Exit codes: 0 done, 2 error (also a wrong command line), 130 interrupted.";

const UPDATE_EXAMPLES: &str = "\
Examples:
  index update corpus.index changed.csv
  index update corpus.index corpus.parquet --json

All that is said of `index add --help` holds for this command, too. The rows of replaced documents stay in their \
files until `index compact`.

Exit codes: 0 done, 2 error (also a wrong command line), 130 interrupted.";

const DELETE_EXAMPLES: &str = "\
Examples:
  index delete corpus.index doc-17 doc-18
  index delete corpus.index --ids gone.txt --ignore-missing

An id that no document has is an error, and then nothing is deleted. The rows stay in their files, and count in the \
frequencies of words, until `index compact`.

Exit codes: 0 done, 2 error (also a wrong command line).";

const COMPACT_EXAMPLES: &str = "\
Examples:
  index compact corpus.index
  index compact corpus.index --memory 4G
      as few segments as 4 GB have room to make

Nothing is encoded again: vectors and documents are read from the segments. So an index of an earlier version gets \
what that did not write: today's graph, and columns to filter by. An error or Ctrl-C leaves the index as \
it was. Until it is done, there has to be room for the old files and the new ones.

Exit codes: 0 done, 2 error (also a wrong command line), 130 interrupted.";

const TUNE_EXAMPLES: &str = "\
Examples:
  index tune corpus.index --recall 0.99
  index tune corpus.index --recall 0.95 --queries data/medical/dev/queries.jsonl

What should be found is known by comparing with every document. Without --queries up to 500 documents take their \
place, each of which looks for the others; queries of users lie farther from documents and can need wider searches. \
The width is stored in the index, `search` takes it where --ef is not given, and `index info` shows it.

Exit codes: 0 done, 2 error (also a recall that no width reaches), 130 interrupted.";

/// Makes, changes and inspects search indexes of documents.
#[derive(Debug, Parser)]
#[command(name = "index", version, after_help = EXIT_CODES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Encode documents and make an index of them
    Build(BuildArguments),
    /// Encode more documents into an index
    #[command(after_long_help = ADD_EXAMPLES)]
    Add(AddArguments),
    /// Replace documents of an index by their ids, and add those that are new
    #[command(after_long_help = UPDATE_EXAMPLES)]
    Update(AddArguments),
    /// Delete documents from an index by their ids
    Delete(DeleteArguments),
    /// Merge all segments of an index into one, without deleted documents
    Compact(CompactArguments),
    /// Find how wide searches have to be for a recall, and store it
    Tune(TuneArguments),
    /// Show what is in an index, and when it was last changed; `index verify` checks its files
    Info(InfoArguments),
    /// Look for everything that can be wrong with an index
    Verify(VerifyArguments),
    /// Write documents and vectors of an index to Parquet or NumPy
    Export(ExportArguments),
    /// Make an index of vectors made elsewhere and their documents
    Import(ImportArguments),
}

#[derive(Debug, Args)]
#[command(after_long_help = BUILD_EXAMPLES)]
pub struct BuildArguments {
    /// Files, globs or BEIR folders with the documents
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// The index folder to make [default: the input's name with the ending .index, in the current folder]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The model folder [default: models/latest, else the base model]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Keep the first D numbers of each vector, of unit length again: a smaller, faster index, and with a model
    /// trained for it (matryoshka) hits nearly as good [default: the model's own truncate_dim, else all]
    #[arg(long, value_name = "D")]
    pub truncate_dim: Option<usize>,
    #[command(flatten)]
    pub encoding: EncodingArguments,
    #[command(flatten)]
    pub columns: ColumnArguments,
    #[command(flatten)]
    pub graph: GraphArguments,
    /// Find how wide searches have to be to find this share of the 10 nearest, as `index tune` does
    #[arg(long, value_name = "SHARE", value_parser = recall)]
    pub recall: Option<f64>,
    /// Replace an index that exists already
    #[arg(short, long)]
    pub force: bool,
    /// Write JSON Lines to stdout, ending with an object of type "summary"
    #[arg(long)]
    pub json: bool,
}

/// How documents are encoded.
#[derive(Debug, Args)]
pub struct EncodingArguments {
    /// Where to encode: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: DeviceChoice,
    /// What to encode with; static models (word vectors) need neither
    #[arg(long, value_enum, default_value_t = Backend::Torch)]
    pub backend: Backend,
    /// In which numbers to encode: float32, or bf16, which is faster where the processor has instructions for it and
    /// changes vectors in their third digit
    #[arg(long, default_value = "float32", value_name = "PRECISION")]
    pub precision: Precision,
    /// Threads for encoding and for linking [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

/// How a graph is linked.
#[derive(Debug, Args)]
pub struct GraphArguments {
    /// Neighbours per document in the graph: more find more, in more memory (4 to 128)
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub m: usize,
    /// Candidates while linking a document: more find more, slower to build (8 to 10000)
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub ef_construction: usize,
    /// What is near: cosine (lengths do not count), dot (the inner product; longer vectors are nearer) or euclidean
    #[arg(long, default_value = "cosine", value_name = "METRIC")]
    pub metric: Metric,
    /// What walks read of a vector: float32, float16, int8 or binary; what they find is compared in full, so with binary
    /// the same recall takes a wider walk (ef)
    #[arg(long, default_value = "int8", value_name = "CODES")]
    pub codes: Codes,
    /// Who links the graph: batches (the same at any number of threads) or hnsw_rs (the crate)
    #[arg(long, default_value = "batches", value_name = "BUILDER")]
    pub builder: Builder,
    /// Stay within about this much memory, e.g. 4G or 800M, by making several segments, one after the other; they are
    /// searched one by one, so fewer are faster. At least twice the model's weights and 400M (160M for a static model)
    /// besides 1000 documents, about 580M with all-MiniLM-L6-v2; less is refused with the least that will do [default:
    /// one segment, whatever memory it takes]
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    pub memory: Option<u64>,
}

impl GraphArguments {
    /// The parameters for a manifest.
    pub fn record(&self) -> HnswRecord {
        HnswRecord {
            m: self.m,
            ef_construction: self.ef_construction,
            codes: self.codes,
            builder: self.builder,
            metric: self.metric,
        }
    }
}

/// Which column of the input is what.
#[derive(Debug, Args)]
pub struct ColumnArguments {
    /// The column of the unique id [default: id or _id]
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// The column of the title [default: title, where there is one]
    #[arg(long, value_name = "COLUMN")]
    pub title: Option<String>,
    /// The column of the text [default: text]
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
}

#[derive(Debug, Args)]
pub struct AddArguments {
    /// The index folder
    #[arg(value_name = "INDEX")]
    pub index: PathBuf,
    /// Files, globs or BEIR folders with the documents
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// The model folder, which has to be the index's model [default: where that was when the index was made]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub encoding: EncodingArguments,
    #[command(flatten)]
    pub columns: ColumnArguments,
    /// Stay within about this much memory, e.g. 4G or 800M, by making several segments where one would take more
    /// [default: one segment, whatever memory it takes]
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    pub memory: Option<u64>,
    /// Write JSON Lines to stdout, ending with an object of type "summary"
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_long_help = DELETE_EXAMPLES)]
pub struct DeleteArguments {
    /// The index folder
    #[arg(value_name = "INDEX")]
    pub index: PathBuf,
    /// The ids of the documents
    #[arg(value_name = "ID", required_unless_present = "ids")]
    pub id: Vec<String>,
    /// A file with more ids, one a line; empty lines count for nothing
    #[arg(long, value_name = "FILE")]
    pub ids: Option<PathBuf>,
    /// Leave out ids that no document has
    #[arg(long)]
    pub ignore_missing: bool,
    /// Write one JSON object of type "summary" to stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_long_help = COMPACT_EXAMPLES)]
pub struct CompactArguments {
    /// The index folder
    #[arg(value_name = "INDEX")]
    pub index: PathBuf,
    /// Stay within about this much memory, e.g. 4G or 800M, by making several segments where one would take more
    /// [default: one segment, whatever memory it takes]
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    pub memory: Option<u64>,
    /// Threads for linking [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Write one JSON object of type "summary" to stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_long_help = TUNE_EXAMPLES)]
pub struct TuneArguments {
    /// The index folder
    #[arg(value_name = "INDEX")]
    pub index: PathBuf,
    /// The share of the true neighbours that searches should find: above 0, at most 1
    #[arg(long, value_name = "SHARE", value_parser = recall)]
    pub recall: f64,
    /// Neighbours that are looked for
    #[arg(short, value_name = "N", default_value = "10", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub k: usize,
    /// Queries to measure with: JSON Lines (or any table) with `_id` and `text` [default: documents]
    #[arg(long, value_name = "FILE")]
    pub queries: Option<PathBuf>,
    /// The model folder that encodes them [default: where that was when the index was made]
    #[arg(long, value_name = "DIR", requires = "queries")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub encoding: EncodingArguments,
    /// Write one JSON object of type "tuning" to stdout
    #[arg(long)]
    pub json: bool,
}

/// A share of the true neighbours.
fn recall(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("expected a number above 0 and at most 1".into()),
    }
}

#[derive(Debug, Args)]
pub struct InfoArguments {
    /// The index folder [default: the only *.index in the current folder]
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Write one JSON object to stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// libtorch, on the CPU or a CUDA device
    Torch,
    /// Pure Rust, on the CPU
    Candle,
}

/// `4G`, `800M` or `500000000` as bytes; units are powers of 1024.
fn memory_size(text: &str) -> Result<u64, String> {
    let refused = || format!("expected a size like 4G or 800M, found {text:?}");
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let power = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 1,
        "M" | "MB" | "MIB" => 2,
        "G" | "GB" | "GIB" => 3,
        "T" | "TB" | "TIB" => 4,
        _ => return Err(refused()),
    };
    let number: u64 = digits.parse().map_err(|_| refused())?;
    number.checked_mul(1 << (10 * power)).ok_or_else(refused)
}

#[cfg(test)]
mod tests;
