//! A folder that `index build --model` and sentence-transformers read: a table of rows whose mean is a text's vector.

use std::path::Path;

use encoder::model::{NewStatic, write_static};
use serde::Serialize;

use super::common_components::CommonComponents;
use super::pooling::TextPooling;
use super::tokenizer_json::tokenizer_json;
use crate::corpus::{IntegerCorpus, Phrase, Tokenization};
use crate::error::{Result, WordsError};
use crate::observer::Observer;
use crate::word_vectors::WordVectors;

/// How texts are to be read and pooled.
#[derive(Debug, Clone, Copy)]
pub struct TextRecipe<'a> {
    /// How the corpus was cut into words.
    pub tokenization: Tokenization,
    /// The phrases that were joined in it.
    pub phrases: &'a [Phrase],
    /// How words become a text.
    pub pooling: TextPooling,
}

/// What was done to the rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextReport {
    /// Rows with a word; one more stands for all unknown words.
    pub words: usize,
    /// Sentences that the common components were found in; 0 where none was asked for.
    pub sentences: u64,
    /// For each component removed, its share of the summed squared lengths of the sentences' vectors.
    pub removed: Vec<f64>,
}

/// Writes the model folder of `vectors` into `dir`, which exists. `corpus`, in the rows of the same vocabulary, is
/// where the common components of SIF are found.
///
/// Texts' vectors are scaled to unit length, so the zero row of unknown words makes no difference to the others.
///
/// # Errors
/// Settings out of range, vectors that do not fit the vocabulary or are not finite, what the file system refuses, or
/// [`WordsError::Interrupted`].
pub fn write_model_folder(
    dir: &Path,
    vectors: &WordVectors,
    recipe: &TextRecipe<'_>,
    corpus: &IntegerCorpus,
    observer: &dyn Observer,
) -> Result<TextReport> {
    let (table, vocabulary) = (&vectors.vectors, &vectors.vocabulary);
    recipe.pooling.validate(table.dimension())?;
    check(vectors)?;
    let weights = recipe.pooling.weights(vocabulary);
    let count = recipe.pooling.components();
    let common = CommonComponents::of(corpus, (table, &weights), count, observer)?;
    let model = NewStatic {
        tokenizer: &tokenizer_json(vocabulary, recipe.tokenization, recipe.phrases),
        rows: vocabulary.len() + 1,
        dimension: table.dimension(),
        normalize: true,
    };
    let mut row = vec![0.0; table.dimension()];
    write_static(dir, model, |word, out| {
        // The last row is that of unknown words: it stays zeros.
        let Some(weight) = weights.get(word) else { return };
        for (value, number) in row.iter_mut().zip(table.row(word).iter()) {
            *value = weight * f64::from(*number);
        }
        common.remove(&mut row);
        for (out, value) in out.iter_mut().zip(&row) {
            *out = *value as f32;
        }
    })?;
    Ok(TextReport {
        words: vocabulary.len(),
        sentences: common.sentences,
        removed: common.shares,
    })
}

fn check(vectors: &WordVectors) -> Result<()> {
    let (rows, words) = (vectors.vectors.rows(), vectors.vocabulary.len());
    if rows != words {
        return Err(WordsError::Setting(format!(
            "there are {words} words and {rows} vectors; each word needs one"
        )));
    }
    let finite = |row: usize| vectors.vectors.row(row).iter().all(|value| value.is_finite());
    match (0..rows).find(|&row| !finite(row)) {
        None => Ok(()),
        Some(row) => Err(WordsError::Setting(format!(
            "the vector of {:?} is not finite; lower the learning rate",
            vectors.vocabulary.words()[row]
        ))),
    }
}
