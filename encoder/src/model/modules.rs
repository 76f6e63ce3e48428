//! `modules.json`: the steps after each other, which say what kind of model a folder holds.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::family::MODEL_TYPES;
use super::{CONFIG_FILE, MODULES_FILE, POOLING_FOLDER, read_json};
use crate::{EncoderError, Result};

/// What computes the vectors of a model folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// A transformer of the BERT family whose token vectors are pooled ([`ModelFolder`](super::ModelFolder)).
    Bert,
    /// A table with one vector for each token, whose mean is taken ([`StaticFolder`](super::StaticFolder)).
    Static,
}

impl Architecture {
    /// What the folder says it is; nothing else of it is read.
    ///
    /// # Errors
    /// No such folder, no valid `modules.json`, or modules that are not supported.
    pub fn of(dir: &Path) -> Result<Self> {
        Ok(Modules::read(dir)?.architecture)
    }
}

/// Whether `dir` is a transformer as it was pre-trained, without sentence-transformers' files. A folder that has a
/// pooling but no `modules.json` has lost it.
fn is_raw(dir: &Path) -> bool {
    dir.join(CONFIG_FILE).exists() && !dir.join(MODULES_FILE).exists() && !dir.join(POOLING_FOLDER).exists()
}

/// What to tell whoever uses `dir` if it is a raw pre-trained model: one that was never trained to give vectors for
/// whole texts, to which mean pooling and normalization are added.
pub fn note_on_raw(dir: &Path) -> Option<String> {
    is_raw(dir).then(|| {
        format!(
            "{} has no {MODULES_FILE}: taken as a raw pre-trained model, with mean pooling and normalization added; \
             its vectors say little before it is trained on pairs",
            dir.display()
        )
    })
}

fn not_a_model(path: &Path, found: &str) -> EncoderError {
    EncoderError::format(
        path,
        "a model folder: modules.json of sentence-transformers and what it names, or config.json, tokenizer.json and \
         model.safetensors of a raw pre-trained model",
        found,
        "name the folder that holds these files, or copy it whole again",
    )
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The modules that are supported, in a row that is supported.
pub(super) struct Modules {
    pub architecture: Architecture,
    /// Whether it is a raw pre-trained model: there is no pooling, and `folder` is the model's own.
    pub raw: bool,
    /// The folder of the module that has files of its own: BERT's pooling, or the static table.
    pub folder: PathBuf,
    pub normalize: bool,
}

impl Modules {
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(MODULES_FILE);
        if !dir.exists() {
            return Err(EncoderError::NotFound {
                what: format!("the model folder {}", dir.display()),
                help: "name a sentence-transformers folder".into(),
            });
        }
        if !dir.is_dir() {
            return Err(not_a_model(dir, "a file"));
        }
        if is_raw(dir) {
            return Ok(Self {
                architecture: Architecture::Bert,
                raw: true,
                folder: dir.to_owned(),
                normalize: true,
            });
        }
        if !path.exists() {
            return Err(not_a_model(dir, "a folder without modules.json"));
        }
        let modules: Vec<Module> = read_json(&path)?;
        // The class path has moved between releases; its last part has not.
        let kinds: Vec<&str> = modules
            .iter()
            .map(|module| module.kind.rsplit('.').next().unwrap_or_default())
            .collect();
        let (steps, normalize) = match kinds[..] {
            [ref steps @ .., "Normalize"] => (steps, true),
            ref steps => (steps, false),
        };
        let (architecture, owner) = match *steps {
            ["Transformer", "Pooling"] => (Architecture::Bert, &modules[1]),
            ["StaticEmbedding"] => (Architecture::Static, &modules[0]),
            _ => {
                return Err(EncoderError::Unsupported {
                    path,
                    what: "the sequence of modules",
                    found: kinds.join(", "),
                    supported: "Transformer and Pooling, or StaticEmbedding, optionally Normalize after them",
                    help: "choose another model".into(),
                });
            }
        };
        Ok(Self {
            architecture,
            raw: false,
            folder: dir.join(&owner.path),
            normalize,
        })
    }

    /// Reads the modules of a folder that has to be of `architecture`.
    pub fn read_as(dir: &Path, architecture: Architecture) -> Result<Self> {
        let modules = Self::read(dir)?;
        if modules.architecture == architecture {
            return Ok(modules);
        }
        let (found, supported, help) = match architecture {
            Architecture::Bert => (
                "static (a table of word vectors)",
                MODEL_TYPES,
                "name a BERT model such as all-MiniLM-L6-v2",
            ),
            Architecture::Static => (
                "bert",
                "static (a table of word vectors)",
                "name a StaticEmbedding model",
            ),
        };
        Err(EncoderError::Unsupported {
            path: dir.join(MODULES_FILE),
            what: "architecture",
            found: found.into(),
            supported,
            help: help.into(),
        })
    }
}
