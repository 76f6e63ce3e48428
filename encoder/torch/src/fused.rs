//! The BERT family's forward pass with fused attention, on the parameters that rust-bert made.
//!
//! rust-bert writes attention as matrix product, softmax, matrix product and GELU as five
//! elementwise steps, so that each walks memory again. libtorch's `scaled_dot_product_attention` and
//! `gelu` do each in one pass. Queries, keys and values are one matrix product. Same parameters, same result (a test
//! compares them). Every step is of the kind that returns errors: a batch too large for the memory ends with a message.
//!
//! In bfloat16 (Micikevicius et al. 2018, "Mixed Precision Training", <https://arxiv.org/abs/1710.03740>) the matrix
//! products, attention and GELU take 16-bit copies of the parameters and of their input; what passes by them from layer
//! to layer, LayerNorm, gradients of parameters and the parameters themselves keep 32 bits.

use std::collections::HashMap;

use encoder::Precision;
use encoder::model::{BertConfig, Family, RELATIVE_POSITIONS, relative_buckets};
use tch::{Device, Kind, TchError, Tensor, nn};

use crate::device::to_device;
use crate::dropout::{self, dropout};
use crate::lora::{Adapter, Lora};
use crate::tuning::Tuning;

/// The parameters of one linear or LayerNorm step; they share their memory with the `VarStore`.
struct Affine {
    weight: Tensor,
    bias: Tensor,
    adapter: Option<Adapter>,
}

impl Affine {
    /// The same parameters where they have that kind already.
    fn to_kind(&self, kind: Kind) -> Result<Affine, TchError> {
        Ok(Affine {
            weight: self.weight.f_to_kind(kind)?,
            bias: self.bias.f_to_kind(kind)?,
            adapter: self.adapter_in(kind)?,
        })
    }

    fn adapter_in(&self, kind: Kind) -> Result<Option<Adapter>, TchError> {
        self.adapter
            .as_ref()
            .map(|adapter| adapter.to_kind(kind))
            .transpose()
    }
}

impl Layer {
    /// The linear steps' parameters in `kind`, LayerNorm's as they are.
    fn weights(&self, kind: Kind) -> Result<LayerWeights, TchError> {
        let parts = [&self.query, &self.key, &self.value];
        let together = Affine {
            weight: Tensor::f_cat(&parts.map(|part| &part.weight), 0)?,
            bias: Tensor::f_cat(&parts.map(|part| &part.bias), 0)?,
            adapter: None,
        };
        let [query, key, value] = parts.map(|part| part.adapter_in(kind));
        Ok(LayerWeights {
            attention: together.to_kind(kind)?,
            adapters: [query?, key?, value?],
            attention_output: self.attention_output.to_kind(kind)?,
            attention_norm: self.attention_norm.to_kind(Kind::Float)?,
            intermediate: self.intermediate.to_kind(kind)?,
            output: self.output.to_kind(kind)?,
            output_norm: self.output_norm.to_kind(Kind::Float)?,
        })
    }
}

/// Parameters by name, to be taken out. Every name was put there by rust-bert under the model's very configuration.
struct Parameters<'a> {
    all: HashMap<String, Tensor>,
    lora: Option<&'a Lora>,
}

impl Parameters<'_> {
    fn tensor(&mut self, name: &str) -> Tensor {
        self.all.remove(name).unwrap_or_default()
    }

    fn table(&mut self, name: &str) -> Tensor {
        self.tensor(&format!("embeddings.{name}_embeddings.weight"))
    }

    fn affine(&mut self, name: &str) -> Affine {
        Affine {
            weight: self.tensor(&format!("{name}.weight")),
            bias: self.tensor(&format!("{name}.bias")),
            adapter: self
                .lora
                .and_then(|lora| Adapter::take(&mut self.all, name, lora)),
        }
    }
}

/// One layer's parameters.
struct Layer {
    query: Affine,
    key: Affine,
    value: Affine,
    attention_output: Affine,
    attention_norm: Affine,
    intermediate: Affine,
    output: Affine,
    output_norm: Affine,
}

/// One layer as it is computed: in the precision that was asked for, with queries, keys and values together.
struct LayerWeights {
    attention: Affine,
    /// LoRA's of the queries, keys and values.
    adapters: [Option<Adapter>; 3],
    attention_output: Affine,
    attention_norm: Affine,
    intermediate: Affine,
    output: Affine,
    output_norm: Affine,
}

/// All layers as they are computed, made once for all batches between two updates of the parameters.
pub(crate) struct Weights(Vec<LayerWeights>);

/// The encoder in the order of its forward pass.
pub(crate) struct FusedBert {
    words: Tensor,
    positions: Tensor,
    /// Some families have none.
    token_types: Option<Tensor>,
    /// A number for each bucket of distances and each head, (buckets, H); MPNet alone has them.
    relative: Option<Tensor>,
    norm: Affine,
    layers: Vec<Layer>,
    /// Of the matrix products, attention and GELU.
    kind: Kind,
    heads: i64,
    hidden: i64,
    epsilon: f64,
    /// The row that gets no gradient.
    padding: i64,
    /// Whether positions are RoBERTa's.
    counts_from_padding: bool,
    hidden_dropout: f64,
    /// After the attention's output; DistilBERT has none there, MPNet that of the attention.
    output_dropout: f64,
    attention_dropout: f64,
}

impl FusedBert {
    /// Finds the parameters of `variables` by their names in the checkpoint.
    pub(crate) fn new(variables: &nn::VarStore, config: &BertConfig, tuning: &Tuning) -> Self {
        let mut parameters = Parameters {
            all: variables.variables(),
            lora: tuning.lora.as_ref(),
        };
        let dropout = tuning.dropout;
        let norm = parameters.affine("embeddings.LayerNorm");
        let layers = (0..config.num_hidden_layers)
            .map(|i| {
                let mut part = |name: &str| parameters.affine(&format!("encoder.layer.{i}.{name}"));
                Layer {
                    query: part("attention.self.query"),
                    key: part("attention.self.key"),
                    value: part("attention.self.value"),
                    attention_output: part("attention.output.dense"),
                    attention_norm: part("attention.output.LayerNorm"),
                    intermediate: part("intermediate.dense"),
                    output: part("output.dense"),
                    output_norm: part("output.LayerNorm"),
                }
            })
            .collect();
        let hidden_dropout = dropout.unwrap_or(config.hidden_dropout_prob);
        let attention_dropout = dropout.unwrap_or(config.attention_probs_dropout_prob);
        let relative = config.relative_attention_num_buckets > 0;
        Self {
            words: parameters.table("word"),
            positions: parameters.table("position"),
            token_types: (config.type_vocab_size > 0).then(|| parameters.table("token_type")),
            relative: relative.then(|| parameters.tensor(RELATIVE_POSITIONS)),
            norm,
            layers,
            kind: Kind::Float,
            heads: config.num_attention_heads as i64,
            hidden: config.hidden_size as i64,
            epsilon: config.layer_norm_eps,
            padding: config.pad_token_id as i64,
            counts_from_padding: config.family.counts_from_padding(),
            hidden_dropout,
            output_dropout: match config.family {
                Family::DistilBert => 0.0,
                Family::Mpnet => attention_dropout,
                _ => hidden_dropout,
            },
            attention_dropout,
        }
    }

    /// Computes in `precision` from now on.
    pub(crate) fn set_precision(&mut self, precision: Precision) {
        self.kind = match precision {
            Precision::Float32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
        };
    }

    /// The layers for [`Self::forward`], with the parameters as they are now. Gradients flow through to them.
    pub(crate) fn weights(&self) -> Result<Weights, TchError> {
        let layers = self.layers.iter().map(|layer| layer.weights(self.kind));
        Ok(Weights(layers.collect::<Result<_, _>>()?))
    }

    /// `ids` (B, L) and `mask` (B, L; `None` where no text is padded) → hidden states (B, L, D).
    pub(crate) fn forward(
        &self,
        weights: &Weights,
        ids: &Tensor,
        mask: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let mask = self.mask(ids, mask)?;
        let embedded = self.embed(ids, train)?;
        let normalized = self.normalize(&embedded, &self.norm)?;
        let mut hidden = dropout(&normalized, self.hidden_dropout, train)?;
        for layer in &weights.0 {
            hidden = self.layer(layer, &hidden, mask.as_ref(), train)?;
        }
        Ok(hidden)
    }

    /// `ids` (B, L) and `mask` (B, L) → which tokens may be looked at, booleans (B, 1, 1, L), `None` where all may; or with
    /// relative positions what is added to the scores, (1 or B, H, L, L).
    fn mask(&self, ids: &Tensor, mask: Option<&Tensor>) -> Result<Option<Tensor>, TchError> {
        let seen = mask
            .map(|mask| mask.f_gt(0.0)?.f_unsqueeze(1)?.f_unsqueeze(1))
            .transpose()?;
        let Some(table) = &self.relative else {
            return Ok(seen);
        };
        let size = table.size();
        let (buckets, heads, length) = (size[0] as usize, size[1], ids.size()[1]);
        let pairs = relative_buckets(length as usize, buckets);
        let pairs: Vec<i64> = pairs.into_iter().map(i64::from).collect();
        let pairs = to_device(Tensor::f_from_slice(&pairs)?, ids.device())?;
        let scores = table
            .f_index_select(0, &pairs)?
            .f_view([length, length, heads])?
            .f_permute([2, 0, 1])?
            .f_unsqueeze(0)?
            .f_contiguous()?
            .f_to_kind(self.kind)?;
        match &seen {
            Some(seen) => Ok(Some(
                scores.f_masked_fill(&seen.f_logical_not()?, f64::NEG_INFINITY)?,
            )),
            None => Ok(Some(scores)),
        }
    }

    /// `ids` (B, L) → the sum of the embeddings (B, L, D).
    fn embed(&self, ids: &Tensor, train: bool) -> Result<Tensor, TchError> {
        let words = Tensor::f_embedding(&self.words, ids, self.padding, false, train)?;
        let positions = if self.counts_from_padding {
            let positions = positions_from_padding(ids, self.padding)?;
            // Padding's own position is never learned, as in PyTorch.
            Tensor::f_embedding(&self.positions, &positions, self.padding, false, false)?
        } else {
            self.positions.f_narrow(0, 0, ids.size()[1])?
        };
        let sum = words.f_add(&positions)?;
        match &self.token_types {
            Some(types) => sum.f_add(&types.f_select(0, 0)?),
            None => Ok(sum),
        }
    }

    fn layer(
        &self,
        layer: &LayerWeights,
        hidden: &Tensor,
        mask: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let attended = self.attention(layer, &hidden.f_to_kind(self.kind)?, mask, train)?;
        let attended = linear(&attended, &layer.attention_output, train)?;
        let attended = dropout(&attended, self.output_dropout, train)?;
        let attended = self.normalize(&attended.f_add(hidden)?, &layer.attention_norm)?;
        let wide = linear(&attended.f_to_kind(self.kind)?, &layer.intermediate, train)?.f_gelu("none")?;
        let narrow = dropout(&linear(&wide, &layer.output, train)?, self.hidden_dropout, train)?;
        self.normalize(&narrow.f_add(&attended)?, &layer.output_norm)
    }

    fn attention(
        &self,
        layer: &LayerWeights,
        hidden: &Tensor,
        mask: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let size = hidden.size();
        let (rows, length) = (size[0], size[1]);
        // (B, L, 3 D) → three times (B, heads, L, D / heads), without a copy.
        let mut heads = linear(hidden, &layer.attention, train)?
            .f_chunk(3, -1)?
            .into_iter()
            .zip(&layer.adapters)
            .map(|(output, adapter)| {
                adapt(output, adapter.as_ref(), hidden, train)?
                    .f_view([rows, length, self.heads, self.hidden / self.heads])?
                    .f_transpose(1, 2)
            });
        let mut next = || heads.next().unwrap_or_else(|| Ok(Tensor::new()));
        let (query, key, value) = (next()?, next()?, next()?);
        let p = if train { self.attention_dropout } else { 0.0 };
        let context = if p > 0.0 && hidden.device() == Device::Cpu {
            attend_with_dropout([&query, &key, &value], mask, p)?
        } else {
            Tensor::f_scaled_dot_product_attention(&query, &key, &value, mask, p, false, None, false)?
        };
        context.f_transpose(1, 2)?.f_reshape([rows, length, self.hidden])
    }

    fn normalize(&self, hidden: &Tensor, norm: &Affine) -> Result<Tensor, TchError> {
        hidden.f_layer_norm(
            [self.hidden],
            Some(&norm.weight),
            Some(&norm.bias),
            self.epsilon,
            true,
        )
    }
}

/// Attention with dropout in single steps, as libtorch's own does it on the CPU too, but with cheaper draws. Query, key
/// and value are (B, heads, L, d), `mask` is that of [`FusedBert::mask`].
fn attend_with_dropout(
    [query, key, value]: [&Tensor; 3],
    mask: Option<&Tensor>,
    p: f64,
) -> Result<Tensor, TchError> {
    let width = query.size()[3] as f64;
    let mut scores = query
        .f_mul_scalar(width.sqrt().recip())?
        .f_matmul(&key.f_transpose(2, 3)?)?;
    match mask {
        Some(mask) if mask.kind() == Kind::Bool => {
            let low = mask
                .f_zeros_like()?
                .f_to_kind(scores.kind())?
                .f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?;
            let _ = scores.f_add_(&low)?;
        }
        Some(added) => {
            let _ = scores.f_add_(added)?;
        }
        None => {}
    }
    let weights = scores.f_softmax(-1, None::<Kind>)?;
    let (kept, scale) = dropout::mask(&weights.size(), p)?;
    // The scale is cheaper on the values than on the weights.
    weights.f_mul(&kept)?.f_matmul(&value.f_mul_scalar(scale)?)
}

/// RoBERTa's positions of `ids`, both (B, L): the first token that is not `padding` has `padding + 1`, and `padding`
/// itself has its own id, wherever it stands.
pub(crate) fn positions_from_padding(ids: &Tensor, padding: i64) -> Result<Tensor, TchError> {
    let counted = ids.f_ne(padding)?.f_to_kind(Kind::Int64)?;
    let number = counted.f_cumsum(1, Kind::Int64)?;
    number.f_mul(&counted)?.f_add_scalar(padding)
}

/// Tokens from which on oneDNN's matrix product is the faster one; below, making one for each new number of tokens
/// takes longer than it saves.
const MANY_TOKENS: i64 = 1024;

/// A linear step (B, L, K) → (B, L, N), with what LoRA adds.
fn linear(input: &Tensor, part: &Affine, train: bool) -> Result<Tensor, TchError> {
    let output = product(input, &part.weight, &part.bias, train)?;
    adapt(output, part.adapter.as_ref(), input, train)
}

/// `output`, which a matrix gives for `input`, with what LoRA adds to it.
fn adapt(output: Tensor, adapter: Option<&Adapter>, input: &Tensor, train: bool) -> Result<Tensor, TchError> {
    match adapter {
        Some(adapter) => output.f_add(&adapter.forward(input, train)?),
        None => Ok(output),
    }
}

/// `weight` (N, K) times `input` (B, L, K), plus `bias` (N). Without a training, of many tokens on an x86 CPU, it is a
/// convolution with a kernel of one: libtorch computes that with oneDNN, which is an eighth faster than its linear step
/// with MKL.
fn product(input: &Tensor, weight: &Tensor, bias: &Tensor, train: bool) -> Result<Tensor, TchError> {
    let size = input.size();
    let (tokens, wide, narrow) = (size[0] * size[1], weight.size()[0], size[2]);
    let on_cpu = cfg!(target_arch = "x86_64") && input.device() == Device::Cpu;
    if train || !on_cpu || tokens < MANY_TOKENS || input.kind() != Kind::Float {
        return input.f_linear(weight, Some(bias));
    }
    // Tokens are the pixels of a picture with a channel for each number, the channels last in memory.
    let picture = input
        .f_contiguous()?
        .f_view([1, tokens, 1, narrow])?
        .f_permute([0, 3, 1, 2])?;
    let kernel = weight.f_view([wide, narrow, 1, 1])?;
    picture
        .f_mkldnn_convolution(&kernel, Some(bias), [0, 0], [1, 1], [1, 1], 1)?
        .f_permute([0, 2, 3, 1])?
        .f_reshape([size[0], size[1], wide])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tokens_take_the_same_linear_step() {
        let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
        let part = Affine {
            weight: random(&[24, 16]),
            bias: random(&[24]),
            adapter: None,
        };
        let input = random(&[4, MANY_TOKENS / 4 + 1, 16]);
        // As after attention, whose heads lie between.
        let turned = random(&[MANY_TOKENS / 4 + 1, 4, 16]).transpose(0, 1);
        for input in [input, turned] {
            let (fast, plain) = (linear(&input, &part, false), linear(&input, &part, true));
            let (fast, plain) = (fast.unwrap(), plain.unwrap());
            assert_eq!(fast.size(), plain.size());
            assert!(fast.allclose(&plain, 1e-5, 1e-5, false));
            assert!(fast.is_contiguous());
        }
    }

    #[test]
    fn attention_that_drops_next_to_nothing_is_libtorchs_own() {
        let shape = [3, 2, 7, 4];
        let parts =
            [(); 3].map(|()| Tensor::randn(shape, (Kind::Float, Device::Cpu)).set_requires_grad(true));
        let [query, key, value] = &parts;
        let lengths = Tensor::from_slice(&[7i64, 5, 1]).view([3, 1, 1, 1]);
        let mask = Tensor::arange(7, (Kind::Int64, Device::Cpu)).less_tensor(&lengths);
        let weights = Tensor::randn(shape, (Kind::Float, Device::Cpu));
        let gradients = |context: Tensor| {
            (&context * &weights).sum(Kind::Float).backward();
            let gradients = parts.each_ref().map(|part| {
                let mut part = part.shallow_clone();
                let gradient = part.grad().copy();
                part.zero_grad();
                gradient
            });
            (context, gradients)
        };
        for mask in [None, Some(&mask)] {
            let (ours, slopes) = gradients(attend_with_dropout([query, key, value], mask, 1e-9).unwrap());
            let own = Tensor::scaled_dot_product_attention(query, key, value, mask, 0.0, false, None, false);
            let (theirs, expected) = gradients(own);
            assert!(ours.allclose(&theirs, 1e-5, 1e-6, false));
            for (slope, expected) in slopes.iter().zip(&expected) {
                assert!(slope.allclose(expected, 1e-5, 1e-6, false));
            }
        }
    }
}
