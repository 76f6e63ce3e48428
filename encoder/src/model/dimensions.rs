//! How many numbers a vector has: all that the model computes, or only the first of them.
//!
//! The first numbers of a vector, of unit length again, are a good vector themselves where the model was trained for
//! that: Matryoshka representation learning (Kusupati et al. 2022, <https://arxiv.org/abs/2205.13147>). The key
//! `truncate_dim` of `config_sentence_transformers.json` asks for it. sentence-transformers cuts what its last module
//! gives, so that a cut vector has unit length only with `encode(normalize_embeddings=True)`; here it always has, where
//! the model normalizes.

use std::path::Path;

use serde_json::{Map, Value};

use crate::vectors::dot;
use crate::{EncoderError, Result};

/// The key of the number of numbers that are kept, which is sentence-transformers' own.
const TRUNCATE_DIM: &str = "truncate_dim";
/// The key of the lengths that a model was trained to be cut to, which the trainer writes.
const MATRYOSHKA_DIMS: &str = "matryoshka_dims";

/// The lengths of a model's vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimensions {
    full: usize,
    kept: usize,
    matryoshka: Vec<usize>,
}

impl Dimensions {
    /// What the parsed `config_sentence_transformers.json` at `path` says of vectors of `full` numbers.
    pub(super) fn from_config(path: &Path, config: &Map<String, Value>, full: usize) -> Result<Self> {
        let matryoshka = config.get(MATRYOSHKA_DIMS).and_then(Value::as_array);
        let lengths: Vec<usize> = matryoshka
            .into_iter()
            .flatten()
            .filter_map(|length| length.as_u64()?.try_into().ok())
            .collect();
        let mut whole = Self {
            full,
            kept: full,
            matryoshka: Vec::new(),
        };
        whole.set_matryoshka(&lengths);
        match config.get(TRUNCATE_DIM) {
            None | Some(Value::Null) => Ok(whole),
            Some(asked) => match asked.as_u64().map(usize::try_from) {
                Some(Ok(kept)) => whole.cut_to(kept, path),
                _ => Err(whole.refuse(path, asked.to_string())),
            },
        }
    }

    /// The same with the first `kept` numbers of each vector, whatever was kept before.
    pub(super) fn cut_to(mut self, kept: usize, path: &Path) -> Result<Self> {
        if !(1..=self.full).contains(&kept) {
            return Err(self.refuse(path, kept.to_string()));
        }
        self.kept = kept;
        Ok(self)
    }

    pub(super) fn set_matryoshka(&mut self, lengths: &[usize]) {
        self.matryoshka = lengths.to_vec();
        self.matryoshka.sort_unstable_by(|a, b| b.cmp(a));
        self.matryoshka.dedup();
    }

    /// Adds the keys that say this to what will be `config_sentence_transformers.json`.
    pub(super) fn write(&self, config: &mut Map<String, Value>) {
        if self.cut_from().is_some() {
            config.insert(TRUNCATE_DIM.into(), self.kept.into());
        }
        if !self.matryoshka.is_empty() {
            config.insert(MATRYOSHKA_DIMS.into(), self.matryoshka.clone().into());
        }
    }

    /// Numbers that the model computes.
    pub fn full(&self) -> usize {
        self.full
    }

    /// Numbers of a vector: the first of [`Self::full`], or all of them.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// [`Self::full`], where vectors are cut.
    pub fn cut_from(&self) -> Option<usize> {
        (self.kept < self.full).then_some(self.full)
    }

    /// The lengths that the model was trained to be cut to, longest first; empty where the folder does not say.
    pub fn matryoshka(&self) -> &[usize] {
        &self.matryoshka
    }

    /// Whether vectors are cut to a length that the model, by what its folder says, was not trained for.
    pub fn is_untrained(&self) -> bool {
        self.kept < self.full && !self.matryoshka.is_empty() && !self.matryoshka.contains(&self.kept)
    }

    /// Puts the first numbers of `vector`, which has [`Self::full`], into `row`, which has [`Self::kept`], and gives them
    /// unit length again where the model normalizes. What is not cut stays as it is, bit by bit, and zeros stay zeros.
    pub(crate) fn cut(&self, vector: &[f32], normalize: bool, row: &mut [f32]) {
        row.copy_from_slice(&vector[..self.kept]);
        if normalize && self.kept < self.full {
            let length = dot(row, row).sqrt().max(1e-12);
            row.iter_mut().for_each(|value| *value /= length);
        }
    }

    fn refuse(&self, path: &Path, found: String) -> EncoderError {
        let expected = format!(
            "a {TRUNCATE_DIM} from 1 to {}, the numbers that this model computes",
            self.full
        );
        EncoderError::format(path, expected, found, "choose a length in that range")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(config: &str) -> Result<Dimensions> {
        Dimensions::from_config(
            Path::new("config.json"),
            &serde_json::from_str(config).unwrap(),
            8,
        )
    }

    #[test]
    fn what_a_folder_says_is_read_and_written_back() {
        for (config, kept, matryoshka) in [
            ("{}", 8, &[][..]),
            (r#"{"truncate_dim":null}"#, 8, &[]),
            (r#"{"truncate_dim":8}"#, 8, &[]),
            (r#"{"truncate_dim":3,"matryoshka_dims":[2,4,2]}"#, 3, &[4, 2]),
        ] {
            let dimensions = read(config).unwrap();
            assert_eq!((dimensions.kept(), dimensions.full()), (kept, 8), "{config}");
            assert_eq!(dimensions.matryoshka(), matryoshka, "{config}");
            let mut written = Map::new();
            dimensions.write(&mut written);
            assert_eq!(
                read(&Value::from(written).to_string()).unwrap(),
                dimensions,
                "{config}"
            );
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_refused() {
        for asked in ["0", "9", "-1", "2.5", "\"4\"", "[4]", "1e30"] {
            let error = read(&format!("{{\"truncate_dim\":{asked}}}"))
                .unwrap_err()
                .to_string();
            for part in ["config.json", "truncate_dim from 1 to 8"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }

    #[test]
    fn only_cut_vectors_of_a_model_that_normalizes_are_scaled() {
        let whole = Dimensions {
            full: 3,
            kept: 3,
            matryoshka: vec![2],
        };
        let half = whole.clone().cut_to(2, Path::new("m")).unwrap();
        let cut = |dimensions: &Dimensions, normalize, vector: [f32; 3]| {
            let mut row = vec![9.0; dimensions.kept()];
            dimensions.cut(&vector, normalize, &mut row);
            row
        };
        assert_eq!(cut(&whole, true, [3.0, 4.0, 12.0]), [3.0, 4.0, 12.0]);
        assert_eq!(cut(&half, false, [3.0, 4.0, 12.0]), [3.0, 4.0]);
        assert_eq!(cut(&half, true, [3.0, 4.0, 12.0]), [0.6, 0.8]);
        assert_eq!(cut(&half, true, [0.0, 0.0, 1.0]), [0.0, 0.0]);
        assert!(!whole.is_untrained() && !half.is_untrained());
        assert!(half.cut_to(1, Path::new("m")).unwrap().is_untrained());
    }
}
