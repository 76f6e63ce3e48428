//! Writes the folder of a static model that sentence-transformers reads.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::json;

use super::save::{module, write_json};
use super::{MODULES_FILE, PROMPTS_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
use crate::{EncoderError, Result};

/// The name is sentence-transformers' own for the second module's folder.
const NORMALIZE_FOLDER: &str = "1_Normalize";

/// A static model to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewStatic<'a> {
    /// The content of `tokenizer.json`.
    pub tokenizer: &'a str,
    /// Tokens.
    pub rows: usize,
    /// Numbers per token.
    pub dimension: usize,
    /// Whether texts' vectors are scaled to unit length.
    pub normalize: bool,
}

/// Writes `model` into `dir`, which exists; `row` fills in the numbers of one token after the other, so the
/// table need not be in memory.
///
/// # Errors
/// What the file system refuses.
pub fn write_static(dir: &Path, model: NewStatic<'_>, mut row: impl FnMut(usize, &mut [f32])) -> Result<()> {
    let path = dir.join(TOKENIZER_FILE);
    std::fs::write(&path, model.tokenizer).map_err(EncoderError::write(&path))?;
    let path = dir.join(WEIGHTS_FILE);
    write_table(&path, model, &mut row).map_err(EncoderError::write(&path))?;
    // "." and not "": releases before 5 take a first module without a folder for a transformer.
    let mut modules = vec![module(0, ".", "StaticEmbedding")];
    if model.normalize {
        modules.push(module(1, NORMALIZE_FOLDER, "Normalize"));
        let normalize = dir.join(NORMALIZE_FOLDER);
        std::fs::create_dir_all(&normalize).map_err(EncoderError::write(&normalize))?;
        write_json(&normalize.join(super::CONFIG_FILE), &json!({}))?;
    }
    write_json(&dir.join(MODULES_FILE), &modules.into())?;
    let prompts = json!({
        "prompts": {"query": "", "document": ""},
        "default_prompt_name": null,
        "similarity_fn_name": "cosine",
    });
    write_json(&dir.join(PROMPTS_FILE), &prompts)
}

/// A safetensors file of one tensor, row by row.
fn write_table(
    path: &Path,
    model: NewStatic<'_>,
    row: &mut impl FnMut(usize, &mut [f32]),
) -> std::io::Result<()> {
    let NewStatic { rows, dimension, .. } = model;
    let tensor =
        json!({"dtype": "F32", "shape": [rows, dimension], "data_offsets": [0, 4 * rows * dimension]});
    let mut header = json!({"__metadata__": {"format": "pt"}, "embedding.weight": tensor}).to_string();
    // The data begins on a multiple of eight bytes, as readers that map it want it.
    let padded = header.len().next_multiple_of(8);
    header.extend(std::iter::repeat_n(' ', padded - header.len()));
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&(padded as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    let mut numbers = vec![0.0; dimension];
    for token in 0..rows {
        numbers.fill(0.0);
        row(token, &mut numbers);
        for number in &numbers {
            out.write_all(&number.to_le_bytes())?;
        }
    }
    out.flush()
}
