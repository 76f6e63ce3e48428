//! The fixture `texts.json` as word vectors, a corpus and recipes; see `fixtures/make_texts.py`.

use std::path::Path;

use encoder::vectors::Vectors;
use serde::Deserialize;
use std::collections::BTreeMap;
use trainer_words::corpus::{IntegerCorpus, Phrase, SENTENCE_END, Tokenization, Vocabulary};
use trainer_words::texts::{TextPooling, TextRecipe, TextReport, write_model_folder};
use trainer_words::{Unobserved, WordVectors};

/// Vectors of the texts, in their order.
pub type Pooled = Vec<Vec<f64>>;

#[derive(Deserialize)]
pub struct Fixture {
    words: Vec<String>,
    counts: Vec<u64>,
    vectors: Vec<Vec<f32>>,
    sentences: Vec<Vec<u32>>,
    pub texts: Vec<String>,
    pub recipes: BTreeMap<String, Option<(f64, usize)>>,
    pub expected: BTreeMap<String, Pooled>,
    pub removed: BTreeMap<String, Vec<f64>>,
    #[serde(default)]
    pub sentence_transformers: Option<Theirs>,
}

#[derive(Deserialize)]
pub struct Theirs {
    pub similarity: String,
    pub vectors: Pooled,
}

impl Fixture {
    pub fn read(path: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Writes the model folder of the recipe `name` into `dir`.
    pub fn write(&self, name: &str, dir: &Path) -> TextReport {
        let counted = self.words.iter().cloned().zip(self.counts.iter().copied());
        let vectors = WordVectors {
            vocabulary: Vocabulary::from_counts(counted),
            vectors: Vectors::from_rows(self.vectors[0].len(), self.vectors.concat()).into(),
            subwords: None,
        };
        let marked = self
            .sentences
            .iter()
            .flat_map(|sentence| [sentence, &[SENTENCE_END][..]].concat());
        let recipe = TextRecipe {
            tokenization: Tokenization::Unicode,
            phrases: &[Phrase {
                joined: "new_york".to_owned(),
                words: "new york".to_owned(),
            }],
            pooling: match self.recipes[name] {
                None => TextPooling::Mean,
                Some((a, components)) => TextPooling::Sif { a, components },
            },
        };
        let corpus = IntegerCorpus::from_tokens(marked.collect());
        write_model_folder(dir, &vectors, &recipe, &corpus, &Unobserved).unwrap()
    }
}
