//! `model.safetensors`: checked against the configuration before any backend sees it, so that a
//! damaged file gives one clear error and never a failure deep inside a numerical library.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::BertConfig;
use crate::{EncoderError, Result};

/// Header bytes at most; the largest known models stay far below.
const LARGEST_HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct TensorInfo {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// Checks that `path` is a whole safetensors file that holds all parameters of `config` in `F32`
/// with the right shapes. Extra tensors (the pooler, position ids) are allowed.
pub(super) fn check(path: &Path, config: &BertConfig) -> Result<()> {
    let tensors = read_header(path)?;
    for (name, shape) in parameters(config) {
        let found = tensors
            .get(&name)
            .or_else(|| tensors.get(&format!("bert.{name}")));
        let expected = || format!("the tensor {name} of shape {shape:?} in F32");
        let wrong = |found: String| {
            EncoderError::format(
                path,
                expected(),
                found,
                "this is not the file that config.json describes",
            )
        };
        match found {
            None => return Err(wrong("no such tensor".into())),
            Some(info) if info.shape != shape => return Err(wrong(format!("shape {:?}", info.shape))),
            Some(info) if info.dtype != "F32" => return Err(wrong(format!("type {}", info.dtype))),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The tensors by name, after checking that the file is as long as its header says.
fn read_header(path: &Path) -> Result<BTreeMap<String, TensorInfo>> {
    let wrong = |expected: &str, found: String| {
        EncoderError::format(
            path,
            expected,
            found,
            "the file is damaged or cut off: copy or download it again",
        )
    };
    let mut file = std::fs::File::open(path).map_err(EncoderError::read(path))?;
    let length = file.metadata().map_err(EncoderError::read(path))?.len();
    let mut size = [0_u8; 8];
    file.read_exact(&mut size)
        .map_err(|_| wrong("a safetensors file", format!("only {length} bytes")))?;
    let header_length = u64::from_le_bytes(size);
    if header_length > LARGEST_HEADER || header_length + 8 > length {
        return Err(wrong(
            "a safetensors header",
            format!("a header of {header_length} bytes in a file of {length}"),
        ));
    }
    let mut header = vec![0; header_length as usize];
    file.read_exact(&mut header).map_err(EncoderError::read(path))?;
    let mut entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|error| wrong("a safetensors header", error.to_string()))?;
    entries.remove("__metadata__");
    let mut tensors = BTreeMap::new();
    let mut end = 0;
    for (name, entry) in entries {
        let info: TensorInfo = serde_json::from_value(entry)
            .map_err(|error| wrong("a tensor's description", format!("{name}: {error}")))?;
        end = end.max(info.data_offsets.1);
        tensors.insert(name, info);
    }
    let expected = end.saturating_add(8 + header_length);
    if expected != length {
        return Err(wrong(&format!("{expected} bytes"), format!("{length} bytes")));
    }
    Ok(tensors)
}

/// Every parameter of a BERT encoder without its pooler: name and shape.
fn parameters(config: &BertConfig) -> Vec<(String, Vec<usize>)> {
    let (hidden, wide) = (config.hidden_size, config.intermediate_size);
    let mut all = vec![
        (
            "embeddings.word_embeddings.weight".to_owned(),
            vec![config.vocab_size, hidden],
        ),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![config.max_position_embeddings, hidden],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![config.type_vocab_size, hidden],
        ),
        ("embeddings.LayerNorm.weight".to_owned(), vec![hidden]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![hidden]),
    ];
    for layer in 0..config.num_hidden_layers {
        let linears = [
            ("attention.self.query", hidden, hidden),
            ("attention.self.key", hidden, hidden),
            ("attention.self.value", hidden, hidden),
            ("attention.output.dense", hidden, hidden),
            ("intermediate.dense", wide, hidden),
            ("output.dense", hidden, wide),
        ];
        for (name, rows, columns) in linears {
            all.push((
                format!("encoder.layer.{layer}.{name}.weight"),
                vec![rows, columns],
            ));
            all.push((format!("encoder.layer.{layer}.{name}.bias"), vec![rows]));
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            all.push((format!("encoder.layer.{layer}.{name}.weight"), vec![hidden]));
            all.push((format!("encoder.layer.{layer}.{name}.bias"), vec![hidden]));
        }
    }
    all
}
