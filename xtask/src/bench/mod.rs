//! `cargo xtask bench`: this project beside its peers, on the same data, cores and precision, in one run.
//!
//! Peers come from PyPI where they are there; those that are not are compiled by whoever measures and named by
//! their path. Nothing here runs in tests: a time depends on the machine, a ratio of two from one run far less.

mod config;
mod options;
mod peers;
mod python;
mod report;
mod settings;
mod word2vec;

pub use options::Options;
pub use settings::run as run_settings;
pub use word2vec::run;
