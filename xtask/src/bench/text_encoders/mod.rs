//! `cargo xtask bench train` and `bench encode`: text encoders beside sentence-transformers and ONNX Runtime.
//!
//! All tools get the same texts and the same model, cut at the same length, and run one after the other in turn, so that
//! a machine that slows down slows all of them down.

mod encode;
mod options;
mod report;
mod speed;
mod train;
mod work;

pub use encode::run as run_encode;
pub use options::{EncodeOptions, TrainOptions};
pub use speed::objects;
pub use train::run as run_train;
