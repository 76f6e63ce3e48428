//! The processor that was chosen, found.

use encoder::{DeviceChoice, EncoderError, Precision, Result};
use tch::{Device, TchError, Tensor};

use crate::cuda_library;

/// Finds the device that was chosen. CUDA's part of libtorch is loaded here, at run time, so that one
/// program serves machines with and without it: call this before any other use of tch.
///
/// Where nothing is asked for and a card cannot be used although its driver is there, `note` is told why.
///
/// # Errors
/// CUDA is asked for and there is none; it never falls back to the CPU by itself.
pub fn select_device(choice: DeviceChoice, note: impl FnOnce(&str)) -> Result<Device> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Auto if !cuda_library::has_nvidia_driver() => Ok(Device::Cpu),
        DeviceChoice::Auto => match cuda_device(0) {
            Ok(device) => Ok(device),
            Err(reason) => {
                note(&format!(
                    "note: computing on the CPU although this machine has an NVIDIA driver: {reason}; see `cargo \
                     xtask setup --cuda`, or say --device cpu"
                ));
                Ok(Device::Cpu)
            }
        },
        DeviceChoice::Cuda(number) => cuda_device(number).map_err(|reason| EncoderError::Device {
            asked: format!("cuda:{number}"),
            reason,
            help: "use --device cpu, or see `cargo xtask setup --cuda`".into(),
        }),
    }
}

/// A tensor of the host on `device`. A GPU fetches it from pinned memory by itself, so that nobody waits.
///
/// # Errors
/// Not enough memory.
pub fn to_device(tensor: Tensor, device: Device) -> std::result::Result<Tensor, TchError> {
    if !device.is_cuda() {
        return Ok(tensor);
    }
    let pinned = tensor.f_pin_memory(device)?;
    pinned.f_to_device_(device, tensor.kind(), true, false)
}

/// What to tell somebody who computes in `precision` on `device` without gaining anything by it.
pub fn note_on_precision(precision: Precision, device: Device) -> Option<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let has_instructions = std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(target_arch = "aarch64")]
    let has_instructions = std::arch::is_aarch64_feature_detected!("bf16");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let has_instructions = false;
    (precision == Precision::Bf16 && device == Device::Cpu && !has_instructions)
        .then_some("this processor has no instructions for bf16: float32 is faster here, and more exact")
}

fn cuda_device(number: usize) -> std::result::Result<Device, String> {
    if !cuda_library::has_nvidia_driver() {
        return Err("this machine has no NVIDIA driver".into());
    }
    let tried = cuda_library::load();
    if !tch::Cuda::is_available() {
        return Err(match tried {
            Ok(path) => format!("libtorch sees no CUDA device with {}", path.display()),
            Err(message) => message,
        });
    }
    match usize::try_from(tch::Cuda::device_count()).unwrap_or(0) {
        count if number < count => Ok(Device::Cuda(number)),
        count => Err(format!("there are {count} CUDA devices, counted from 0")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuda_where_there_is_none_is_an_error_and_auto_is_the_cpu() {
        if cuda_library::has_nvidia_driver() {
            eprintln!("skipped: this machine has an NVIDIA driver");
            return;
        }
        let error = select_device(DeviceChoice::Cuda(0), |_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("cuda:0") && error.contains("--device cpu"),
            "{error}"
        );
        let silent = |note: &str| panic!("{note}");
        assert_eq!(select_device(DeviceChoice::Auto, silent).unwrap(), Device::Cpu);
    }
}
