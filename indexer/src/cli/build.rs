//! `index build`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use encoder::corpus::Columns;
use encoder::model::{Located, locate, note_on_raw};
use encoder::{Encoder, tables};
use indexer::build::{BuildOptions, Summary, build};
use serde_json::json;

use super::args::BuildArguments;
use super::output::{self, count, size};
use super::{model, progress::Terminal, tune};

/// A build that stops after this keeps what it has encoded, and says where.
const WORTH_KEEPING: Duration = Duration::from_secs(10);

/// Builds an index as the command line says.
pub fn run(arguments: &BuildArguments) -> anyhow::Result<()> {
    encoder_torch::restart_tuned();
    model::limit_threads(arguments.encoding.threads)?;
    let inputs = tables::expand(&arguments.inputs)?;
    let located = locate(arguments.model.as_deref())?;
    let options = BuildOptions {
        out: target(arguments, &inputs)?,
        inputs,
        columns: Columns {
            id: arguments.columns.id.clone(),
            title: arguments.columns.title.clone(),
            text: arguments.columns.text.clone(),
        },
        force: arguments.force,
        // The folder itself, because `models/latest` is a link that the next training moves on.
        model: located
            .path
            .canonicalize()
            .unwrap_or_else(|_| located.path.clone()),
        computing: format!(
            "{:?} {:?}",
            arguments.encoding.backend, arguments.encoding.precision
        ),
        memory: arguments.graph.memory,
        worth_keeping: WORTH_KEEPING,
        hnsw: arguments.graph.record(),
    };
    options.check()?;
    let mut terminal = Terminal::new()?;
    let encoder = model::open(&located.path, &arguments.encoding, |_| arguments.truncate_dim)?;
    announce(arguments, &located, &options.model, encoder.as_ref())?;
    let summary = build(&options, encoder.as_ref(), &mut terminal)?;
    let tuning = match arguments.recall {
        Some(recall) => tune::after_build(&options.out, summary.documents, recall, &mut terminal)?,
        None => None,
    };
    drop(terminal);
    if let Some(tuning) = &tuning {
        tune::report(&options.out, tuning, arguments.json)?;
    }
    report(arguments, &summary, encoder.as_ref())
}

/// `--out`, else the name of the only input with the ending `.index`, in the current folder.
fn target(arguments: &BuildArguments, inputs: &[PathBuf]) -> anyhow::Result<PathBuf> {
    match (&arguments.out, inputs) {
        (Some(out), _) => Ok(out.clone()),
        (None, [input]) => {
            let name = input.canonicalize().unwrap_or_else(|_| input.clone());
            let stem = if input.is_dir() {
                name.file_name()
            } else {
                encoder::tables::unpacked_name(input).file_stem()
            };
            Ok(Path::new(stem.unwrap_or_default()).with_added_extension("index"))
        }
        (None, inputs) => bail!("--out: {} input files need a name for their index", inputs.len()),
    }
}

fn announce(
    arguments: &BuildArguments,
    located: &Located,
    folder: &Path,
    encoder: &dyn Encoder,
) -> anyhow::Result<()> {
    if let Some(note) = note_on_raw(&located.path) {
        output::message(format_args!("note: {note}"));
    }
    let fingerprint = encoder.fingerprint();
    if arguments.json {
        return output::line(json!({
            "type": "model",
            "path": folder.display().to_string(),
            "source": located.source,
            "fingerprint": fingerprint.id(),
            "dimension": fingerprint.dimension,
            "truncated_from": fingerprint.truncated_from,
        }));
    }
    let id = fingerprint.id();
    output::message(format_args!(
        "model {} ({}), fingerprint {id}",
        located.path.display(),
        located.source
    ));
    Ok(())
}

fn report(arguments: &BuildArguments, summary: &Summary, encoder: &dyn Encoder) -> anyhow::Result<()> {
    output::notes(
        (summary.truncated, summary.unknown),
        summary.documents,
        encoder.max_length(),
    );
    if arguments.json {
        return output::summary(summary);
    }
    output::done(format_args!(
        "{}: {}, {} dimensions, {} in {:.1} s ({:.0} documents/s encoded, graph {:.1} s)",
        summary.index.display(),
        count(summary.documents, "document"),
        encoder.fingerprint().dimension_text(),
        size(summary.bytes),
        summary.total_seconds,
        summary.documents as f64 / summary.encode_seconds.max(1e-9),
        summary.link_seconds
    ))
}
