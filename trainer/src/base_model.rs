//! The model that training starts from, and models to compare and mine with.

use std::path::{Path, PathBuf};

use encoder::Encoder;
use encoder::model::{Architecture, ModelFolder, Prompts, note_on_raw};
use encoder_torch::TorchEncoder;
use tch::Device;

use crate::config::Contrastive;
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

/// Opens the model at `dir` on `device`, with the configuration's maximum length, dropout and prompts. What is trained
/// are whole vectors, and those cut as the losses say; the folder's own `truncate_dim` holds where texts are encoded.
///
/// # Errors
/// A damaged or unsupported folder, a `max_length` beyond the model's positions.
pub fn open(dir: &Path, config: &Contrastive, device: Device) -> Result<TorchEncoder> {
    let mut folder = ModelFolder::open(dir)?;
    tell_if_raw(dir);
    if let Some(prompts) = &config.prompts {
        folder = folder.with_prompts(Prompts {
            query: prompts.query.clone(),
            document: prompts.document.clone(),
        });
    }
    folder = folder.with_matryoshka(&config.matryoshka());
    let train = &config.train;
    if let Some(length) = train.max_length {
        let positions = folder.bert().longest_text();
        if length > positions {
            return Err(TrainError::Config(format!(
                "train.max_length = {length} is out of range; expected 3 to {positions}, the positions of {}",
                dir.display()
            )));
        }
        folder = folder.with_max_length(length)?;
    }
    Ok(TorchEncoder::from_folder(folder, device, train.dropout)?)
}

/// Says what is added to a raw pre-trained model.
fn tell_if_raw(dir: &Path) {
    if let Some(note) = note_on_raw(dir) {
        say(&format!("note: {note}"));
    }
}
