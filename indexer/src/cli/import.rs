//! `index import`.

use std::path::{Path, PathBuf};

use clap::Args;
use encoder::corpus::Columns;
use encoder::model::locate;
use encoder::tables;
use indexer::build::{ImportOptions, ImportSummary, import};

use super::args::{ColumnArguments, GraphArguments};
use super::output::{self, count, size};
use super::progress::Terminal;

const EXAMPLES: &str = "\
Examples:
  index import embedded.parquet --model models/medical
      a file with the columns id, text (title) and vector, as `index export` writes it
  index import vectors.npy --documents corpus.jsonl --model models/medical
      the first vector is that of the first document, and so on
  index import vectors.npy --ids ids.csv --documents corpus.jsonl --model models/medical
      vectors and documents have the same ids, in any order; vectors.npy.ids.jsonl, which `index export` writes beside
      vectors.npy, needs no --ids

Vectors come from Parquet (FixedSizeList or List of floats), .npy, .fvecs or .fbin; where the metric is the cosine, \
all are made unit vectors. They wait in a file beside the index, so with --memory there may be more of them than the \
memory holds. Refused are, with their row: another length, NaN, numbers beyond 1e15, an id twice, a vector without a \
document and a document without a vector; and for the cosine, zeros that the model does not give for the text \
itself.

The model is the one that made the vectors: it encodes the questions later. So that a wrong one is refused, it \
encodes up to 64 documents, spread evenly (--compare), and the median cosine to the vectors given has to be 0.98 or \
more. A document of these whose vector is found in another row is an error that names both rows.

Exit codes: 0 done, 2 error (also a wrong command line), 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ImportArguments {
    /// The file of vectors: .parquet, .npy, .fvecs or .fbin
    #[arg(value_name = "VECTORS")]
    pub vectors: PathBuf,
    /// Files, globs or BEIR folders with the documents [default: the Parquet file of the vectors]
    #[arg(long, value_name = "INPUT", num_args = 1..)]
    pub documents: Vec<String>,
    /// A table whose column id has the ids of the vectors, in their order [default: the id column of a Parquet file, else
    /// VECTORS.ids.jsonl, if there is one, else vectors and documents are in the same order]
    #[arg(long, value_name = "FILE")]
    pub ids: Option<PathBuf>,
    /// The column of the vectors in Parquet [default: vector, else the only one of lists of floats]
    #[arg(long, value_name = "COLUMN")]
    pub vector: Option<String>,
    /// The index folder to make [default: the vectors' name with the ending .index, in the current folder]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The model folder that made the vectors [default: models/latest, else the base model]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// The vectors are the first D numbers of those of the model, made unit vectors again
    #[arg(long, value_name = "D")]
    pub truncate_dim: Option<usize>,
    /// Documents to encode and compare with their vectors, at most; 0 takes the model on trust
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub compare: usize,
    #[command(flatten)]
    pub columns: ColumnArguments,
    #[command(flatten)]
    pub graph: GraphArguments,
    /// Replace an index that exists already
    #[arg(short, long)]
    pub force: bool,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Write one JSON object to stdout
    #[arg(long)]
    pub json: bool,
}

/// Makes an index of vectors as the command line says.
pub fn run(arguments: &ImportArguments) -> anyhow::Result<()> {
    super::model::limit_threads(arguments.threads)?;
    let located = locate(arguments.model.as_deref())?;
    let model = located
        .path
        .canonicalize()
        .unwrap_or_else(|_| located.path.clone());
    let options = ImportOptions {
        vectors: arguments.vectors.clone(),
        vector_column: arguments.vector.clone(),
        ids: arguments.ids.clone(),
        documents: tables::expand(&arguments.documents)?,
        columns: Columns {
            id: arguments.columns.id.clone(),
            title: arguments.columns.title.clone(),
            text: arguments.columns.text.clone(),
        },
        out: target(arguments),
        force: arguments.force,
        model,
        hnsw: arguments.graph.record(),
        compare: arguments.compare,
        memory: arguments.graph.memory,
    };
    options.check()?;
    let mut terminal = Terminal::new()?;
    let encoder = match arguments.truncate_dim {
        Some(kept) => encoder::open_truncated(&located.path, kept)?,
        None => encoder::open(&located.path)?,
    };
    output::message(format_args!(
        "model {} ({}), fingerprint {}",
        located.path.display(),
        located.source,
        encoder.fingerprint().id()
    ));
    let summary = import(&options, encoder.as_ref(), &mut terminal)?;
    drop(terminal);
    report(arguments, &summary)
}

/// `--out`, else the name of the vectors with the ending `.index`, in the current folder.
fn target(arguments: &ImportArguments) -> PathBuf {
    let stem = arguments.vectors.file_stem().unwrap_or_default();
    let named = || Path::new(stem).with_added_extension("index");
    arguments.out.clone().unwrap_or_else(named)
}

fn report(arguments: &ImportArguments, summary: &ImportSummary) -> anyhow::Result<()> {
    if arguments.json {
        return output::summary(summary);
    }
    let compared = match summary.median_cosine.zip(summary.lowest_cosine) {
        Some((median, lowest)) => format!(
            "{} encoded anew, cosines of {median:.4} in the median and {lowest:.4} at the lowest",
            count(summary.compared as u64, "document")
        ),
        None => "nothing encoded anew, the model is taken on trust".to_owned(),
    };
    output::done(format_args!(
        "{}: {}, {} dimensions, {}, joined by {}, {} in {:.1} s; {compared}",
        summary.index.display(),
        count(summary.documents, "document"),
        summary.dimension,
        count(summary.segments as u64, "segment"),
        summary.joined_by,
        size(summary.bytes),
        summary.total_seconds
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Arguments, Command};
    use super::*;

    fn parse(line: &str) -> ImportArguments {
        let words = ["index", "import"].into_iter().chain(line.split_whitespace());
        match Arguments::try_parse_from(words).unwrap().command {
            Command::Import(arguments) => arguments,
            other => panic!("another command: {other:?}"),
        }
    }

    #[test]
    fn every_flag_is_heard() {
        let line = "v.npy --documents a.csv b.csv --ids i.csv --vector v -o x.index --model m --truncate-dim 96 \
                    --compare 3 --id i --title t --text x --m 8 --ef-construction 50 --memory 2G --force --threads 2 --json";
        let arguments = parse(line);
        assert_eq!(arguments.vectors, PathBuf::from("v.npy"));
        assert_eq!(arguments.documents, ["a.csv", "b.csv"]);
        assert_eq!(arguments.ids, Some("i.csv".into()));
        assert_eq!(target(&arguments), PathBuf::from("x.index"));
        assert_eq!(arguments.model, Some("m".into()));
        assert_eq!((arguments.truncate_dim, arguments.compare), (Some(96), 3));
        let ColumnArguments { id, title, text } = arguments.columns;
        let columns = [arguments.vector, id, title, text].map(Option::unwrap);
        assert_eq!(columns, ["v", "i", "t", "x"]);
        assert_eq!(
            (
                arguments.graph.m,
                arguments.graph.ef_construction,
                arguments.threads
            ),
            (8, 50, Some(2))
        );
        assert_eq!(arguments.graph.memory, Some(2 << 30));
        assert!(arguments.force && arguments.json);
    }

    #[test]
    fn the_index_is_named_after_the_vectors_in_the_current_folder() {
        let arguments = parse("folder/v.2.npy");
        assert_eq!(target(&arguments), PathBuf::from("v.2.index"));
        assert_eq!(
            (
                arguments.compare,
                arguments.graph.m,
                arguments.graph.ef_construction
            ),
            (64, 16, 200)
        );
    }
}
