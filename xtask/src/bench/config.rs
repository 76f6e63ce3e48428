//! Configurations for `train`: one base, and what is changed in it.

use std::collections::BTreeMap;
use std::path::Path;

/// Section, key and value of the base.
const BASE: [(&str, &str, &str); 11] = [
    ("data", "tokenizer", "\"whitespace\""),
    ("data", "min_count", "5"),
    ("word2vec", "architecture", "\"skip-gram\""),
    ("word2vec", "dimension", "100"),
    ("word2vec", "window", "5"),
    ("word2vec", "negatives", "5"),
    ("word2vec", "sample", "1e-4"),
    ("word2vec", "learning_rate", "0.025"),
    ("word2vec", "epochs", "3"),
    ("texts", "pooling", "\"mean\""),
    ("output", "formats", "[\"word2vec-text\"]"),
];

/// A key with another value than the base's.
#[derive(Debug, Clone)]
pub struct Change {
    section: &'static str,
    key: &'static str,
    value: String,
}

impl Change {
    /// `value` as TOML writes it.
    pub fn new(section: &'static str, key: &'static str, value: impl ToString) -> Self {
        Change {
            section,
            key,
            value: value.to_string(),
        }
    }
}

/// The base with the changes, as TOML.
pub fn toml(text: &Path, changes: &[Change]) -> String {
    let mut sections: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    let base = BASE.into_iter();
    let changed = changes
        .iter()
        .map(|change| (change.section, change.key, change.value.as_str()));
    for (section, key, value) in base.chain(changed) {
        sections.entry(section).or_default().insert(key, value);
    }
    let quoted = format!("{:?}", text.display().to_string());
    sections.entry("data").or_default().insert("text", &quoted);
    let mut toml = "kind = \"word2vec\"\nname = \"bench\"\n".to_owned();
    for (section, keys) in sections {
        toml += &format!("[{section}]\n");
        for (key, value) in keys {
            toml += &format!("{key} = {value}\n");
        }
    }
    toml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_replaces_the_value_of_the_base() {
        let toml = toml(
            Path::new("a b.txt"),
            &[
                Change::new("word2vec", "window", 9),
                Change::new("subwords", "minn", 3),
            ],
        );
        assert!(
            toml.contains("window = 9\n") && !toml.contains("window = 5"),
            "{toml}"
        );
        assert!(
            toml.contains("text = \"a b.txt\"\n") && toml.contains("[subwords]\nminn = 3\n"),
            "{toml}"
        );
    }
}
