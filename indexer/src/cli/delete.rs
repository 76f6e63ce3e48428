//! `index delete`.

use anyhow::Context;
use indexer::build::{DeleteSummary, IndexWriter};

use super::args::DeleteArguments;
use super::output::{self, count};

/// Deletes documents as the command line says.
pub fn run(arguments: &DeleteArguments) -> anyhow::Result<()> {
    let ids = ids(arguments)?;
    let writer = IndexWriter::open(&arguments.index)?;
    let summary = writer.delete(&ids, arguments.ignore_missing)?;
    match arguments.json {
        true => output::summary(&summary),
        false => output::done(text(&summary)),
    }
}

/// The ids of the command line, then those of the file.
fn ids(arguments: &DeleteArguments) -> anyhow::Result<Vec<String>> {
    let mut ids = arguments.id.clone();
    if let Some(path) = &arguments.ids {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: expected a text file with an id a line", path.display()))?;
        // Windows programs like to begin a UTF-8 file with a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        ids.extend(
            text.lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned),
        );
    }
    Ok(ids)
}

fn text(summary: &DeleteSummary) -> String {
    let mut text = format!(
        "{}: {} deleted",
        summary.index.display(),
        count(summary.deleted, "document")
    );
    if !summary.missing.is_empty() {
        text += &format!(", {} not there", count(summary.missing.len() as u64, "id"));
    }
    text + &format!("; now {}", count(summary.documents, "document"))
}
