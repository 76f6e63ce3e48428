//! Contrastive fine-tuning of a text encoder.
//!
//! ```text
//! pairs ─▶ batches, mixing ─┬─▶ embed ─▶ loss ─▶ optimizer ◀─ schedule     step: once through it
//!   ├───▶ tokens ───────────┤             ▲                                session: all steps and measurements
//!   └───▶ reference ────────┴─────────────┘                                rounds: a session, or mined and again
//!                                                                          run: from the files to the model folder
//!                                                                          check: what run will work on
//! ```

pub mod batches;
pub mod check;
pub mod comparing;
pub mod dataset;
pub mod dropout;
pub mod embed;
pub mod gradient_cache;
pub mod identity;
pub mod loss;
pub mod mined;
pub mod mixing;
pub mod optimizer;
pub mod pairs;
pub mod rankings;
pub mod reference;
pub mod rounds;
pub mod run;
pub mod saving;
pub mod schedule;
pub mod session;
pub mod set_aside;
pub mod static_model;
pub mod step;
pub mod steps;
pub mod stretches;
pub mod tokens;

use tch::TchError;

use crate::error::TrainError;

/// What libtorch refused, in the words of `train`. Functions on tensors alone return libtorch's own error.
fn torch(error: TchError) -> TrainError {
    TrainError::Torch(error.to_string())
}
