//! `cargo xtask bench`: this project beside its peers, on the same data, cores and precision, in one run.
//!
//! Peers come from PyPI where they are there; those that are not are compiled by whoever measures and named by
//! their path. Nothing here runs in tests: a time depends on the machine, a ratio of two from one run far less.

mod ann;
mod config;
mod options;
mod peers;
mod python;
mod report;
mod settings;
mod text_encoders;
mod word2vec;

use anyhow::{Result, bail};

/// Runs the benchmark that the first word names with the options behind it.
pub fn run(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((what, rest)) => match what.as_str() {
            "word2vec" => word2vec::run(&options::Options::parse(rest)?),
            "word2vec-settings" => settings::run(&options::Options::parse(rest)?),
            "train" => text_encoders::run_train(&text_encoders::TrainOptions::parse(rest)?),
            "encode" => text_encoders::run_encode(&text_encoders::EncodeOptions::parse(rest)?),
            "ann" => ann::run(&ann::Options::parse(rest)?),
            other => {
                bail!("no benchmark `{other}`; there are word2vec, word2vec-settings, train, encode and ann")
            }
        },
        None => bail!("`bench` takes what to measure: word2vec, word2vec-settings, train, encode or ann"),
    }
}
