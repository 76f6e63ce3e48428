//! The one way from texts to vectors, whatever computes them.

use std::sync::Arc;

use crate::model::{Dimensions, Fingerprint, ModelFolder};
use crate::tokens::{TokenBatch, Tokenizer, plan};
use crate::vectors::Vectors;
use crate::{EncoderError, Result};

/// Padded tokens per batch. Big enough for full matrix products, small enough that a layer's
/// activations stay near the processor's caches.
const TOKEN_BUDGET: usize = 4096;

/// Vectors and what became of the texts on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Shape `(texts, dimension)`, in the order of the texts; unit rows where the model normalizes. A text
    /// of which a static model knows no word is a row of zeros.
    pub vectors: Vectors,
    /// Texts longer than the maximum length, of which only the beginning counts.
    pub truncated: usize,
    /// Tokens run through the model, padding not counted.
    pub tokens: usize,
}

/// Turns texts into vectors. Queries and documents have methods of their own because a model can
/// have a prompt for each.
pub trait Encoder: Send {
    /// Numbers per vector.
    fn dimension(&self) -> usize;
    /// Tokens kept of a text at most, special tokens included; `usize::MAX` where all are.
    fn max_length(&self) -> usize;
    /// What identifies the model.
    fn fingerprint(&self) -> &Fingerprint;
    /// Encodes queries, in the order given.
    ///
    /// # Errors
    /// What the backend or the tokenizer refuses.
    fn encode_queries(&self, texts: &[&str]) -> Result<Encoded>;
    /// Encodes documents, in the order given. They are sorted by length and cut into batches inside,
    /// so some thousand at a time are encoded fastest.
    ///
    /// # Errors
    /// What the backend or the tokenizer refuses.
    fn encode_documents(&self, texts: &[&str]) -> Result<Encoded>;
}

/// What differs between numerical libraries: one padded batch through the model.
pub trait Backend: Send {
    /// Pooled vectors (normalized where the model does), whole ones, row-major `(rows, full dimension)`.
    ///
    /// # Errors
    /// What the library refuses.
    fn forward(&self, batch: &TokenBatch) -> Result<Vec<f32>>;
}

/// An [`Encoder`] made of a tokenizer and a backend.
pub struct TextEncoder<B> {
    tokenizer: Arc<Tokenizer>,
    backend: B,
    dimensions: Dimensions,
    fingerprint: Fingerprint,
}

impl<B: Backend> TextEncoder<B> {
    /// Joins the folder's tokenizer with `backend`, which runs the folder's weights; `fingerprint` is the
    /// [folder's](ModelFolder::fingerprint).
    pub fn new(folder: &ModelFolder, fingerprint: Fingerprint, backend: B) -> Self {
        Self {
            tokenizer: folder.tokenizer(),
            backend,
            dimensions: folder.dimensions().clone(),
            fingerprint,
        }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The backend.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// The backend, to be set.
    pub fn backend_mut(&mut self) -> &mut B {
        &mut self.backend
    }

    fn encode(&self, prompt: &str, texts: &[&str]) -> Result<Encoded> {
        let dimension = self.fingerprint.dimension;
        let tokens = self.tokenizer.tokenize(prompt, texts)?;
        let mut data = vec![0.0; texts.len() * dimension];
        for batch in plan(&tokens, TOKEN_BUDGET) {
            let padded = TokenBatch::new(batch.iter().map(|&i| &tokens[i]), self.tokenizer.pad_id());
            let vectors = self.backend.forward(&padded)?;
            for (&i, vector) in batch.iter().zip(vectors.chunks_exact(self.dimensions.full())) {
                if !vector.iter().all(|value| value.is_finite()) {
                    return Err(not_finite(texts[i]));
                }
                let row = &mut data[i * dimension..(i + 1) * dimension];
                self.dimensions.cut(vector, self.fingerprint.normalize, row);
            }
        }
        Ok(Encoded {
            vectors: Vectors::from_rows(dimension, data),
            truncated: tokens.iter().filter(|tokens| tokens.truncated).count(),
            tokens: tokens.iter().map(|tokens| tokens.ids.len()).sum(),
        })
    }
}

pub(crate) fn not_finite(text: &str) -> EncoderError {
    EncoderError::NotFinite {
        text: text.chars().take(40).collect(),
    }
}

impl<B: Backend> Encoder for TextEncoder<B> {
    fn dimension(&self) -> usize {
        self.fingerprint.dimension
    }

    fn max_length(&self) -> usize {
        self.tokenizer.max_length()
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn encode_queries(&self, texts: &[&str]) -> Result<Encoded> {
        self.encode(&self.fingerprint.query_prompt, texts)
    }

    fn encode_documents(&self, texts: &[&str]) -> Result<Encoded> {
        self.encode(&self.fingerprint.document_prompt, texts)
    }
}
