//! `train compare` with libtorch's encoder.

use encoder::DeviceChoice;
use encoder_torch::select_device;
use trainer_shell::compare::{args::Args, execute};

use crate::base_model::open_any;
use crate::error::{Result, TrainError};
use crate::progress::say;

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
    let device = select_device(choice, say)?;
    execute(args, &|model| open_any(model, device))
}
