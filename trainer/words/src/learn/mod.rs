//! Skip-gram and CBOW with negative sampling or hierarchical softmax, with and without subwords.

mod settings;

pub use settings::{Architecture, Objective, Settings};
