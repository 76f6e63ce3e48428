//! Skip-gram and CBOW with negative sampling or hierarchical softmax, with and without subwords.

mod draws;
mod huffman;
mod inputs;
mod kernel;
mod matrix;
mod model;
mod random;
mod session;
mod settings;
mod simd;
mod worker;

pub use session::learn;
pub use settings::{Architecture, Objective, Settings};
