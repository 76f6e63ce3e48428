//! What identifies a model: two models with the same fingerprint give the same vectors.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{EncoderError, Result};

/// Stored in every index; a query with a model of another fingerprint is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// BLAKE3 of the weights file, in hex.
    pub weights: String,
    /// BLAKE3 of `tokenizer.json`, in hex.
    pub tokenizer: String,
    /// Architecture and its shape in words, e.g. `bert 6x384 12 heads` or `static 21000x100`.
    pub architecture: String,
    /// `mean`, `cls` or `max`.
    pub pooling: String,
    /// Whether vectors are scaled to unit length.
    pub normalize: bool,
    /// Numbers per vector.
    pub dimension: usize,
    /// Numbers that the model computes, where `dimension` says how many of them, the first, are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated_from: Option<usize>,
    /// Tokens kept of a text at most; `usize::MAX` where all are.
    pub max_length: usize,
    /// Text put before queries.
    pub query_prompt: String,
    /// Text put before documents.
    pub document_prompt: String,
}

/// The first field in which two models differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field's name.
    pub field: &'static str,
    /// The value of the one that was asked.
    pub left: String,
    /// The value of the other.
    pub right: String,
}

impl Fingerprint {
    /// Sixteen hex digits that stand for all fields together.
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, value) in self.fields() {
            // Lengths keep ("ab", "c") and ("a", "bc") apart.
            hasher.update(format!("{name}:{}:{value};", value.len()).as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// The first field that differs, the ones that say most first; `None` if all are equal.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        self.fields()
            .into_iter()
            .zip(other.fields())
            .find(|((_, left), (_, right))| left != right)
            .map(|((field, left), (_, right))| Difference { field, left, right })
    }

    /// The dimension in words: `384`, or `192 of 384` where vectors are cut.
    pub fn dimension_text(&self) -> String {
        match self.truncated_from {
            None => self.dimension.to_string(),
            Some(full) => format!("{} of {full}", self.dimension),
        }
    }

    /// All fields with their names, the ones that say most first.
    pub fn fields(&self) -> [(&'static str, String); 9] {
        [
            ("architecture", self.architecture.clone()),
            ("dimension", self.dimension_text()),
            ("pooling", self.pooling.clone()),
            ("normalize", self.normalize.to_string()),
            ("max_length", self.max_length.to_string()),
            ("query_prompt", self.query_prompt.clone()),
            ("document_prompt", self.document_prompt.clone()),
            ("tokenizer", self.tokenizer.clone()),
            ("weights", self.weights.clone()),
        ]
    }
}

/// BLAKE3 of a file's content, in hex.
pub(super) fn hash(path: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_mmap_rayon(path).map_err(EncoderError::read(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Fingerprint {
        Fingerprint {
            weights: "a".into(),
            tokenizer: "t".into(),
            architecture: "bert".into(),
            pooling: "mean".into(),
            normalize: true,
            dimension: 8,
            truncated_from: None,
            max_length: 16,
            query_prompt: String::new(),
            document_prompt: String::new(),
        }
    }

    #[test]
    fn the_differing_field_is_named() {
        let one = example();
        let mut other = one.clone();
        assert_eq!((one.difference(&other), one.id() == other.id()), (None, true));
        other.weights = "b".into();
        assert_eq!(one.difference(&other).unwrap().field, "weights");
        other.max_length = 32;
        let difference = one.difference(&other).unwrap();
        assert_eq!(
            (
                difference.field,
                difference.left.as_str(),
                difference.right.as_str()
            ),
            ("max_length", "16", "32")
        );
        assert_ne!(one.id(), other.id());
    }

    #[test]
    fn vectors_cut_to_another_length_differ_and_whole_ones_keep_their_identity() {
        let whole = example();
        let cut = |dimension| Fingerprint {
            dimension,
            truncated_from: Some(8),
            ..whole.clone()
        };
        for (one, other, sides) in [
            (whole.clone(), cut(4), ("8", "4 of 8")),
            (cut(4), cut(2), ("4 of 8", "2 of 8")),
        ] {
            let difference = one.difference(&other).unwrap();
            assert_eq!(difference.field, "dimension");
            assert_eq!((difference.left.as_str(), difference.right.as_str()), sides);
            assert_ne!(one.id(), other.id());
        }
        let stored = serde_json::to_string(&whole).unwrap();
        assert!(!stored.contains("truncated_from"), "{stored}");
        assert_eq!(serde_json::from_str::<Fingerprint>(&stored).unwrap(), whole);
    }
}
