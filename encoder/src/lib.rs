//! Text → tokens → vectors: everything that Sextant's three programs share.
//!
//! ```text
//! tables ─▶ corpus ─▶ text::Document ─▶ tokens ─▶ Encoder (candle here, libtorch in encoder/torch) ─▶ vectors
//!                     beir (queries, judgements) ─────────────────────────▶ ranking ◀─ exact top-k ◀────┘
//! ```
//!
//! A model is a sentence-transformers folder ([`model::ModelFolder`]). [`open_candle`] makes an
//! [`Encoder`] of it that needs no libtorch, so that `search` stays one small binary.

pub mod beir;
mod candle_backend;
pub mod corpus;
mod encode;
mod error;
pub mod model;
pub mod ranking;
pub mod tables;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod tokens;
pub mod vectors;

pub use candle_backend::open_candle;
pub use encode::{Backend, Encoded, Encoder, TextEncoder};
pub use error::{EncoderError, Result, message};
