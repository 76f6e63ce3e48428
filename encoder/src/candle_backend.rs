//! BERT on candle: a CPU backend in pure Rust, so that `search` needs no libtorch.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert;

use crate::encode::{Backend, Encoder, TextEncoder};
use crate::model::{BertConfig, ModelFolder, Pooling};
use crate::tokens::TokenBatch;
use crate::{EncoderError, Result};

/// Opens a BERT's model folder with the candle backend.
///
/// # Errors
/// A folder that is incomplete, damaged or uses something unsupported.
pub fn open_candle(dir: &Path) -> Result<Box<dyn Encoder>> {
    let folder = ModelFolder::open(dir)?;
    let backend = CandleBert::load(&folder).map_err(EncoderError::compute("candle", "loading the model"))?;
    Ok(Box::new(TextEncoder::new(&folder, backend)?))
}

struct CandleBert {
    model: bert::BertModel,
    pooling: Pooling,
    normalize: bool,
}

impl CandleBert {
    fn load(folder: &ModelFolder) -> candle_core::Result<Self> {
        let builder = mapped_weights(&folder.weights_path())?;
        // A published checkpoint names its parameters either bare or behind "bert.".
        let builder = match builder.contains_tensor("embeddings.word_embeddings.weight") {
            true => builder,
            false => builder.pp("bert"),
        };
        let model = bert::BertModel::load(builder, &candle_config(folder.bert()))?;
        Ok(Self {
            model,
            pooling: folder.pooling(),
            normalize: folder.normalize(),
        })
    }

    fn embed(&self, batch: &TokenBatch) -> candle_core::Result<Vec<f32>> {
        let shape = (batch.rows(), batch.length);
        let ids = Tensor::from_slice(&batch.ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(batch.mask(), shape, &Device::Cpu)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
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

/// The weights file mapped into memory, so that each parameter is copied once and nothing else read.
#[expect(unsafe_code, reason = "mapping a file into memory cannot be expressed safely")]
fn mapped_weights(path: &Path) -> candle_core::Result<VarBuilder<'static>> {
    // SAFETY: the parameters are copied out while the model is built, and the map ends with that. A
    // program that rewrites the file in that moment could change what is read, as with any reading;
    // this project's own writers replace files by renaming and never write into one.
    unsafe { VarBuilder::from_mmaped_safetensors(&[path], DType::F32, &Device::Cpu) }
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
