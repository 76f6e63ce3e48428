//! BERT's forward pass with fused attention, on the parameters that rust-bert made.
//!
//! rust-bert writes attention as matrix product, softmax, matrix product and GELU as five
//! elementwise steps, so that each walks memory again. libtorch's `scaled_dot_product_attention` and
//! `gelu` do each in one pass. Same parameters, same result (a test compares them). Every step is of
//! the kind that returns errors: a batch too large for the memory ends with a message.

use encoder::model::BertConfig;
use tch::{TchError, Tensor, nn};

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
    /// The row that gets no gradient.
    padding: i64,
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
            padding: config.pad_token_id as i64,
            hidden_dropout: dropout.unwrap_or(config.hidden_dropout_prob),
            attention_dropout: dropout.unwrap_or(config.attention_probs_dropout_prob),
        }
    }

    /// `ids` (B, L) and `mask` (B, L; `None` where no text is padded) → hidden states (B, L, D).
    pub(crate) fn forward(
        &self,
        ids: &Tensor,
        mask: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let length = ids.size()[1];
        // (B, 1, 1, L): whether a token may be looked at.
        let mask = mask
            .map(|mask| mask.f_gt(0.0)?.f_unsqueeze(1)?.f_unsqueeze(1))
            .transpose()?;
        let words = Tensor::f_embedding(&self.words, ids, self.padding, false, train)?;
        let hidden = words.f_add(&self.positions.f_narrow(0, 0, length)?)?;
        let hidden = hidden.f_add(&self.token_types.f_select(0, 0)?)?;
        let mut hidden = self
            .normalize(&hidden, &self.norm)?
            .f_dropout(self.hidden_dropout, train)?;
        for layer in &self.layers {
            hidden = self.layer(layer, &hidden, mask.as_ref(), train)?;
        }
        Ok(hidden)
    }

    fn layer(
        &self,
        layer: &Layer,
        hidden: &Tensor,
        mask: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let attended = self.attention(layer, hidden, mask, train)?;
        let attended = linear(&attended, &layer.attention_output)?.f_dropout(self.hidden_dropout, train)?;
        let attended = self.normalize(&attended.f_add(hidden)?, &layer.attention_norm)?;
        let wide = linear(&attended, &layer.intermediate)?.f_gelu("none")?;
        let narrow = linear(&wide, &layer.output)?.f_dropout(self.hidden_dropout, train)?;
        self.normalize(&narrow.f_add(&attended)?, &layer.output_norm)
    }

    fn attention(
        &self,
        layer: &Layer,
        hidden: &Tensor,
        mask: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let size = hidden.size();
        let (rows, length) = (size[0], size[1]);
        // (B, L, D) → (B, heads, L, D / heads), without a copy.
        let heads = |part: &Affine| {
            let split = [rows, length, self.heads, self.hidden / self.heads];
            linear(hidden, part)?.f_view(split)?.f_transpose(1, 2)
        };
        let context = Tensor::f_scaled_dot_product_attention(
            &heads(&layer.query)?,
            &heads(&layer.key)?,
            &heads(&layer.value)?,
            mask,
            if train { self.attention_dropout } else { 0.0 },
            false,
            None,
            false,
        )?;
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

fn linear(input: &Tensor, part: &Affine) -> Result<Tensor, TchError> {
    input.f_linear(&part.weight, Some(&part.bias))
}
