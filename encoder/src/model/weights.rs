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
/// Where older models have their weights.
const PICKLE_FILE: &str = "pytorch_model.bin";

#[derive(Deserialize)]
struct TensorInfo {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// The types of numbers that backends turn into 32-bit floats.
const FLOATS: [&str; 3] = ["F32", "F16", "BF16"];

/// Checks that `path` is a whole safetensors file that holds all parameters of `config` as floats with the right
/// shapes, and returns under which name each lies there, by BERT's name. Extra tensors (the pooler, position ids)
/// are allowed.
pub(super) fn check(path: &Path, config: &BertConfig) -> Result<BTreeMap<String, String>> {
    let (tensors, _) = read_header(path)?;
    let mut names = BTreeMap::new();
    for (name, shape) in parameters(config) {
        let known = config.family.known_names(&name);
        let wrong = |found: String| {
            EncoderError::format(
                path,
                format!(
                    "the tensor {} of shape {shape:?} in {}",
                    known[0],
                    FLOATS.join(", ")
                ),
                found,
                "this is not the file that config.json describes",
            )
        };
        let Some((found, info)) = known
            .iter()
            .find_map(|name| Some((name.clone(), tensors.get(name)?)))
        else {
            return Err(wrong("no such tensor".into()));
        };
        if info.shape != shape {
            return Err(wrong(format!("shape {:?}", info.shape)));
        }
        if !FLOATS.contains(&info.dtype.as_str()) {
            return Err(wrong(format!("type {}", info.dtype)));
        }
        names.insert(name, found);
    }
    Ok(names)
}

/// The numbers of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableType {
    /// 32 bits each.
    F32,
    /// 16 bits each.
    F16,
}

impl TableType {
    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}

/// Where in a weights file the table of a static model lies; shape `(rows, dimension)`, row-major, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaticTable {
    /// Bytes of the file before it.
    pub offset: usize,
    /// Tokens.
    pub rows: usize,
    /// Numbers per token.
    pub dimension: usize,
    /// What the numbers are.
    pub kind: TableType,
}

impl StaticTable {
    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.dimension * self.kind.size()
    }
}

/// The names of a static model's table: sentence-transformers', and model2vec's for the same thing.
const TABLE_NAMES: [&str; 2] = ["embedding.weight", "embeddings"];
/// What model2vec's quantized models have besides, without which their table means nothing.
const QUANTIZATION: [&str; 2] = ["mapping", "weights"];

/// Checks that `path` is a whole safetensors file with the table of a static model.
pub(super) fn static_table(path: &Path) -> Result<StaticTable> {
    let (tensors, start) = read_header(path)?;
    let wrong = |found: String| {
        let expected = "the tensor embedding.weight of shape [tokens, dimension] in F32 or F16";
        Err(EncoderError::format(
            path,
            expected,
            found,
            "choose another model",
        ))
    };
    let Some((name, info)) = TABLE_NAMES
        .iter()
        .find_map(|name| Some((*name, tensors.get(*name)?)))
    else {
        let names: Vec<&str> = tensors.keys().map(String::as_str).take(5).collect();
        return wrong(format!("no such tensor among {names:?}"));
    };
    if let Some(other) = QUANTIZATION.iter().find(|other| tensors.contains_key(**other)) {
        return wrong(format!("a quantized table with a tensor {other}"));
    }
    let kind = match info.dtype.as_str() {
        "F32" => TableType::F32,
        "F16" => TableType::F16,
        other => return wrong(format!("{name} in {other}")),
    };
    let &[rows, dimension] = &info.shape[..] else {
        return wrong(format!("{name} of shape {:?}", info.shape));
    };
    let (begin, end) = info.data_offsets;
    let bytes = rows
        .checked_mul(dimension)
        .and_then(|numbers| numbers.checked_mul(kind.size()));
    if rows == 0 || dimension == 0 || bytes.map(|bytes| bytes as u64) != end.checked_sub(begin) {
        return wrong(format!("{name} of shape {:?} in {begin} to {end}", info.shape));
    }
    Ok(StaticTable {
        offset: (start + begin) as usize,
        rows,
        dimension,
        kind,
    })
}

/// The tensors by name and where in the file their data begins, after checking that the file is as long as its header says.
fn read_header(path: &Path) -> Result<(BTreeMap<String, TensorInfo>, u64)> {
    let wrong = |expected: &str, found: String| {
        EncoderError::format(
            path,
            expected,
            found,
            "the file is damaged or cut off: copy or download it again",
        )
    };
    if !path.exists() && path.with_file_name(PICKLE_FILE).exists() {
        return Err(EncoderError::format(
            path,
            "the weights as safetensors",
            format!("{PICKLE_FILE} alone"),
            "pickles are not read, because they can run any code: write the model again with save_pretrained of \
             Python's transformers",
        ));
    }
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
    Ok((tensors, 8 + header_length))
}

/// Every parameter of an encoder without its pooler: BERT's name and shape.
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
        ("embeddings.LayerNorm.weight".to_owned(), vec![hidden]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![hidden]),
    ];
    if config.type_vocab_size > 0 {
        all.push((
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![config.type_vocab_size, hidden],
        ));
    }
    if config.relative_attention_num_buckets > 0 {
        all.push((
            super::RELATIVE_POSITIONS.to_owned(),
            vec![config.relative_attention_num_buckets, config.num_attention_heads],
        ));
    }
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
