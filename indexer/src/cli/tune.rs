//! `index tune`.

use std::path::Path;

use anyhow::Context;
use encoder::beir;
use encoder::vectors::Vectors;
use indexer::build::{IndexWriter, TuneOptions, encode_queries};
use indexer::{GRAPH_NAME, IndexError, Manifest, OtherModel, TuningRecord, VECTORS_NAME};
use serde_json::json;

use super::args::TuneArguments;
use super::output::{self, grouped, size};
use super::{model, progress::Terminal};

/// Neighbours that `index build --recall` asks for.
const NEIGHBOURS: usize = 10;

/// Finds the width of searches as the command line says.
pub fn run(arguments: &TuneArguments) -> anyhow::Result<()> {
    encoder_torch::restart_tuned();
    model::limit_threads(arguments.encoding.threads)?;
    let writer = IndexWriter::open(&arguments.index)?;
    let mut terminal = Terminal::new()?;
    let queries = match &arguments.queries {
        Some(path) => Some(encoded(arguments, &writer, path, &mut terminal)?),
        None => None,
    };
    let options = TuneOptions {
        recall: arguments.recall,
        k: arguments.k,
    };
    let tuning = writer.tune(options, queries, &mut terminal)?;
    drop(terminal);
    report(&arguments.index, &tuning, arguments.json)
}

/// Finds the width of searches in an index of `documents` that has just been made; none where these are too few to
/// measure on, which is said.
pub fn after_build(
    index: &Path,
    documents: u64,
    recall: f64,
    terminal: &mut Terminal,
) -> anyhow::Result<Option<TuningRecord>> {
    let options = TuneOptions {
        recall,
        k: NEIGHBOURS,
    };
    if documents <= options.k as u64 {
        terminal.say(&format!(
            "warning: --recall: {} is made, but the width of searches was not measured: that takes more than {} \
             documents, found {documents}; a search finds all of them",
            index.display(),
            options.k
        ));
        return Ok(None);
    }
    let tuned = IndexWriter::open(index)?.tune(options, None, terminal);
    let tuned =
        tuned.with_context(|| format!("{} is made and can be searched, but --recall", index.display()));
    tuned.map(Some)
}

/// Prints what was found.
pub fn report(index: &Path, tuning: &TuningRecord, as_json: bool) -> anyhow::Result<()> {
    let manifest = Manifest::read(index)?;
    if as_json {
        let index = index.display().to_string();
        let memory = memory_object(&manifest);
        return output::done(json!({"type": "tuning", "index": index, "tuning": tuning, "memory": memory}));
    }
    output::done(format_args!(
        "{}: {}, {}",
        index.display(),
        text(tuning),
        memory(&manifest)
    ))
}

/// What searches hold in memory at most.
pub fn memory(manifest: &Manifest) -> String {
    let [walk, vectors] = bytes_held(manifest).map(size);
    format!("{walk} of codes and lists to walk on, {vectors} of whole vectors to compare the best by")
}

/// The same for programs.
pub fn memory_object(manifest: &Manifest) -> serde_json::Value {
    let [walk, vectors] = bytes_held(manifest);
    json!({"walk_bytes": walk, "vector_bytes": vectors})
}

/// Bytes of all graphs and of all vectors' files.
fn bytes_held(manifest: &Manifest) -> [u64; 2] {
    [GRAPH_NAME, VECTORS_NAME].map(|name| {
        let files = manifest.segments.iter().flat_map(|segment| &segment.files);
        files
            .filter(|file| file.path == name)
            .map(|file| file.bytes)
            .sum()
    })
}

/// The width and what it was measured to do.
pub fn text(tuning: &TuningRecord) -> String {
    format!(
        "ef {} finds {:.4} of the {} nearest (asked for {}), {} queries/s on one core",
        tuning.ef,
        tuning.recall,
        tuning.k,
        tuning.wanted,
        grouped(tuning.queries_per_second as u64)
    )
}

fn encoded(
    arguments: &TuneArguments,
    writer: &IndexWriter,
    path: &Path,
    terminal: &mut Terminal,
) -> anyhow::Result<Vectors> {
    let manifest = writer.reader().manifest();
    let folder = model::of_index(arguments.model.as_deref(), &arguments.index, manifest)?;
    let encoder = model::open_like(&folder, &arguments.encoding, manifest)?;
    OtherModel::check(&arguments.index, &manifest.model, &folder, encoder.fingerprint())
        .map_err(IndexError::from)?;
    let queries = beir::read_queries(path)?;
    let texts: Vec<&str> = queries.iter().map(|query| query.text.as_str()).collect();
    Ok(encode_queries(encoder.as_ref(), &texts, terminal)?)
}
