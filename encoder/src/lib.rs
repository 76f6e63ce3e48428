//! Text → tokens → vectors: everything that Sextant's three programs share.
//!
//! ```text
//! tables ─▶ corpus ─▶ text::Document ─▶ tokens ─▶ Encoder (candle here, libtorch in encoder/torch) ─▶ vectors
//!                     beir (queries, judgements) ─────────────────────────▶ ranking ◀─ exact top-k ◀────┘
//! ```
//!
//! A model is a sentence-transformers folder of the BERT family ([`model::ModelFolder`]) or of a static table of word
//! vectors ([`model::StaticFolder`]). [`open`] makes an [`Encoder`] of either that needs no libtorch, so that
//! `search` stays one small binary.

pub mod beir;
mod candle_backend;
pub mod corpus;
mod device;
mod encode;
mod error;
pub mod model;
mod precision;
pub mod ranking;
pub mod significance;
mod static_encoder;
pub mod tables;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod tokens;
pub mod vectors;

pub use candle_backend::{load_candle, open_candle};
pub use device::DeviceChoice;
pub use encode::{Backend, Encoded, Encoder, TextEncoder};
pub use error::{EncoderError, Result, message};
pub use precision::Precision;
pub use static_encoder::{load_static, open_static};

/// Opens a model folder of either architecture for encoding on the CPU, without libtorch.
///
/// # Errors
/// A folder that is incomplete, damaged or uses something unsupported.
pub fn open(dir: &std::path::Path) -> Result<Box<dyn Encoder>> {
    match model::Architecture::of(dir)? {
        model::Architecture::Bert => open_candle(dir),
        model::Architecture::Static => open_static(dir),
    }
}

/// Opens a model folder as [`open`] does, to be compared with vectors of `dimension` numbers: whatever the folder says,
/// vectors are cut to that length, or left whole if they are not longer.
///
/// # Errors
/// Those of [`open`].
pub fn open_truncated(dir: &std::path::Path, dimension: usize) -> Result<Box<dyn Encoder>> {
    match model::Architecture::of(dir)? {
        model::Architecture::Bert => {
            let folder = model::ModelFolder::open(dir)?;
            let kept = dimension.min(folder.dimensions().full());
            load_candle(&folder.with_truncate_dim(kept)?)
        }
        model::Architecture::Static => {
            let folder = model::StaticFolder::open(dir)?;
            let kept = dimension.min(folder.dimensions().full());
            load_static(&folder.with_truncate_dim(kept)?)
        }
    }
}
