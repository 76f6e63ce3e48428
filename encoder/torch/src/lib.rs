//! The libtorch backend of the encoder: rust-bert's BERT on tch, on CPU and CUDA.
//!
//! A crate of its own and not a feature of `encoder`: cargo unifies features over a workspace, so a
//! feature would link libtorch into `search` whenever `train` is built beside it.

mod bert;
mod cuda_library;
mod device;
mod dropout;
mod fused;
mod lora;
mod start;
mod torch_encoder;
mod tuning;

pub use device::{note_on_precision, select_device, to_device};
pub use lora::Lora;
pub use start::{limit_threads, restart_tuned};
pub use torch_encoder::{TorchEncoder, open};
pub use tuning::{Tuning, layer_of, trained};

/// libtorch allocates and frees a gigabyte of activations in each layer. The C library's allocator hands large pieces back
/// to the kernel at once and gets them back page by page; this one keeps them ([`restart_tuned`] says for how long).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
