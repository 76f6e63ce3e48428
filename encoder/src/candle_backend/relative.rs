//! What the distance of two tokens adds to their attention.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use crate::model::{BertConfig, RELATIVE_POSITIONS, relative_buckets};

/// MPNet's relative positions.
pub(super) struct Relative {
    /// A number for each bucket and head, shape (buckets, H).
    table: Tensor,
}

impl Relative {
    /// None for a family without them.
    pub(super) fn load(builder: &VarBuilder<'_>, config: &BertConfig) -> candle_core::Result<Option<Self>> {
        let shape = (config.relative_attention_num_buckets, config.num_attention_heads);
        (shape.0 > 0)
            .then(|| {
                Ok(Self {
                    table: builder.get(shape, RELATIVE_POSITIONS)?,
                })
            })
            .transpose()
    }

    /// What is added to the attention scores of texts of `length` tokens, shape (1, H, L, L).
    pub(super) fn scores(&self, length: usize) -> candle_core::Result<Tensor> {
        let (buckets, heads) = self.table.dims2()?;
        let pairs = Tensor::from_vec(relative_buckets(length, buckets), length * length, &Device::Cpu)?;
        self.table
            .index_select(&pairs, 0)?
            .reshape((length, length, heads))?
            .permute((2, 0, 1))?
            .unsqueeze(0)?
            .contiguous()
    }
}
