//! BERT's forward pass with fused attention, on the parameters that rust-bert made.
//!
//! rust-bert writes attention as matrix product, softmax, matrix product and GELU as five
//! elementwise steps, so that each walks memory again. libtorch's `scaled_dot_product_attention` and
//! `gelu` do each in one pass. Same parameters, same result (a test compares them).

use encoder::model::BertConfig;
use tch::{Tensor, nn};

/// The parameters of one linear or LayerNorm step; they share their memory with the `VarStore`.
struct Affine {
    weight: Tensor,
    bias: Tensor,
}

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

/// The encoder in the order of its forward pass.
pub(crate) struct FusedBert {
    words: Tensor,
    positions: Tensor,
    token_types: Tensor,
    norm: Affine,
    layers: Vec<Layer>,
    heads: i64,
    hidden: i64,
    epsilon: f64,
    hidden_dropout: f64,
    attention_dropout: f64,
}

impl FusedBert {
    /// Finds the parameters of `variables` by their names in the checkpoint.
    pub(crate) fn new(variables: &nn::VarStore, config: &BertConfig, dropout: Option<f64>) -> Self {
        let mut all = variables.variables();
        // Every name was put there by rust-bert under this very configuration.
        let mut tensor = |name: String| all.remove(&name).unwrap_or_default();
        let mut affine = |name: &str| Affine {
            weight: tensor(format!("{name}.weight")),
            bias: tensor(format!("{name}.bias")),
        };
        let norm = affine("embeddings.LayerNorm");
        let layers = (0..config.num_hidden_layers)
            .map(|i| {
                let mut part = |name: &str| affine(&format!("encoder.layer.{i}.{name}"));
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
        let mut table = |name: &str| tensor(format!("embeddings.{name}_embeddings.weight"));
        Self {
            words: table("word"),
            positions: table("position"),
            token_types: table("token_type"),
            norm,
            layers,
            heads: config.num_attention_heads as i64,
            hidden: config.hidden_size as i64,
            epsilon: config.layer_norm_eps,
            hidden_dropout: dropout.unwrap_or(config.hidden_dropout_prob),
            attention_dropout: dropout.unwrap_or(config.attention_probs_dropout_prob),
        }
    }

    /// `ids` (B, L) and `mask` (B, L; `None` where no text is padded) → hidden states (B, L, D).
    pub(crate) fn forward(&self, ids: &Tensor, mask: Option<&Tensor>, train: bool) -> Tensor {
        let length = ids.size()[1];
        // (B, 1, 1, L): whether a token may be looked at.
        let mask = mask.map(|mask| mask.gt(0.0).unsqueeze(1).unsqueeze(1));
        let words = Tensor::embedding(&self.words, ids, 0, false, false);
        let hidden = words + self.positions.narrow(0, 0, length) + self.token_types.select(0, 0);
        let mut hidden = self
            .normalize(&hidden, &self.norm)
            .dropout(self.hidden_dropout, train);
        for layer in &self.layers {
            hidden = self.layer(layer, &hidden, mask.as_ref(), train);
        }
        hidden
    }

    fn layer(&self, layer: &Layer, hidden: &Tensor, mask: Option<&Tensor>, train: bool) -> Tensor {
        let attended = self.attention(layer, hidden, mask, train);
        let attended = linear(&attended, &layer.attention_output).dropout(self.hidden_dropout, train);
        let attended = self.normalize(&(attended + hidden), &layer.attention_norm);
        let wide = linear(&attended, &layer.intermediate).gelu("none");
        let narrow = linear(&wide, &layer.output).dropout(self.hidden_dropout, train);
        self.normalize(&(narrow + attended), &layer.output_norm)
    }

    fn attention(&self, layer: &Layer, hidden: &Tensor, mask: Option<&Tensor>, train: bool) -> Tensor {
        let size = hidden.size();
        let (rows, length) = (size[0], size[1]);
        // (B, L, D) → (B, heads, L, D / heads), without a copy.
        let heads = |part: &Affine| {
            linear(hidden, part)
                .view([rows, length, self.heads, self.hidden / self.heads])
                .transpose(1, 2)
        };
        let dropout = if train { self.attention_dropout } else { 0.0 };
        let context = Tensor::scaled_dot_product_attention(
            &heads(&layer.query),
            &heads(&layer.key),
            &heads(&layer.value),
            mask,
            dropout,
            false,
            None,
            false,
        );
        context.transpose(1, 2).reshape([rows, length, self.hidden])
    }

    fn normalize(&self, hidden: &Tensor, norm: &Affine) -> Tensor {
        hidden.layer_norm(
            [self.hidden],
            Some(&norm.weight),
            Some(&norm.bias),
            self.epsilon,
            true,
        )
    }
}

fn linear(input: &Tensor, part: &Affine) -> Tensor {
    input.linear(&part.weight, Some(&part.bias))
}
