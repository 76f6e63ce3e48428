//! What a run of a tool took, and what several runs have in common.

use anyhow::{Context, Result};
use serde_json::Value;

/// One run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Pairs, or texts, a second.
    pub samples: f64,
    /// Tokens a second, padding not counted.
    pub tokens: f64,
    /// Tokens in all.
    pub counted: u64,
    /// Most main memory held by the program, in MiB.
    pub host_mib: f64,
    /// By how much the memory in use on the cards grew at most, in MiB.
    pub gpu_mib: Option<f64>,
}

impl Speed {
    /// From `samples` and `tokens` in `seconds`, and what `watch.py` found.
    pub fn new(samples: f64, tokens: f64, seconds: f64, watched: &Value) -> Self {
        Speed {
            samples: samples / seconds,
            tokens: tokens / seconds,
            counted: tokens as u64,
            host_mib: watched["peak_mib"].as_f64().unwrap_or(f64::NAN),
            gpu_mib: watched["gpu_mib"].as_f64(),
        }
    }

    /// From the line `{"type": "measured", …}` of a peer.
    pub fn of_peer(watched: &Value) -> Result<Self> {
        let output = watched["output"].as_str().unwrap_or_default();
        let measured = objects(output, "measured").pop();
        let read = |measured: &Value| {
            let number = |name: &str| measured[name].as_f64();
            Some(Speed::new(
                number("samples")?,
                number("tokens")?,
                number("seconds")?,
                watched,
            ))
        };
        measured
            .as_ref()
            .and_then(read)
            .with_context(|| format!("it did not tell its time:\n{output}"))
    }
}

/// The objects of this type among lines of JSON and other things.
pub fn objects(output: &str, kind: &str) -> Vec<Value> {
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|object| object["type"] == kind).collect()
}

/// The median, with the lowest and the highest; NaN of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> (f64, [f64; 2]) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (values.first(), values.last()) else {
        return (f64::NAN, [f64::NAN; 2]);
    };
    let middle = (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0;
    (middle, [low, high])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), (2.5, [1.0, 4.0]));
        assert_eq!(median([7.0].into_iter()), (7.0, [7.0, 7.0]));
        assert!(median(std::iter::empty()).0.is_nan());
    }

    #[test]
    fn a_peers_last_word_is_read() {
        let output =
            "Loading\n{\"type\":\"measured\",\"samples\":10,\"tokens\":300,\"seconds\":2.0}\nWarning";
        let speed = Speed::of_peer(&json!({"output": output, "peak_mib": 5.0, "gpu_mib": null})).unwrap();
        assert_eq!((speed.samples, speed.tokens, speed.counted), (5.0, 150.0, 300));
        assert_eq!((speed.host_mib, speed.gpu_mib), (5.0, None));
        let error = Speed::of_peer(&json!({"output": "Killed"})).unwrap_err();
        assert!(error.to_string().contains("Killed"), "{error}");
    }
}
