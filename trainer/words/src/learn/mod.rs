//! Skip-gram and CBOW with negative sampling or hierarchical softmax, with and without subwords.

mod checkpoint;
mod draws;
mod huffman;
mod inputs;
mod kernel;
mod lockstep;
mod matrix;
mod model;
mod random;
mod rows;
mod session;
mod settings;
pub(crate) mod simd;
#[cfg(test)]
mod tests;
mod worker;

pub use checkpoint::Checkpointing;
pub use session::{Learned, learn};
pub use settings::{Architecture, Objective, Settings};
