//! The vectors of another model, a guide or a teacher, for all training texts: computed once, before the first step,
//! because that model does not change. They take 4 bytes a number in main memory, a gigabyte for 700,000 texts of 384.

use encoder::Encoder;
use encoder::model::Fingerprint;
use encoder::vectors::Vectors;
use tch::{Kind, TchError, Tensor};

use super::pairs::Pairs;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::progress;

/// Texts between two looks at the interrupt.
const CHUNK: usize = 512;

/// The other model's vectors, by the numbers of the texts.
pub struct Reference {
    questions: Tensor,
    /// Only where that model puts different prompts before questions and answers.
    answers: Option<Tensor>,
}

impl Reference {
    /// Vectors of each text that are held of such a model.
    pub fn tables(model: &Fingerprint) -> usize {
        if model.query_prompt == model.document_prompt {
            1
        } else {
            2
        }
    }

    /// Of all texts of `pairs`, by `model`.
    ///
    /// # Errors
    /// What the encoder refuses, an interrupt.
    pub fn new(model: &dyn Encoder, pairs: &Pairs, interrupt: &Interrupt) -> Result<Self> {
        let fingerprint = model.fingerprint();
        let texts: Vec<&str> = pairs.texts().collect();
        let encode = |encode: &dyn Fn(&[&str]) -> encoder::Result<encoder::Encoded>| -> Result<Tensor> {
            let bar = progress::bar(texts.len(), "asking the guide or teacher", "texts");
            let mut vectors = Vectors::from_rows(model.dimension(), Vec::new());
            for chunk in texts.chunks(CHUNK) {
                interrupt.check()?;
                vectors.extend(&encode(chunk)?.vectors);
                bar.inc(chunk.len() as u64);
            }
            bar.finish_and_clear();
            tensor(&vectors).map_err(super::torch)
        };
        let answers = (Self::tables(fingerprint) == 2)
            .then(|| encode(&|texts| model.encode_documents(texts)))
            .transpose()?;
        Ok(Reference {
            questions: encode(&|texts| model.encode_queries(texts))?,
            answers,
        })
    }

    /// The vectors of a batch, shape `(columns · batch, dimension)`, column after column: all anchors, all positives,
    /// all first negatives, …
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn columns(&self, pairs: &Pairs, batch: &[u32]) -> Result<Tensor, TchError> {
        let columns = (0..pairs.width()).map(|column| {
            let table = if column == 0 {
                &self.questions
            } else {
                self.answers.as_ref().unwrap_or(&self.questions)
            };
            let numbers: Vec<i64> = batch
                .iter()
                .map(|&pair| i64::from(pairs.row(pair)[column]))
                .collect();
            table.f_index_select(0, &Tensor::from_slice(&numbers))
        });
        Tensor::f_cat(&columns.collect::<Result<Vec<_>, _>>()?, 0)
    }
}

fn tensor(vectors: &Vectors) -> Result<Tensor, TchError> {
    let flat = Tensor::f_from_slice(vectors.as_slice())?;
    let size = [vectors.len() as i64, vectors.dimension() as i64];
    flat.f_to_kind(Kind::Float)?.f_view(size)
}
