//! Writes the model folder that `tests/fixtures/make_saved_model.py` reads with sentence-transformers:
//! a tiny random BERT, opened and saved by this crate.
//!
//!     cargo run --release -p encoder-torch --example save_tiny_model FOLDER
use std::error::Error;
use std::path::PathBuf;

use encoder_torch::TorchEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let target: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("usage: save_tiny_model FOLDER")?
        .into();
    let made = tempfile::tempdir()?;
    encoder::testing::write_tiny_model(made.path(), 7)?;
    std::fs::create_dir_all(&target)?;
    TorchEncoder::open(made.path(), tch::Device::Cpu)?.save(&target)?;
    Ok(())
}
