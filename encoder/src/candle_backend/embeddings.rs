//! What a token begins as: its word, its place and its type.

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, IndexOp, Module, Tensor};
use candle_nn::{Embedding, LayerNorm, VarBuilder, embedding, layer_norm};

use crate::model::ModelFolder;
use crate::tokens::TokenBatch;

/// Word, position and token type, summed and normalized.
pub(super) struct Embeddings {
    words: MappedTable,
    positions: Embedding,
    /// The row of the only type that a text by itself has, shape (D); some families have none.
    token_type: Option<Tensor>,
    norm: LayerNorm,
    /// The id of padding where positions are counted from it.
    count_from: Option<u32>,
}

impl Embeddings {
    pub(super) fn load(builder: VarBuilder<'_>, folder: &ModelFolder) -> candle_core::Result<Self> {
        let config = folder.bert();
        let hidden = config.hidden_size;
        let table = |rows, name: &str| embedding(rows, hidden, builder.pp(format!("{name}_embeddings")));
        let token_type = match config.type_vocab_size {
            0 => None,
            rows => Some(table(rows, "token_type")?.embeddings().i(0)?),
        };
        Ok(Self {
            words: MappedTable::open(folder)?,
            positions: table(config.max_position_embeddings, "position")?,
            token_type,
            norm: layer_norm(hidden, config.layer_norm_eps, builder.pp("LayerNorm"))?,
            count_from: config
                .family
                .counts_from_padding()
                .then_some(config.pad_token_id as u32),
        })
    }

    /// (B, L) → (B, L, D).
    pub(super) fn forward(&self, batch: &TokenBatch) -> candle_core::Result<Tensor> {
        let shape = (batch.rows(), batch.length);
        let positions = match self.count_from {
            None => Tensor::arange(0, batch.length as u32, &Device::Cpu)?,
            Some(padding) => Tensor::from_vec(positions(batch, padding), shape, &Device::Cpu)?,
        };
        let words = self.words.rows(&batch.ids)?;
        let words = words.reshape((batch.rows(), batch.length, words.dim(1)?))?;
        let sum = words.broadcast_add(&self.positions.forward(&positions)?)?;
        let sum = match &self.token_type {
            Some(row) => sum.broadcast_add(row)?,
            None => sum,
        };
        self.norm.forward(&sum)
    }
}

/// RoBERTa's positions, row-major (B, L): the first token that is not `padding` has `padding + 1`, and `padding` itself
/// has its own id, wherever it stands.
fn positions(batch: &TokenBatch, padding: u32) -> Vec<u32> {
    let mut all = Vec::with_capacity(batch.ids.len());
    for row in batch.ids.chunks_exact(batch.length.max(1)) {
        let mut last = padding;
        all.extend(row.iter().map(|&id| {
            if id == padding {
                return padding;
            }
            last += 1;
            last
        }));
    }
    all
}

/// The embeddings of words where they lie in the weights file: half of a small model, of which a query needs a few rows.
struct MappedTable {
    file: MmapedSafetensors,
    name: String,
}

impl MappedTable {
    fn open(folder: &ModelFolder) -> candle_core::Result<Self> {
        let name = "embeddings.word_embeddings.weight";
        let name = folder.tensor_names().get(name).map_or(name, String::as_str);
        Ok(Self {
            file: super::mapped_weights(&folder.weights_path())?,
            name: name.to_owned(),
        })
    }

    /// (N) → (N, D).
    fn rows(&self, ids: &[u32]) -> candle_core::Result<Tensor> {
        let table = self.file.get(&self.name)?;
        let &[rows, dimension] = table.shape() else {
            candle_core::bail!("{} of shape {:?}", self.name, table.shape());
        };
        let stride = table.data().len() / rows.max(1);
        let mut numbers = Vec::with_capacity(ids.len() * stride);
        for &id in ids {
            let start = id as usize * stride;
            let Some(row) = table.data().get(start..start + stride) else {
                candle_core::bail!("the token {id} in a table of {rows} words");
            };
            numbers.extend_from_slice(row);
        }
        let kind = DType::try_from(table.dtype())?;
        Tensor::from_raw_buffer(&numbers, kind, &[ids.len(), dimension], &Device::Cpu)?.to_dtype(DType::F32)
    }
}
