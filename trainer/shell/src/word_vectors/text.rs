//! Reading the text, and saying what was read.

use std::path::{Path, PathBuf};

use trainer_words::corpus::{self, CorpusReport, PreparedCorpus};

use super::event::Event;
use super::watch::Watch;
use crate::config::WordVectors;
use crate::error::Result;
use crate::progress::{grouped, say};

/// Reads `files`; what is too big for memory lies in `scratch`.
///
/// # Errors
/// Files that cannot be read or are no text, text that nothing can be learned from, a full disk, an interrupt.
pub fn read(
    files: &[PathBuf],
    config: &WordVectors,
    scratch: &Path,
    watch: &Watch,
) -> Result<PreparedCorpus> {
    let prepared = corpus::prepare(files, &config.corpus(), scratch, watch);
    watch.finish_stage();
    let prepared = watch.outcome(prepared)?;
    let (report, vocabulary) = (&prepared.report, prepared.vocabulary.len());
    for line in summary(files.len(), report, vocabulary) {
        say(&line);
    }
    watch.record(&Event::Corpus {
        text: report.clone(),
        vocabulary,
    })?;
    Ok(prepared)
}

/// What was read, a line each for what is usual and what is not.
fn summary(files: usize, report: &CorpusReport, vocabulary: usize) -> Vec<String> {
    let phrases = match report.phrases {
        0 => String::new(),
        phrases => format!(", {} of them phrases", grouped(phrases as u64)),
    };
    let mut lines = vec![format!(
        "read {} file{}: {} sentences, {} words, {} distinct; {} words in the vocabulary{phrases}, {} kept of the text",
        grouped(files as u64),
        if files == 1 { "" } else { "s" },
        grouped(report.sentences),
        grouped(report.words),
        grouped(report.distinct),
        grouped(vocabulary as u64),
        grouped(report.kept),
    )];
    if report.lines_cut > 0 {
        lines.push(format!(
            "{} lines longer than 1 MiB were cut into several sentences",
            grouped(report.lines_cut)
        ));
    }
    if report.lines_replaced > 0 {
        lines.push(format!(
            "{} lines have bytes that are not UTF-8; U+FFFD stands for them",
            grouped(report.lines_replaced)
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unusual_is_said_only_where_there_is_any() {
        let usual = CorpusReport {
            sentences: 1200,
            words: 34_567,
            kept: 30_000,
            distinct: 2_000,
            ..CorpusReport::default()
        };
        assert_eq!(
            summary(1, &usual, 900),
            [
                "read 1 file: 1,200 sentences, 34,567 words, 2,000 distinct; 900 words in the vocabulary, 30,000 kept \
                 of the text"
            ]
        );
        let unusual = CorpusReport {
            lines_cut: 2,
            lines_replaced: 3,
            phrases: 4,
            ..usual
        };
        let lines = summary(2, &unusual, 900);
        assert!(lines[0].contains("900 words in the vocabulary, 4 of them phrases"));
        assert!(lines[1].starts_with("2 lines longer") && lines[2].starts_with("3 lines have"));
    }
}
