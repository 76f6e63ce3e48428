//! `index tune`.

use std::path::Path;

use anyhow::Context;
use encoder::beir;
use encoder::vectors::Vectors;
use indexer::build::{IndexWriter, TuneOptions, encode_queries};
use indexer::{IndexError, OtherModel, TuningRecord};
use serde_json::json;

use super::args::TuneArguments;
use super::output::{self, grouped};
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
    if as_json {
        let index = index.display().to_string();
        return output::done(json!({"type": "tuning", "index": index, "tuning": tuning}));
    }
    output::done(format_args!("{}: {}", index.display(), text(tuning)))
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
