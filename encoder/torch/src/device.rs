//! `--device`: which processor computes.

use std::str::FromStr;

use encoder::{EncoderError, Result};
use tch::Device;

use crate::cuda_library;

/// The values of `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A CUDA device by its number; an error where there is none.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => match text.strip_prefix("cuda:").and_then(|number| number.parse().ok()) {
                Some(number) => Ok(Self::Cuda(number)),
                None => Err(format!("expected auto, cpu, cuda or cuda:N, found {text:?}")),
            },
        }
    }
}

/// Finds the device that was chosen. CUDA's part of libtorch is loaded here, at run time, so that one
/// program serves machines with and without it: call this before any other use of tch.
///
/// # Errors
/// CUDA is asked for and there is none; it never falls back to the CPU by itself.
pub fn select_device(choice: DeviceChoice) -> Result<Device> {
    match choice {
        DeviceChoice::Cpu => Ok(Device::Cpu),
        DeviceChoice::Auto if !cuda_library::has_nvidia_driver() => Ok(Device::Cpu),
        DeviceChoice::Auto => match cuda_device(0) {
            Ok(device) => Ok(device),
            Err(_) => Ok(Device::Cpu),
        },
        DeviceChoice::Cuda(number) => cuda_device(number).map_err(|reason| EncoderError::Device {
            asked: format!("cuda:{number}"),
            reason,
            help: "use --device cpu, or see `cargo xtask setup --cuda`".into(),
        }),
    }
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
    fn devices_are_parsed() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda", DeviceChoice::Cuda(0)),
            ("cuda:3", DeviceChoice::Cuda(3)),
        ] {
            assert_eq!(text.parse(), Ok(choice));
        }
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn cuda_where_there_is_none_is_an_error_and_auto_is_the_cpu() {
        if cuda_library::has_nvidia_driver() {
            eprintln!("skipped: this machine has an NVIDIA driver");
            return;
        }
        let error = select_device(DeviceChoice::Cuda(0)).unwrap_err().to_string();
        assert!(
            error.contains("cuda:0") && error.contains("--device cpu"),
            "{error}"
        );
        assert_eq!(select_device(DeviceChoice::Auto).unwrap(), Device::Cpu);
    }
}
