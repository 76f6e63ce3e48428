//! Makes embedding models for a domain: the library behind the program `train`.
//!
//! ```text
//! cli ─▶ config ─┬▶ contrastive ─▶ evaluate, checkpoint ─┬▶ output: models/NAME
//!                │       ▲                               │     └─ model card, run log, configuration
//!                │  base_model                           │
//!                └▶ word_vectors ─▶ evaluate ────────────┘
//! words ─▶ trainer_words::similar
//! ```

pub mod base_model;
pub mod checkpoint;
pub mod cli;
pub mod command;
pub mod config;
pub mod contrastive;
pub mod error;
pub mod evaluate;
pub mod interrupt;
pub mod leftovers;
pub mod model_card;
pub mod output;
pub mod progress;
pub mod quality;
pub mod run_log;
pub mod word_vectors;
pub mod words;
