//! A folder of sentence-transformers' `StaticEmbedding`: a table of token vectors, whose mean is the text's.
//!
//! Releases before 5 write the table and its tokenizer into a folder of the module, later ones into the model
//! folder itself; `modules.json` says where. Nothing is cut and no special tokens are added, and unlike a
//! transformer's text, a static model's is not trimmed: as in Python.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::fingerprint::hash;
use super::modules::{Architecture, Modules};
use super::weights::{self, StaticTable};
use super::{
    Dimensions, Fingerprint, PROMPTS_FILE, Prompts, TOKENIZER_FILE, VOCABULARY_PADDING, WEIGHTS_FILE,
    read_json_if_there,
};
use crate::tokens::Tokenizer;
use crate::{EncoderError, Result};

/// A static model whose table and tokenizer are known to fit each other.
#[derive(Clone)]
pub struct StaticFolder {
    folder: PathBuf,
    table: StaticTable,
    normalize: bool,
    dimensions: Dimensions,
    prompts: Prompts,
    tokenizer: Arc<Tokenizer>,
}

impl StaticFolder {
    /// Reads and checks everything but the values of the table.
    ///
    /// # Errors
    /// A missing or damaged file, a folder of another architecture, a table of another type, a tokenizer with
    /// tokens that have no row.
    pub fn open(dir: &Path) -> Result<Self> {
        let modules = Modules::read_as(dir, Architecture::Static)?;
        let config: Map<String, Value> = read_json_if_there(&dir.join(PROMPTS_FILE))?;
        let table = weights::static_table(&modules.folder.join(WEIGHTS_FILE))?;
        let dimensions = Dimensions::from_config(&dir.join(PROMPTS_FILE), &config, table.dimension)?;
        let file = modules.folder.join(TOKENIZER_FILE);
        let tokenizer = Tokenizer::open_bare(&file)?;
        let (tokens, rows) = (tokenizer.vocabulary_size(), table.rows);
        if tokens > rows || rows >= tokens + VOCABULARY_PADDING {
            return Err(EncoderError::format(
                &file,
                format!("the vocabulary of {rows} tokens that the table {WEIGHTS_FILE} has"),
                format!("{tokens} tokens"),
                "the tokenizer belongs to another model: copy the model folder again",
            ));
        }
        Ok(Self {
            folder: modules.folder,
            table,
            normalize: modules.normalize,
            dimensions,
            prompts: Prompts::from_config(&config),
            tokenizer: Arc::new(tokenizer),
        })
    }

    /// Where in the weights file the table lies, and its shape.
    pub fn table(&self) -> &StaticTable {
        &self.table
    }

    /// Whether vectors are scaled to unit length.
    pub fn normalize(&self) -> bool {
        self.normalize
    }

    /// How many numbers its vectors have, and how many of them are kept.
    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// The same model with the first `kept` numbers of each vector, whatever the folder says.
    ///
    /// # Errors
    /// None, or more than the table has.
    pub fn with_truncate_dim(mut self, kept: usize) -> Result<Self> {
        self.dimensions = self.dimensions.cut_to(kept, &self.folder)?;
        Ok(self)
    }

    /// The weights file.
    pub fn weights_path(&self) -> PathBuf {
        self.folder.join(WEIGHTS_FILE)
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> Arc<Tokenizer> {
        Arc::clone(&self.tokenizer)
    }

    /// Identifies the model; reads the weights once to hash them.
    ///
    /// # Errors
    /// An unreadable file.
    pub fn fingerprint(&self) -> Result<Fingerprint> {
        Ok(Fingerprint {
            weights: hash(&self.weights_path())?,
            tokenizer: hash(&self.folder.join(TOKENIZER_FILE))?,
            architecture: format!("static {}x{}", self.table.rows, self.table.dimension),
            pooling: "mean".into(),
            normalize: self.normalize,
            dimension: self.dimensions.kept(),
            truncated_from: self.dimensions.cut_from(),
            max_length: self.tokenizer.max_length(),
            query_prompt: self.prompts.query.clone(),
            document_prompt: self.prompts.document.clone(),
        })
    }
}
