//! Writes a model folder that sentence-transformers of every version reads.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{
    CONFIG_FILE, MODULES_FILE, ModelFolder, NORMALIZE_FOLDER, POOLING_FOLDER, PROMPTS_FILE,
    SENTENCE_CONFIG_FILE, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE, read_json,
};
use crate::{EncoderError, Result};

/// Files that say how the tokenizer was made; copied as they are where they exist.
const TOKENIZER_COMPANIONS: [&str; 6] = [
    TOKENIZER_CONFIG_FILE,
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
];

/// Writes models derived from `base`: its configuration and tokenizer with new weights.
pub struct FolderWriter<'m> {
    base: &'m ModelFolder,
}

impl<'m> FolderWriter<'m> {
    /// `base` is the model that the weights were trained from.
    pub fn new(base: &'m ModelFolder) -> Self {
        Self { base }
    }

    /// Writes everything but the weights into `dir`, which exists.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write_configuration(&self, dir: &Path) -> Result<()> {
        let base = self.base;
        copy(base.dir(), dir, TOKENIZER_FILE)?;
        write_config(base.dir(), dir)?;
        for name in TOKENIZER_COMPANIONS {
            if base.dir().join(name).exists() {
                copy(base.dir(), dir, name)?;
            }
        }
        let sentence = json!({"max_seq_length": base.max_length(), "do_lower_case": base.lowercase()});
        write_json(&dir.join(SENTENCE_CONFIG_FILE), &sentence)?;
        write_json(&dir.join(PROMPTS_FILE), &self.config())?;
        write_json(&dir.join(MODULES_FILE), &self.modules())?;
        let pooling = dir.join(POOLING_FOLDER);
        std::fs::create_dir_all(&pooling).map_err(EncoderError::write(&pooling))?;
        write_json(
            &pooling.join(CONFIG_FILE),
            &base.pooling().config(base.bert().hidden_size),
        )?;
        if base.normalize() {
            let normalize = dir.join(NORMALIZE_FOLDER);
            std::fs::create_dir_all(&normalize).map_err(EncoderError::write(&normalize))?;
            write_json(&normalize.join(CONFIG_FILE), &json!({}))?;
        }
        Ok(())
    }

    /// Writes the weights into `dir`: BERT's name → (shape, values), all `f32`; in the file they have the names of
    /// the base's family.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write_weights(
        &self,
        dir: &Path,
        tensors: &BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<()> {
        let path = dir.join(WEIGHTS_FILE);
        let bytes: Vec<(String, &Vec<usize>, Vec<u8>)> = tensors
            .iter()
            .map(|(name, (shape, values))| {
                (
                    self.base.bert().family.checkpoint_name(name),
                    shape,
                    values.iter().flat_map(|value| value.to_le_bytes()).collect(),
                )
            })
            .collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, (*shape).clone(), bytes);
            view.map(|view| ((*name).clone(), view))
        });
        let views = views
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(EncoderError::compute("safetensors", "laying out the weights"))?;
        let metadata = Some([("format".to_owned(), "pt".to_owned())].into());
        let file = safetensors::serialize(views, metadata)
            .map_err(EncoderError::compute("safetensors", "laying out the weights"))?;
        std::fs::write(&path, file).map_err(EncoderError::write(&path))
    }

    fn modules(&self) -> Value {
        let mut modules = vec![module(0, "", "Transformer"), module(1, POOLING_FOLDER, "Pooling")];
        if self.base.normalize() {
            modules.push(module(2, NORMALIZE_FOLDER, "Normalize"));
        }
        Value::Array(modules)
    }

    fn config(&self) -> Value {
        let prompts = self.base.prompts();
        let mut config = Map::from_iter([
            (
                "prompts".to_owned(),
                json!({"query": prompts.query, "document": prompts.document}),
            ),
            ("default_prompt_name".to_owned(), Value::Null),
            ("similarity_fn_name".to_owned(), "cosine".into()),
        ]);
        self.base.dimensions().write(&mut config);
        Value::Object(config)
    }
}

/// An entry of `modules.json`. The class path is the old one, which newer releases still understand.
pub(super) fn module(index: usize, path: &str, class: &str) -> Value {
    json!({
        "idx": index,
        "name": index.to_string(),
        "path": path,
        "type": format!("sentence_transformers.models.{class}"),
    })
}

/// `config.json` as it is, but for the type of the weights, which Python would turn them back into.
fn write_config(from: &Path, to: &Path) -> Result<()> {
    let mut config: Map<String, Value> = read_json(&from.join(CONFIG_FILE))?;
    let mut changed = false;
    for key in ["dtype", "torch_dtype"] {
        if let Some(kind) = config.get_mut(key).filter(|kind| *kind != "float32") {
            *kind = "float32".into();
            changed = true;
        }
    }
    if changed {
        write_json(&to.join(CONFIG_FILE), &config.into())
    } else {
        copy(from, to, CONFIG_FILE)
    }
}

fn copy(from: &Path, to: &Path, name: &str) -> Result<()> {
    let source = from.join(name);
    let bytes = std::fs::read(&source).map_err(EncoderError::read(&source))?;
    let target = to.join(name);
    std::fs::write(&target, bytes).map_err(EncoderError::write(&target))
}

pub(super) fn write_json(path: &Path, value: &Value) -> Result<()> {
    std::fs::write(path, format!("{value:#}\n")).map_err(EncoderError::write(path))
}
