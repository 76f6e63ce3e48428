//! The BERT family's forward pass with fused attention, on the parameters that rust-bert made.
//!
//! rust-bert writes attention as matrix product, softmax, matrix product and GELU as five
//! elementwise steps, so that each walks memory again. libtorch's `scaled_dot_product_attention` and
//! `gelu` do each in one pass. Same parameters, same result (a test compares them). Every step is of
//! the kind that returns errors: a batch too large for the memory ends with a message.

use encoder::model::{BertConfig, Family};
use tch::{Kind, TchError, Tensor, nn};

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
    /// A DistilBERT has none.
    token_types: Option<Tensor>,
    norm: Affine,
    layers: Vec<Layer>,
    heads: i64,
    hidden: i64,
    epsilon: f64,
    /// The row that gets no gradient.
    padding: i64,
    /// Whether positions are RoBERTa's.
    counts_from_padding: bool,
    hidden_dropout: f64,
    /// After the attention's output; DistilBERT has none there.
    output_dropout: f64,
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
        let hidden_dropout = dropout.unwrap_or(config.hidden_dropout_prob);
        let distilled = config.family == Family::DistilBert;
        Self {
            words: table("word"),
            positions: table("position"),
            token_types: (!distilled).then(|| table("token_type")),
            norm,
            layers,
            heads: config.num_attention_heads as i64,
            hidden: config.hidden_size as i64,
            epsilon: config.layer_norm_eps,
            padding: config.pad_token_id as i64,
            counts_from_padding: config.family.counts_from_padding(),
            hidden_dropout,
            output_dropout: if distilled { 0.0 } else { hidden_dropout },
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
        // (B, 1, 1, L): whether a token may be looked at.
        let mask = mask
            .map(|mask| mask.f_gt(0.0)?.f_unsqueeze(1)?.f_unsqueeze(1))
            .transpose()?;
        let embedded = self.embed(ids, train)?;
        let mut hidden = self
            .normalize(&embedded, &self.norm)?
            .f_dropout(self.hidden_dropout, train)?;
        for layer in &self.layers {
            hidden = self.layer(layer, &hidden, mask.as_ref(), train)?;
        }
        Ok(hidden)
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
        layer: &Layer,
        hidden: &Tensor,
        mask: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let attended = self.attention(layer, hidden, mask, train)?;
        let attended = linear(&attended, &layer.attention_output)?.f_dropout(self.output_dropout, train)?;
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

/// RoBERTa's positions of `ids`, both (B, L): the first token that is not `padding` has `padding + 1`, and `padding`
/// itself has its own id, wherever it stands.
pub(crate) fn positions_from_padding(ids: &Tensor, padding: i64) -> Result<Tensor, TchError> {
    let counted = ids.f_ne(padding)?.f_to_kind(Kind::Int64)?;
    let number = counted.f_cumsum(1, Kind::Int64)?;
    number.f_mul(&counted)?.f_add_scalar(padding)
}

fn linear(input: &Tensor, part: &Affine) -> Result<Tensor, TchError> {
    input.f_linear(&part.weight, Some(&part.bias))
}
