//! The model that training starts from, and models to compare and mine with.

use std::path::{Path, PathBuf};

use encoder::model::{Architecture, ModelFolder, Prompts, note_on_raw};
use encoder::{Encoder, Precision};
use encoder_torch::{Lora, TorchEncoder, Tuning, trained};
use tch::{Device, Tensor};

use crate::config::{self, Contrastive, Train};
use crate::error::{Result, TrainError};
use crate::progress::say;

/// The configured folder, else the base model that set-up fetched.
///
/// Never `models/latest`: training that starts from whatever was trained last cannot be repeated.
///
/// # Errors
/// No folder is configured and none was fetched.
pub fn locate(config: &Contrastive) -> Result<PathBuf> {
    match &config.base_model {
        Some(path) => Ok(path.clone()),
        None => Ok(encoder::model::locate_base()?),
    }
}

/// Opens a model of any architecture for encoding, on `device` where it computes with libtorch.
///
/// # Errors
/// A damaged or unsupported folder.
pub fn open_any(dir: &Path, device: Device) -> Result<Box<dyn Encoder>> {
    tell_if_raw(dir);
    Ok(match Architecture::of(dir)? {
        Architecture::Bert => encoder_torch::open(dir, device)?,
        Architecture::Static => encoder::open_static(dir)?,
    })
}

/// Opens a model of any architecture for the mining of a configuration, as a round of its training would mine with it: a
/// text encoder with the configuration's maximum length, prompts and precision.
///
/// # Errors
/// A damaged or unsupported folder, a `max_length` beyond the model's positions.
pub fn open_to_mine(dir: &Path, config: &Contrastive, device: Device) -> Result<Box<dyn Encoder>> {
    tell_if_raw(dir);
    Ok(match Architecture::of(dir)? {
        Architecture::Bert => {
            let folder = folder_of(dir, config)?;
            let encoder = TorchEncoder::from_folder(folder, device, &Tuning::default())?;
            Box::new(encoder.with_precision(config.train.precision).settled()?)
        }
        Architecture::Static => encoder::open_static(dir)?,
    })
}

/// Opens the model at `dir` on `device`, with the configuration's maximum length, dropout, precision, prompts, frozen
/// parts and LoRA. What is trained are whole vectors, and those cut as the losses say; the folder's own `truncate_dim`
/// holds where texts are encoded.
///
/// # Errors
/// A damaged or unsupported folder, a `max_length` beyond the model's positions, no layer that is not frozen, a
/// rank beyond its matrices'.
pub fn open(dir: &Path, config: &Contrastive, device: Device) -> Result<TorchEncoder> {
    let (folder, train) = (folder_of(dir, config)?, &config.train);
    tell_if_raw(dir);
    if let Some(note) = encoder_torch::note_on_precision(train.precision, device) {
        say(&format!("note: {note}"));
    }
    let tuning = tuning(config, &folder)?;
    let encoder = TorchEncoder::from_folder(folder, device, &tuning)?.with_precision(train.precision);
    tell_what_is_trained(&encoder);
    Ok(encoder)
}

/// The base model of a training with its folder's own maximum length and prompts, in `precision`; `None` where the training
/// has the same.
///
/// # Errors
/// A folder that was damaged meanwhile, not enough memory.
pub fn as_it_is(trained: &TorchEncoder, precision: Precision) -> Result<Option<Box<dyn Encoder>>> {
    let folder = ModelFolder::open(trained.folder().dir())?;
    let (own, other) = (&folder, trained.folder());
    if own.max_length() == other.max_length() && own.prompts() == other.prompts() {
        return Ok(None);
    }
    let device = trained.var_store().device();
    let encoder = TorchEncoder::from_folder(folder, device, &Tuning::default())?;
    Ok(Some(Box::new(encoder.with_precision(precision).settled()?)))
}

/// The folder at `dir` with the configuration's maximum length, prompts and lengths of shortened vectors.
fn folder_of(dir: &Path, config: &Contrastive) -> Result<ModelFolder> {
    let mut folder = ModelFolder::open(dir)?;
    if let Some(prompts) = &config.prompts {
        folder = folder.with_prompts(Prompts {
            query: prompts.query.clone(),
            document: prompts.document.clone(),
        });
    }
    if let Some(length) = config.train.max_length {
        let positions = folder.bert().longest_text();
        if length > positions {
            return Err(TrainError::Config(format!(
                "train.max_length = {length} is out of range; expected 3 to {positions}, the positions of {}",
                dir.display()
            )));
        }
        folder = folder.with_max_length(length)?;
    }
    prompts_leave_room(&folder)?;
    let (lengths, dimension) = (config.matryoshka(), folder.dimensions().full());
    if let Some(long) = lengths.first().filter(|&&length| length >= dimension) {
        return Err(TrainError::Config(format!(
            "loss.matryoshka = {long}: expected lengths below the {dimension} numbers of a vector of {}",
            dir.display()
        )));
    }
    Ok(folder.with_matryoshka(&lengths))
}

/// Refuses a prompt behind which nothing of a text would be read.
fn prompts_leave_room(folder: &ModelFolder) -> Result<()> {
    let (prompts, length) = (folder.prompts(), folder.max_length());
    for (name, prompt) in [("query", &prompts.query), ("document", &prompts.document)] {
        let tokens = folder.tokenizer().without_limit()?.tokenize("", &[prompt])?;
        let taken: usize = tokens.iter().map(|tokens| tokens.ids.len()).sum();
        if taken >= length {
            return Err(TrainError::Config(format!(
                "prompts.{name} has {taken} tokens, special ones included, which leaves no room for a text in \
                 train.max_length = {length}; shorten the prompt, or raise train.max_length"
            )));
        }
    }
    Ok(())
}

/// What is trained of the model in `folder`.
fn tuning(config: &Contrastive, folder: &ModelFolder) -> Result<Tuning> {
    let train = &config.train;
    let (frozen, layers) = (train.freeze_layers, folder.bert().num_hidden_layers);
    if frozen >= layers {
        return Err(TrainError::Config(format!(
            "train.freeze_layers = {frozen} is out of range; expected 0 to {}, because {} has {layers} layers and \
             one of them has to learn",
            layers.saturating_sub(1),
            folder.dir().display()
        )));
    }
    Ok(Tuning {
        dropout: train.dropout,
        freeze_embeddings: train.freeze_embeddings,
        freeze_layers: frozen,
        lora: config
            .lora
            .as_ref()
            .map(|lora| lora_of(lora, train, folder))
            .transpose()?,
    })
}

fn lora_of(lora: &config::Lora, train: &Train, folder: &ModelFolder) -> Result<Lora> {
    let hidden = folder.bert().hidden_size;
    if lora.rank > hidden {
        return Err(TrainError::Config(format!(
            "lora.rank = {} is out of range; expected 1 to {hidden}, the rank of the matrices of {}",
            lora.rank,
            folder.dir().display()
        )));
    }
    Ok(Lora {
        rank: lora.rank,
        alpha: lora.alpha,
        dropout: lora.dropout,
        targets: lora.targets.iter().map(|target| target.part()).collect(),
        seed: u64::from(train.seed),
    })
}

/// Says how much of a model is trained, where that is not all of it.
fn tell_what_is_trained(encoder: &TorchEncoder) {
    let (trained, all) = parameters(encoder);
    if trained < all {
        say(&format!(
            "{trained} of {all} parameters are trained, the others stay as they are"
        ));
    }
}

/// How many numbers of a model are trained, and how many it has.
pub fn parameters(encoder: &TorchEncoder) -> (usize, usize) {
    let variables = encoder.var_store();
    let trained = trained(variables).iter().map(|(_, tensor)| tensor.numel()).sum();
    let all = variables.variables().values().map(Tensor::numel).sum();
    (trained, all)
}

/// Says what is added to a raw pre-trained model.
fn tell_if_raw(dir: &Path) {
    if let Some(note) = note_on_raw(dir) {
        say(&format!("note: {note}"));
    }
}
