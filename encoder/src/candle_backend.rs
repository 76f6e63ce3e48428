//! The BERT family on candle: a CPU backend in pure Rust, so that `search` needs no libtorch. Embeddings are our own,
//! because that is where the relatives differ; the layers are candle's BERT.

mod embeddings;
mod relative;

use std::path::Path;
use std::sync::Arc;

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert;

use crate::encode::{Backend, Encoder, TextEncoder};
use crate::model::{BertConfig, ModelFolder, Pooling};
use crate::tokens::TokenBatch;
use crate::{EncoderError, Result};
use embeddings::Embeddings;
use relative::Relative;

/// Opens the folder of a BERT or a relative of it with the candle backend.
///
/// # Errors
/// A folder that is incomplete, damaged or uses something unsupported.
pub fn open_candle(dir: &Path) -> Result<Box<dyn Encoder>> {
    load_candle(&ModelFolder::open(dir)?)
}

/// Loads a BERT whose folder was read before, perhaps with vectors cut to another length.
///
/// # Errors
/// Damaged weights.
pub fn load_candle(folder: &ModelFolder) -> Result<Box<dyn Encoder>> {
    // Both read the whole weights file, and a search waits for them.
    let (backend, fingerprint) = rayon::join(|| CandleBert::load(folder), || folder.fingerprint());
    let backend = backend.map_err(EncoderError::compute("candle", "loading the model"))?;
    Ok(Box::new(TextEncoder::new(folder, fingerprint?, backend)))
}

struct CandleBert {
    embeddings: Embeddings,
    relative: Option<Relative>,
    layers: bert::BertEncoder,
    pooling: Pooling,
    normalize: bool,
}

impl CandleBert {
    fn load(folder: &ModelFolder) -> candle_core::Result<Self> {
        let names = Arc::clone(folder.tensor_names());
        let in_file = move |name: &str| names.get(name).map_or(name, String::as_str).to_owned();
        let weights = Box::new(mapped_weights(&folder.weights_path())?);
        let builder = VarBuilder::from_backend(weights, DType::F32, Device::Cpu).rename_f(in_file);
        Ok(Self {
            embeddings: Embeddings::load(builder.pp("embeddings"), folder)?,
            relative: Relative::load(&builder, folder.bert())?,
            layers: bert::BertEncoder::load(builder.pp("encoder"), &candle_config(folder.bert()))?,
            pooling: folder.pooling(),
            normalize: folder.normalize(),
        })
    }

    fn embed(&self, batch: &TokenBatch) -> candle_core::Result<Vec<f32>> {
        let shape = (batch.rows(), batch.length);
        let mask = Tensor::from_vec(batch.mask(), shape, &Device::Cpu)?;
        // 0 for tokens, the lowest float for padding; (B, 1, 1, L).
        let low = mask.affine(f32::MAX.into(), f32::MIN.into())?;
        let low = low.unsqueeze(1)?.unsqueeze(1)?;
        let low = match &self.relative {
            Some(relative) => low.broadcast_add(&relative.scores(batch.length)?)?,
            None => low,
        };
        let hidden = self.layers.forward(&self.embeddings.forward(batch)?, &low)?;
        let pooled = pool(&hidden, &mask, self.pooling)?;
        let vectors = if self.normalize {
            normalize(&pooled)?
        } else {
            pooled
        };
        vectors.flatten_all()?.to_vec1()
    }
}

impl Backend for CandleBert {
    fn forward(&self, batch: &TokenBatch) -> Result<Vec<f32>> {
        self.embed(batch)
            .map_err(EncoderError::compute("candle", "running the model"))
    }
}

/// The weights file mapped into memory, so that each parameter is copied once and the table of words not at all.
#[expect(unsafe_code, reason = "mapping a file into memory cannot be expressed safely")]
fn mapped_weights(path: &Path) -> candle_core::Result<MmapedSafetensors> {
    // SAFETY: the bytes are only read. A program that rewrites the file meanwhile could change what is read;
    // this project's own writers replace files by renaming and never write into one.
    unsafe { MmapedSafetensors::new(path) }
}

/// `hidden` (B, L, D) and `mask` (B, L) → (B, D).
fn pool(hidden: &Tensor, mask: &Tensor, pooling: Pooling) -> candle_core::Result<Tensor> {
    match pooling {
        Pooling::Cls => hidden.narrow(1, 0, 1)?.squeeze(1),
        Pooling::Mean => {
            let sum = hidden.broadcast_mul(&mask.unsqueeze(2)?)?.sum(1)?;
            sum.broadcast_div(&mask.sum_keepdim(1)?)
        }
        Pooling::Max => {
            // Padding must never win: push it below every real value.
            let low = mask.affine(1e9, -1e9)?.unsqueeze(2)?;
            hidden.broadcast_add(&low)?.max(1)
        }
    }
}

/// Rows to unit length; a zero row stays zero, as in PyTorch's `normalize`.
fn normalize(vectors: &Tensor) -> candle_core::Result<Tensor> {
    let length = vectors.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(1e-12)?;
    vectors.broadcast_div(&length)
}

fn candle_config(config: &BertConfig) -> bert::Config {
    bert::Config {
        vocab_size: config.vocab_size,
        hidden_size: config.hidden_size,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: config.intermediate_size,
        hidden_act: bert::HiddenAct::Gelu,
        hidden_dropout_prob: config.hidden_dropout_prob,
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: config.type_vocab_size,
        layer_norm_eps: config.layer_norm_eps,
        pad_token_id: config.pad_token_id,
        ..bert::Config::default()
    }
}
