//! The project's own commands: `cargo xtask setup | demo | test | check | bench`.
//!
//! A program in place of scripts, so that a fresh machine needs nothing but Rust to run them. It
//! depends on none of the other crates: it must compile in seconds, before libtorch is there.

mod bench;
mod check;
mod console;
mod demo;
mod faults;
mod setup;
mod table;
mod test;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
The project's own commands.

Usage: cargo xtask <COMMAND>

Commands:
  setup [--cuda] [--force]  Fetch libtorch and the base model from PyPI, once per machine
                              --cuda   also what an NVIDIA card needs (about 2 GB more)
                              --force  unpack again, and replace a deps/ folder made by hand
  demo                      Set up, build, train on data/medical, index, search, measure
  test [ARGS]...            Set up, then every test; ARGS go to `cargo test`
  faults [TRIES]            The fault tests of the index at 200 (or TRIES) places each: kills, failing calls,
                              damaged files; may take an hour
  bench word2vec [OPTIONS]  Word vectors beside gensim, fastText and others; fetches those from PyPI
                              --text FILES, --wordsim DIR        [default: in ../shared/data]
                              --word2vec-c FILE, --pword2vec FILE  these two, compiled
                              --epochs 3, --seeds 3, --dimensions 100,300, --threads 1,2
                              --methods skip-gram,cbow,subwords
  bench word2vec-settings   What each setting does to the quality and speed of word vectors
                              --text, --wordsim, --epochs, --seeds, --threads as above
  bench train [OPTIONS]     Fine-tuning beside sentence-transformers' trainer, in turn; fetches that from PyPI
                              --pairs FILE                       [default: MedQuAD in ../shared/data]
                              --model DIR                        [default: the base model]
                              --batch 64,256, --max-length 128,256, --steps 12, --warm-up 2, --seeds 3
                              --threads N, --device cpu|cuda     [default: all cores; cpu]
                              --precision float32|bf16           [default: float32]
                              --cached N  also the loss that caches gradients, on batches of N pairs, with
                                          --mini-batch 32 texts at a time, for --cached-steps 2
                              --eval DIR  nDCG@10 of the trained models on questions in BEIR's form
                              --python FILE  a Python that has the packages, in place of a new one
  bench encode [OPTIONS]    Both backends of `index build` beside sentence-transformers and ONNX Runtime, in turn
                              --corpus FILE, --texts 1000        [default: of MedQuAD in ../shared/data]
                              --turns 3; --model, --batch, --max-length, --threads, --device, --precision,
                              --python as above
  bench ann [OPTIONS]       Nearest neighbours beside hnswlib, FAISS and usearch, in turn; fetches those from PyPI
                              --sets LIST   of medquad[:COUNT] and random-DIMENSION:COUNT
                                            [default: 20,000 vectors of 384, 100 and 960 numbers]
                              --full        the sets that figures are published of (hours); --million  one more
                              --threads 1,2, --turns 3, --queries 1000, --metric cosine|euclidean
                              --m 16, --ef-construction 200, --ef LIST
                              --tools LIST  beginnings of names, as in hnswlib,faiss  [default: all]
                              --data DIR    the shared data                [default: ../shared/data]
                              --plot FILE.svg, --json, --python FILE as above
  check                     rustfmt, clippy, rustdoc, and `search` built without libtorch

Downloads are kept in $SEXTANT_CACHE, else $XDG_CACHE_HOME/sextant, else ~/.cache/sextant.
Exit codes: 0 done, 2 error.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::note(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments.split_first() {
        None => ("help", &[][..]),
        Some((command, rest)) => (command.as_str(), rest),
    };
    match command {
        "setup" => setup::run(setup::Options::parse(rest)?),
        "demo" if rest.is_empty() => demo::run(),
        "test" => test::run(rest),
        "faults" => faults::run(rest),
        "check" if rest.is_empty() => check::run(),
        "bench" => bench::run(rest),
        "demo" | "check" => bail!("`{command}` takes no arguments, got `{}`", rest.join(" ")),
        "help" | "--help" | "-h" => {
            console::say(HELP.trim_end());
            Ok(())
        }
        other => bail!("no command `{other}`; there are setup, demo, test, faults, bench, check and help"),
    }
}
