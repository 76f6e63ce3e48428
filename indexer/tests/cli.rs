//! The program `index` from the outside: what it makes, what it refuses, what it leaves behind.
#![cfg(feature = "build")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "cli/workplace.rs"]
mod workplace;

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/building.rs"]
mod building;
#[path = "cli/damage.rs"]
mod damage;
#[path = "cli/exporting.rs"]
mod exporting;
#[path = "cli/hnswlib.rs"]
mod hnswlib;
#[path = "cli/interruption.rs"]
mod interruption;
#[path = "cli/joining.rs"]
mod joining;
#[path = "cli/left_out.rs"]
mod left_out;
#[path = "cli/living.rs"]
mod living;
#[path = "cli/moving.rs"]
mod moving;
#[path = "cli/odd_names.rs"]
mod odd_names;
#[path = "cli/precision.rs"]
mod precision;
#[path = "cli/static_models.rs"]
mod static_models;
#[path = "cli/stdout.rs"]
mod stdout;
#[path = "cli/truncation.rs"]
mod truncation;
#[path = "cli/tuning.rs"]
mod tuning;
#[path = "cli/verifying.rs"]
mod verifying;
