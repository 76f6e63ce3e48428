//! The tables of the benchmark, in Markdown.

use super::peers::{Tool, Training};
use std::fmt::Write;

/// A tool with one setting.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who learned.
    pub tool: Tool,
    /// What was asked for.
    pub training: Training,
    /// Words of the text, all passes together, in a second of learning.
    pub words_per_second: f64,
    /// Seconds of the whole program.
    pub seconds: f64,
    /// Most memory held, in MiB.
    pub peak_mib: f64,
    /// Spearman on UMNSRS-sim, WS-353 and MEN, where it was judged; the mean over the seeds.
    pub spearman: Option<[f64; 3]>,
}

/// A line for the terminal, as soon as it is known.
pub fn line(row: &Row) -> String {
    let Row { tool, training, .. } = row;
    format!(
        "{} {} d = {}, {} threads: {:.0} words/s, {:.1} s, {:.0} MiB {}",
        tool.name(),
        training.method,
        training.dimension,
        training.threads,
        row.words_per_second,
        row.seconds,
        row.peak_mib,
        row.spearman
            .map(|scores| format!("{scores:.4?}"))
            .unwrap_or_default()
    )
}

/// Speed and memory, with how many times as fast this project is.
pub fn speed(rows: &[Row]) -> String {
    let mut table = String::from(
        "| method | d | threads | | words/s | Sextant is | whole run | peak memory |\n\
         | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let ratio = ours(rows, row).map_or(f64::NAN, |ours| ours.words_per_second / row.words_per_second);
        let ratio = match row.tool {
            Tool::Sextant => String::new(),
            _ => format!("{ratio:.1}×"),
        };
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {:.0} | {ratio} | {:.1} s | {:.0} MiB |",
            row.training.method,
            row.training.dimension,
            row.training.threads,
            row.tool.name(),
            row.words_per_second,
            row.seconds,
            row.peak_mib
        );
    }
    table
}

/// Quality, where it was judged.
pub fn quality(rows: &[Row]) -> String {
    let mut table = String::from(
        "| method | d | | UMNSRS-sim | WS-353 | MEN |\n| --- | ---: | --- | ---: | ---: | ---: |\n",
    );
    for row in rows {
        if let Some([medical, small, large]) = row.spearman {
            let _ = writeln!(
                table,
                "| {} | {} | {} | {medical:.3} | {small:.3} | {large:.3} |",
                row.training.method,
                row.training.dimension,
                row.tool.name()
            );
        }
    }
    table
}

/// This project's row of the same setting.
fn ours<'a>(rows: &'a [Row], row: &Row) -> Option<&'a Row> {
    let same = |other: &&Row| {
        other.tool == Tool::Sextant
            && other.training.method == row.training.method
            && other.training.dimension == row.training.dimension
            && other.training.threads == row.training.threads
    };
    rows.iter().find(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tool: Tool, words_per_second: f64, spearman: Option<[f64; 3]>) -> Row {
        Row {
            tool,
            training: Training {
                method: "cbow".to_owned(),
                dimension: 100,
                threads: 1,
                seed: 1,
                epochs: 3,
            },
            words_per_second,
            seconds: 2.0,
            peak_mib: 100.0,
            spearman,
        }
    }

    #[test]
    fn ratios_are_to_this_project_with_the_same_setting() {
        let rows = [
            row(Tool::Sextant, 900.0, Some([0.5, 0.25, 0.125])),
            row(Tool::Gensim, 200.0, None),
        ];
        let table = speed(&rows);
        assert!(
            table.contains("| cbow | 100 | 1 | gensim | 200 | 4.5× | 2.0 s | 100 MiB |"),
            "{table}"
        );
        assert_eq!(quality(&rows).lines().count(), 3);
    }
}
