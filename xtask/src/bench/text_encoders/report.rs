//! The tables, in Markdown.

use super::encode::Tool;
use super::speed::{Speed, median};
use std::fmt::Write;

/// A tool with one setting.
#[derive(Debug, Clone)]
pub struct Row {
    /// The setting's cells.
    pub setting: String,
    /// The tool's name.
    pub tool: &'static str,
    /// One for each turn.
    pub speeds: Vec<Speed>,
    /// nDCG@10 of each trained model, where they are measured.
    pub qualities: Vec<f64>,
    /// 1 less the lowest cosine to the reference's vectors.
    pub difference: Option<f64>,
}

impl Row {
    /// Without a run yet.
    pub fn new(setting: String, tool: &'static str) -> Self {
        Row {
            setting,
            tool,
            speeds: Vec::new(),
            qualities: Vec::new(),
            difference: None,
        }
    }

    fn median(&self, value: impl Fn(&Speed) -> f64) -> f64 {
        median(self.speeds.iter().map(value)).0
    }

    /// Main memory and the cards': the most of all runs.
    fn memory(&self) -> String {
        let most =
            |value: fn(&Speed) -> Option<f64>| self.speeds.iter().filter_map(value).fold(f64::NAN, f64::max);
        let host = most(|speed| Some(speed.host_mib));
        let gpu = most(|speed| speed.gpu_mib);
        let gpu = if gpu.is_nan() {
            "–".to_owned()
        } else {
            format!("{gpu:.0} MiB")
        };
        format!("{host:.0} MiB | {gpu}")
    }
}

/// A line for the terminal, as soon as a run is known.
pub fn line(row: &Row, speed: &Speed) -> String {
    format!(
        "{} ({}): {:.2} texts/s, {:.0} tokens/s, {:.0} MiB",
        row.tool,
        row.setting.replace(" |", ","),
        speed.samples,
        speed.tokens,
        speed.host_mib
    )
}

/// Speed in pairs, memory and quality; how many times as fast this project, the first row of each setting, is.
pub fn training(rows: &[Row]) -> String {
    let mut table = String::from(
        "| batch | max length | loss | | pairs/s (lowest to highest) | tokens/s | Sextant is | peak memory | GPU | nDCG@10 |\n\
         | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let first = rows.iter().find(|first| first.setting == row.setting);
        let first = first.filter(|first| first.tool != row.tool);
        let (samples, [low, high]) = median(row.speeds.iter().map(|speed| speed.samples));
        let ratio = first.map_or_else(String::new, |first| {
            format!("{:.2}×", first.median(|speed| speed.samples) / samples)
        });
        let quality = match row.qualities.len() {
            0 => "–".to_owned(),
            count => format!("{:.4}", row.qualities.iter().sum::<f64>() / count as f64),
        };
        let _ = writeln!(
            table,
            "| {} | {} | {samples:.2} ({low:.2} to {high:.2}) | {:.0} | {ratio} | {} | {quality} |",
            row.setting,
            row.tool,
            row.median(|speed| speed.tokens),
            row.memory()
        );
    }
    table
}

/// Speed in tokens with its relation to both peers, memory, and how far the vectors are from sentence-transformers'.
pub fn encoding(rows: &[Row]) -> String {
    let mut table = String::from(
        "| batch | max length | | tokens/s (lowest to highest) | texts/s | to sentence-transformers | to ONNX Runtime | \
         peak memory | GPU | 1 − cosine, at most |\n\
         | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let (tokens, [low, high]) = median(row.speeds.iter().map(|speed| speed.tokens));
        let ratio = |tool: Tool| {
            let peer = rows
                .iter()
                .find(|peer| peer.setting == row.setting && peer.tool == tool.name());
            peer.map_or_else(
                || "–".to_owned(),
                |peer| format!("{:.2}×", tokens / peer.median(|speed| speed.tokens)),
            )
        };
        let _ = writeln!(
            table,
            "| {} | {} | {tokens:.0} ({low:.0} to {high:.0}) | {:.1} | {} | {} | {} | {:.0e} |",
            row.setting,
            row.tool,
            row.median(|speed| speed.samples),
            ratio(Tool::SentenceTransformers),
            ratio(Tool::OnnxRuntime),
            row.memory(),
            row.difference.unwrap_or(f64::NAN)
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tool: &'static str, setting: &str, speeds: &[f64]) -> Row {
        let speed = |&samples: &f64| Speed {
            samples,
            tokens: samples * 100.0,
            counted: 1000,
            host_mib: 50.0 + samples,
            gpu_mib: None,
        };
        Row {
            speeds: speeds.iter().map(speed).collect(),
            ..Row::new(setting.to_owned(), tool)
        }
    }

    #[test]
    fn training_is_compared_within_a_setting() {
        let mut rows = [
            row("Sextant", "64 | 128 | plain", &[20.0, 30.0]),
            row("sentence-transformers", "64 | 128 | plain", &[10.0, 10.0]),
            row("Sextant", "8 | 128 | plain", &[99.0]),
        ];
        rows[0].qualities = vec![0.5, 0.25];
        let table = training(&rows);
        assert!(
            table.contains(
                "| 64 | 128 | plain | Sextant | 25.00 (20.00 to 30.00) | 2500 |  | 80 MiB | – | 0.3750 |"
            ),
            "{table}"
        );
        assert!(
            table.contains("| 10.00 (10.00 to 10.00) | 1000 | 2.50× |"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 5);
    }

    #[test]
    fn encoding_is_compared_to_both_peers() {
        let mut rows = [
            row(Tool::SentenceTransformers.name(), "32 | 64", &[10.0]),
            row(Tool::SextantTorch.name(), "32 | 64", &[20.0]),
            row(Tool::OnnxRuntime.name(), "32 | 64", &[16.0]),
        ];
        rows[1].difference = Some(2.5e-7);
        let table = encoding(&rows);
        let expected =
            "| Sextant, libtorch | 2000 (2000 to 2000) | 20.0 | 2.00× | 1.25× | 70 MiB | – | 2e-7 |";
        assert!(table.contains(expected), "{table}");
    }
}
