//! Skip-gram and CBOW with negative sampling or hierarchical softmax, with and without subwords.

pub(crate) mod checkpoint;
mod draws;
#[cfg(test)]
mod gradients;
mod huffman;
mod inputs;
pub(crate) mod kernel;
mod lockstep;
pub(crate) mod matrix;
mod model;
pub(crate) mod random;
pub(crate) mod rows;
pub(crate) mod session;
mod settings;
#[cfg(test)]
mod tests;
mod worker;

pub use checkpoint::Checkpointing;
pub use session::{Learned, learn};
pub use settings::{Architecture, Objective, Settings};
