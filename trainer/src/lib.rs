//! Makes embedding models with libtorch: the part of the program `train` that `train-torch` does.
//!
//! ```text
//! shell: cli ─▶ config ─▶ train ─┬▶ contrastive ─▶ evaluate, checkpoint ─┬▶ output: models/NAME
//!                                │       ▲                               │     └─ model card, run log, configuration
//!                                │  base_model                           │
//!                                └▶ on_device (word vectors) ─▶ evaluate ┘
//! ```
//!
//! What both programs share, and word vectors on the CPU, are in `trainer-shell`.

pub mod base_model;
pub mod checkpoint;
pub mod compare;
pub mod contrastive;
pub mod mine;
pub mod on_device;
pub mod train;

pub use trainer_shell::{
    checkpoint_folder, cli, command, config, error, evaluate, interrupt, model_card, output, progress,
    quality, run_log, word_vectors, words,
};
