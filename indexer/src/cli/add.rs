//! `index add` and `index update`.

use std::path::Path;

use encoder::corpus::Columns;
use encoder::tables;
use indexer::build::{AddOptions, AddSummary, IndexWriter, Known};
use indexer::{IndexError, Manifest, OtherModel};
use serde_json::json;

use super::args::AddArguments;
use super::output::{self, count};
use super::progress::Terminal;
use super::{model, output::size};

/// Adds documents as the command line says.
pub fn run(arguments: &AddArguments, known: Known) -> anyhow::Result<()> {
    encoder_torch::restart_tuned();
    model::limit_threads(arguments.encoding.threads)?;
    let inputs = tables::expand(&arguments.inputs)?;
    let writer = IndexWriter::open(&arguments.index)?;
    let manifest = writer.reader().manifest();
    let folder = model::of_index(arguments.model.as_deref(), &arguments.index, manifest)?;
    let options = AddOptions {
        inputs,
        columns: columns(arguments, manifest),
        known,
        model: folder.clone(),
        memory: arguments.memory,
    };
    let mut terminal = Terminal::new()?;
    let encoder = model::open_like(&folder, &arguments.encoding, manifest)?;
    // Before it is called the index's own.
    OtherModel::check(&arguments.index, &manifest.model, &folder, encoder.fingerprint())
        .map_err(IndexError::from)?;
    let fingerprint = encoder.fingerprint().id();
    match arguments.json {
        true => output::line(json!({
            "type": "model",
            "path": folder.display().to_string(),
            "fingerprint": fingerprint,
        }))?,
        false => output::message(format_args!(
            "model {} (the index's own), fingerprint {fingerprint}",
            folder.display()
        )),
    }
    let max_length = encoder.max_length();
    let summary = writer.add(&options, encoder.as_ref(), &mut terminal)?;
    drop(terminal);
    let encoded = summary.added + summary.replaced;
    output::notes((summary.truncated, summary.unknown), encoded, max_length);
    match arguments.json {
        true => output::summary(&summary),
        false => output::done(text(&summary, known)),
    }
}

/// The columns of the command line, else those of the index.
fn columns(arguments: &AddArguments, manifest: &Manifest) -> Columns {
    let (asked, recorded) = (&arguments.columns, &manifest.columns);
    Columns {
        id: asked.id.clone().or(recorded.id.clone()),
        title: asked.title.clone().or(recorded.title.clone()),
        text: asked.text.clone().or(recorded.text.clone()),
    }
}

fn text(summary: &AddSummary, known: Known) -> String {
    let what = match known {
        Known::Refuse => format!("{} added", count(summary.added, "document")),
        Known::Replace => format!(
            "{} replaced, {} added",
            count(summary.replaced, "document"),
            output::grouped(summary.added)
        ),
    };
    format!(
        "{}: {what} in {:.1} s; now {}, {}",
        summary.index.display(),
        summary.total_seconds,
        state(&summary.index, summary.documents, summary.segments),
        size(summary.bytes)
    )
}

/// What an index consists of, and what to do where that has become much.
fn state(index: &Path, documents: u64, segments: usize) -> String {
    /// So many segments are felt: each is searched by itself.
    const MANY: usize = 8;
    if segments >= MANY {
        output::message(format_args!(
            "note: {} segments, each of which is searched by itself; `index compact {}` makes one of them",
            segments,
            index.display()
        ));
    }
    format!(
        "{} in {}",
        count(documents, "document"),
        count(segments as u64, "segment")
    )
}
