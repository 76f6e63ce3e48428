//! The model that training starts from.

use std::path::{Path, PathBuf};

use encoder::model::ModelFolder;
use encoder_torch::TorchEncoder;
use tch::Device;

use crate::config::{Config, Train};
use crate::error::{Result, TrainError};

/// The base model of `cargo xtask setup`.
const FETCHED: &str = "all-MiniLM-L6-v2";

/// The configured folder, else the base model that set-up fetched: in `deps/` of the current folder, or in
/// the user's cache folder.
///
/// Never `models/latest`: training that starts from whatever was trained last cannot be repeated.
pub fn locate(config: &Config) -> Result<PathBuf> {
    if let Some(path) = &config.base_model {
        return Ok(path.clone());
    }
    let places: Vec<PathBuf> = [Some(PathBuf::from("deps")), cache_folder()]
        .into_iter()
        .flatten()
        .map(|dir| dir.join(FETCHED))
        .collect();
    places.iter().find(|path| path.is_dir()).cloned().ok_or_else(|| {
        let places: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        TrainError::Config(format!(
            "no base model found: looked for {}; fetch it with `cargo xtask setup`, or name a folder with \
             base_model = \"…\" in the configuration",
            places.join(" and ")
        ))
    })
}

/// `$SEXTANT_CACHE`, else `$XDG_CACHE_HOME/sextant`, else `~/.cache/sextant`: the encoder's rule.
fn cache_folder() -> Option<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("SEXTANT_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("sextant")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache").join("sextant")))
}

/// Opens the model at `dir` on `device`, with the configuration's maximum length and dropout.
///
/// # Errors
/// A damaged or unsupported folder, a `max_length` beyond the model's positions.
pub fn open(dir: &Path, train: &Train, device: Device) -> Result<TorchEncoder> {
    let mut folder = ModelFolder::open(dir)?;
    if let Some(length) = train.max_length {
        let positions = folder.bert().max_position_embeddings;
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
