//! rust-bert's BERT with the weights of a model folder of the BERT family, pooled and normalized.
//!
//! rust-bert makes and names the parameters and is the reference; the forward pass that is used is
//! [`FusedBert`], on the same parameters. The relatives of BERT have the same layers, so the same model serves
//! them: positions are given to it, and where there are no token types they are a row of zeros that is no parameter.
//! MPNet's relative positions are a parameter besides, which only [`FusedBert`] knows of.

use std::collections::HashMap;

use encoder::model::{BertConfig, ModelFolder, Pooling, RELATIVE_POSITIONS};
use encoder::tokens::TokenBatch;
use encoder::{Backend, EncoderError, Precision, Result};
use rust_bert::bert::{BertEmbeddings, BertModel};
use tch::{Device, Kind, TchError, Tensor, nn};

use crate::device::to_device;
use crate::fused::{FusedBert, Weights, positions_from_padding};
use crate::lora::Lora;
use crate::tuning::Tuning;

const TOKEN_TYPES: &str = "embeddings.token_type_embeddings.weight";

/// The model on its device.
pub(crate) struct TorchBert {
    variables: nn::VarStore,
    model: BertModel<BertEmbeddings>,
    fused: FusedBert,
    /// What [`FusedBert::weights`] gives, where the parameters do not change any more.
    settled: Option<Weights>,
    /// The id of padding where positions are counted from it.
    count_from: Option<i64>,
    pooling: Pooling,
    normalize: bool,
    lora: Option<Lora>,
}

impl TorchBert {
    /// Builds the model and puts the folder's weights in.
    pub(crate) fn load(folder: &ModelFolder, device: Device, tuning: &Tuning) -> Result<Self> {
        let config = folder.bert();
        let variables = nn::VarStore::new(device);
        let small = rust_bert_config(config, tuning.dropout);
        let model = BertModel::new_with_optional_pooler(variables.root(), &small, false);
        if config.type_vocab_size == 0 {
            zero_and_remove(&variables, TOKEN_TYPES);
        }
        if config.relative_attention_num_buckets > 0 {
            add_relative_positions(&variables, config);
        }
        put_weights(&variables, folder)?;
        tuning
            .apply(&variables)
            .map_err(EncoderError::compute("libtorch", "adding LoRA's parameters"))?;
        let fused = FusedBert::new(&variables, config, tuning);
        Ok(Self {
            fused,
            settled: None,
            variables,
            model,
            count_from: config
                .family
                .counts_from_padding()
                .then_some(config.pad_token_id as i64),
            pooling: folder.pooling(),
            normalize: folder.normalize(),
            lora: tuning.lora.clone(),
        })
    }

    pub(crate) fn variables(&self) -> &nn::VarStore {
        &self.variables
    }

    /// The parameters as a model of this architecture has them: what LoRA learned is in the matrices.
    pub(crate) fn weights(&self) -> Result<HashMap<String, Tensor>> {
        match &self.lora {
            Some(lora) => lora
                .merge(&self.variables)
                .map_err(EncoderError::compute("libtorch", "merging what LoRA learned")),
            None => Ok(self.variables.variables()),
        }
    }

    /// Computes in `precision` from now on.
    pub(crate) fn set_precision(&mut self, precision: Precision) {
        self.fused.set_precision(precision);
        self.settled = None;
    }

    /// Takes the parameters as they are now for good, for encoding alone.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let settled = tch::no_grad(|| self.fused.weights());
        self.settled = Some(settled.map_err(EncoderError::compute("libtorch", "converting the weights"))?);
        Ok(())
    }

    /// One vector per text and batch, each of shape `(rows, dimension)`, on the device, differentiable; dropout is
    /// active where `train` is set.
    pub(crate) fn embed(&self, batches: &[TokenBatch], train: bool) -> Result<Vec<Tensor>> {
        let failed = || EncoderError::compute("libtorch", "running the model");
        let made;
        let weights = match &self.settled {
            Some(settled) => settled,
            None => {
                made = self.fused.weights().map_err(failed())?;
                &made
            }
        };
        let vectors = batches.iter().map(|batch| self.embed_one(weights, batch, train));
        let vectors = vectors.collect::<std::result::Result<_, TchError>>();
        vectors.map_err(failed())
    }

    fn embed_one(
        &self,
        weights: &Weights,
        batch: &TokenBatch,
        train: bool,
    ) -> std::result::Result<Tensor, TchError> {
        let (ids, mask) = self.inputs(batch)?;
        let padding = (!batch.is_dense()).then_some(&mask);
        self.pool(&self.fused.forward(weights, &ids, padding, train)?, &mask)
    }

    /// The same by rust-bert's own forward pass: the reference for [`Self::embed`]. rust-bert's LayerNorm adds
    /// 1e-12 to the variance, whatever the configuration says, and it knows of no LoRA and no relative positions.
    pub(crate) fn embed_by_rust_bert(&self, batch: &TokenBatch) -> Result<Tensor> {
        let failed = || EncoderError::compute("libtorch", "preparing a batch");
        let (ids, mask) = self.inputs(batch).map_err(failed())?;
        // rust-bert wants integers: it inverts the mask bit by bit.
        let integers = mask.to_kind(Kind::Int64);
        let positions = self
            .count_from
            .map(|padding| positions_from_padding(&ids, padding));
        let positions = positions.transpose().map_err(failed())?;
        let (ids, mask_of_integers) = (Some(&ids), Some(&integers));
        let output = self
            .model
            .forward_t(
                ids,
                mask_of_integers,
                None,
                positions.as_ref(),
                None,
                None,
                None,
                false,
            )
            .map_err(EncoderError::compute("libtorch", "running rust-bert's model"))?;
        self.pool(&output.hidden_state, &mask).map_err(failed())
    }

    /// Ids and mask on the device, both (B, L).
    fn inputs(&self, batch: &TokenBatch) -> std::result::Result<(Tensor, Tensor), TchError> {
        let shape = [batch.rows() as i64, batch.length as i64];
        let device = self.variables.device();
        let ids: Vec<i64> = batch.ids.iter().map(|&id| i64::from(id)).collect();
        let on_device = |tensor: Tensor| to_device(tensor.f_view(shape)?, device);
        Ok((
            on_device(Tensor::f_from_slice(&ids)?)?,
            on_device(Tensor::f_from_slice(&batch.mask())?)?,
        ))
    }

    fn pool(&self, hidden: &Tensor, mask: &Tensor) -> std::result::Result<Tensor, TchError> {
        let pooled = pool(hidden, mask, self.pooling)?;
        if self.normalize {
            normalize(&pooled)
        } else {
            Ok(pooled)
        }
    }
}

impl Backend for TorchBert {
    fn forward(&self, batch: &TokenBatch) -> Result<Vec<f32>> {
        let vectors = tch::no_grad(|| self.embed(std::slice::from_ref(batch), false))?;
        let flat = Tensor::f_cat(&vectors, 0)
            .and_then(|vectors| vectors.f_to_device(Device::Cpu)?.f_contiguous()?.f_view(-1));
        flat.and_then(|flat| Vec::<f32>::try_from(&flat))
            .map_err(EncoderError::compute("libtorch", "reading the vectors"))
    }
}

/// `hidden` (B, L, D) and `mask` (B, L) → (B, D).
fn pool(hidden: &Tensor, mask: &Tensor, pooling: Pooling) -> std::result::Result<Tensor, TchError> {
    let mask = mask.f_unsqueeze(-1)?;
    let kind = hidden.kind();
    match pooling {
        Pooling::Cls => hidden.f_select(1, 0),
        Pooling::Mean => {
            let sum = hidden.f_mul(&mask)?.f_sum_dim_intlist(1, false, kind)?;
            sum.f_div(&mask.f_sum_dim_intlist(1, false, kind)?)
        }
        Pooling::Max => {
            // Padding must never win: pushed below every real value.
            let low = mask.f_sub_scalar(1.0)?.f_mul_scalar(1e9)?;
            hidden.f_add(&low)?.f_amax(1, false)
        }
    }
}

/// Rows to unit length; a zero row stays zero, as in PyTorch's `normalize`.
fn normalize(vectors: &Tensor) -> std::result::Result<Tensor, TchError> {
    let length = vectors.f_norm_scalaropt_dim(2.0, [1], true)?.f_clamp_min(1e-12)?;
    vectors.f_div(&length)
}

/// The shape for rust-bert, with the large tables left at one row: rust-bert fills each parameter
/// with random numbers first, which takes seconds for a whole model, and [`put_weights`] replaces
/// them all. What rust-bert remembers besides the parameters (hidden size, heads, layers, dropout)
/// is true.
fn rust_bert_config(config: &BertConfig, dropout: Option<f64>) -> rust_bert::bert::BertConfig {
    rust_bert::bert::BertConfig {
        hidden_act: rust_bert::Activation::gelu,
        attention_probs_dropout_prob: dropout.unwrap_or(config.attention_probs_dropout_prob),
        hidden_dropout_prob: dropout.unwrap_or(config.hidden_dropout_prob),
        hidden_size: config.hidden_size as i64,
        intermediate_size: 1,
        max_position_embeddings: 1,
        num_attention_heads: config.num_attention_heads as i64,
        num_hidden_layers: config.num_hidden_layers as i64,
        type_vocab_size: config.type_vocab_size.max(1) as i64,
        vocab_size: 1,
        ..rust_bert::bert::BertConfig::default()
    }
}

/// Adds the parameter of an MPNet that BERT does not have; [`put_weights`] fills it.
fn add_relative_positions(variables: &nn::VarStore, config: &BertConfig) {
    let (part, name) = RELATIVE_POSITIONS.rsplit_once('.').unwrap_or_default();
    let path = part.split('.').fold(variables.root(), |path, part| path / part);
    let shape = [
        config.relative_attention_num_buckets as i64,
        config.num_attention_heads as i64,
    ];
    let _ = path.zeros(name, &shape);
}

/// Makes the variable `name` a tensor of zeros that is no variable any more.
fn zero_and_remove(variables: &nn::VarStore, name: &str) {
    // Only a thread that panicked within tch could have poisoned the lock.
    let mut held = variables
        .variables_
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(removed) = held.named_variables.remove(name) {
        let place = removed.data_ptr();
        held.trainable_variables
            .retain(|var| var.tensor.data_ptr() != place);
        let _ = removed.set_requires_grad(false).zero_();
    }
}

/// Gives every parameter the tensor of its name; names and shapes were checked when the folder was opened.
fn put_weights(variables: &nn::VarStore, folder: &ModelFolder) -> Result<()> {
    let path = folder.weights_path();
    let tensors = Tensor::read_safetensors(&path).map_err(EncoderError::compute(
        "libtorch",
        &format!("reading {}", path.display()),
    ))?;
    let mut tensors: HashMap<String, Tensor> = tensors.into_iter().collect();
    for (name, mut parameter) in variables.variables() {
        let in_file = folder.tensor_names().get(&name).unwrap_or(&name);
        let tensor = tensors.remove(in_file).ok_or_else(|| {
            EncoderError::format(
                &path,
                format!("the tensor {in_file}"),
                "no such tensor",
                "copy the model folder again",
            )
        })?;
        let floats = tensor
            .f_to_device(variables.device())
            .and_then(|tensor| tensor.f_to_kind(Kind::Float));
        let floats = floats.map_err(EncoderError::compute("libtorch", "placing the weights"))?;
        tch::no_grad(|| parameter.set_data(&floats));
    }
    Ok(())
}
