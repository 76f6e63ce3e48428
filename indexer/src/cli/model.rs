//! Opens the encoder that was asked for.

use std::path::Path;

use anyhow::bail;
use encoder::DeviceChoice;
use encoder::Encoder;
use encoder::model::Architecture;

use super::args::{Backend, BuildArguments};

/// Loads the model in `folder` with the backend and on the device of the command line. A static model has a
/// backend of its own: there is nothing in it for a numerical library to do.
pub fn open(folder: &Path, arguments: &BuildArguments) -> anyhow::Result<Box<dyn Encoder>> {
    if Architecture::of(folder)? == Architecture::Static {
        if matches!(arguments.device, DeviceChoice::Cuda(_)) {
            bail!(
                "--device: {} is a static model, a table of word vectors, which is looked up on the CPU only; \
                 use --device cpu",
                folder.display()
            );
        }
        return Ok(encoder::open_static(folder)?);
    }
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
