//! `train compare` with libtorch's encoder.

use std::path::Path;

use encoder::model::Architecture;
use encoder::{DeviceChoice, Encoder};
use encoder_torch::{TorchEncoder, select_device};
use tch::Device;
use trainer_shell::compare::{args::Args, execute};

use crate::error::{Result, TrainError};

/// Compares two models on the device that is asked for.
///
/// # Errors
/// Those of [`execute`], a device that is not there.
pub fn compare(args: &Args) -> Result<()> {
    let choice: DeviceChoice = args
        .device
        .as_deref()
        .unwrap_or("auto")
        .parse()
        .map_err(TrainError::Config)?;
    let device = select_device(choice)?;
    execute(args, &|model| open(model, device))
}

/// A model of any architecture, on the device where it computes with libtorch.
pub(crate) fn open(model: &Path, device: Device) -> Result<Box<dyn Encoder>> {
    Ok(match Architecture::of(model)? {
        Architecture::Bert => Box::new(TorchEncoder::open(model, device)?),
        Architecture::Static => encoder::open(model)?,
    })
}
