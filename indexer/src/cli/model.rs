//! Opens the encoder that was asked for.

use std::path::Path;

use anyhow::bail;
use encoder::Encoder;
use encoder_torch::DeviceChoice;

use super::args::{Backend, BuildArguments};

/// Loads the model in `folder` with the backend and on the device of the command line.
pub fn open(folder: &Path, arguments: &BuildArguments) -> anyhow::Result<Box<dyn Encoder>> {
    match (arguments.backend, arguments.device) {
        (Backend::Torch, choice) => {
            let device = encoder_torch::select_device(choice)?;
            Ok(encoder_torch::open(folder, device)?)
        }
        (Backend::Candle, DeviceChoice::Auto | DeviceChoice::Cpu) => Ok(encoder::open_candle(folder)?),
        (Backend::Candle, DeviceChoice::Cuda(_)) => {
            bail!("--device: the backend candle computes on the CPU only; use --backend torch for CUDA")
        }
    }
}
