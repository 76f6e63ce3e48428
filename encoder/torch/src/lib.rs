//! The libtorch backend of the encoder: rust-bert's BERT on tch, on CPU and CUDA.
//!
//! A crate of its own and not a feature of `encoder`: cargo unifies features over a workspace, so a
//! feature would link libtorch into `search` whenever `train` is built beside it.

mod bert;
mod cuda_library;
mod device;
mod fused;
mod threads;
mod torch_encoder;

pub use device::select_device;
pub use threads::{limit_spinning, limit_threads};
pub use torch_encoder::{TorchEncoder, open};
