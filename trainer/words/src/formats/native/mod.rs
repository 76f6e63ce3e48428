//! Sextant's own format: all that a model knows, in a safetensors file.
//!
//! ```text
//! metadata  format = sextant-word-vectors, version = 1, dimension, blake3 of all tensors' bytes;
//!           with subwords: minn, maxn, buckets
//! counts          U64 [words]
//! vectors         F32 [words, dimension]
//! bucket_vectors  F32 [buckets with a vector, dimension]   with subwords
//! buckets         U32 [buckets with a vector], ascending   with subwords
//! words           U8  UTF-8, a newline behind each
//! ```
//!
//! Tensors lie in the order of their numbers' sizes, so that all are aligned and the vectors can be mapped.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// What the metadata names the format.
const FORMAT: &str = "sextant-word-vectors";

/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;
