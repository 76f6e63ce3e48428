//! Word vectors through the program `train`.

pub mod on_device;
