//! A document: what is encoded, indexed and shown.

use serde_json::{Map, Value};

/// One passage of a corpus.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Unique in its corpus.
    pub id: String,
    /// May be empty.
    pub title: String,
    /// The body.
    pub text: String,
    /// All other columns of the corpus, for filters and for display.
    pub fields: Map<String, Value>,
}

impl Document {
    /// What is encoded: title and text joined by a space, as BEIR does, or the one that there is.
    pub fn passage(&self) -> String {
        match (self.title.trim(), self.text.trim()) {
            ("", text) => text.to_owned(),
            (title, "") => title.to_owned(),
            (title, text) => format!("{title} {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_joins_title_and_text() {
        let mut document = Document {
            title: "Gout".into(),
            text: " Pain. ".into(),
            ..Document::default()
        };
        assert_eq!(document.passage(), "Gout Pain.");
        document.title.clear();
        assert_eq!(document.passage(), "Pain.");
        document.text.clear();
        assert_eq!(document.passage(), "");
    }
}
