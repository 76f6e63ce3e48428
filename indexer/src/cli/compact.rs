//! `index compact`.

use indexer::build::{CompactSummary, IndexWriter};

use super::args::CompactArguments;
use super::output::{self, count, grouped, size};
use super::{model, progress::Terminal};

/// Compacts an index as the command line says.
pub fn run(arguments: &CompactArguments) -> anyhow::Result<()> {
    model::limit_threads(arguments.threads)?;
    let writer = IndexWriter::open(&arguments.index)?;
    let mut terminal = Terminal::new()?;
    let summary = writer.compact(arguments.memory, &mut terminal)?;
    drop(terminal);
    match arguments.json {
        true => output::summary(&summary),
        false => output::done(text(&summary)),
    }
}

fn text(summary: &CompactSummary) -> String {
    let index = summary.index.display();
    if (summary.segments_before, summary.dropped, summary.renewed) == (summary.segments, 0, 0) {
        let there = match summary.segments {
            0 => "no documents, and so no segments",
            1 => "one segment without deleted documents already",
            _ => "as few segments as --memory has room for, without deleted documents, already",
        };
        return format!("{index}: {there}; nothing to do");
    }
    let renewed = match summary.renewed {
        0 => String::new(),
        renewed => format!(" and {} of an earlier version", grouped(renewed as u64)),
    };
    format!(
        "{index}: {} in {} of {}, was {} of {} with {} deleted{renewed}, in {:.1} s",
        count(summary.documents, "document"),
        count(summary.segments as u64, "segment"),
        size(summary.bytes),
        summary.segments_before,
        size(summary.bytes_before),
        grouped(summary.dropped),
        summary.total_seconds
    )
}
