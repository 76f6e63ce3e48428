//! What surrounds every training, and word vectors on the CPU; nothing here links libtorch.
//!
//! ```text
//! command ─▶ cli ─▶ config ─┬▶ word_vectors ─▶ evaluate ─▶ output: models/NAME
//!    │                      └▶ what needs libtorch: given by the program
//!    ├▶ words ─▶ trainer_words::similar
//!    ├▶ compare, mine: with encoders that the program gives
//!    └▶ check: what the program that links libtorch finds out about a training on pairs
//! ```

pub mod check;
pub mod checkpoint_folder;
pub mod cli;
pub mod command;
pub mod compare;
pub mod config;
pub mod error;
pub mod evaluate;
pub mod interrupt;
pub mod leftovers;
pub mod mine;
pub mod model_card;
pub mod output;
pub mod progress;
pub mod quality;
pub mod run_log;
pub mod tensorboard;
pub mod word_vectors;
pub mod words;
