//! A folder of a model of the BERT family, read and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fingerprint::hash;
use super::modules::{Architecture, Modules};
use super::{
    BertConfig, CONFIG_FILE, Dimensions, Fingerprint, PROMPTS_FILE, Pooling, Prompts, SENTENCE_CONFIG_FILE,
    TOKENIZER_CONFIG_FILE, TOKENIZER_FILE, VOCABULARY_PADDING, WEIGHTS_FILE, read_json_if_there, weights,
};
use crate::tokens::Tokenizer;
use crate::{EncoderError, Result};

/// A folder of a BERT or a relative of it, whose every part is known to fit the others. Its fields are what turns a
/// text into a vector; the weights stay on disk until a backend loads them.
#[derive(Clone)]
pub struct ModelFolder {
    dir: PathBuf,
    bert: BertConfig,
    pooling: Pooling,
    normalize: bool,
    dimensions: Dimensions,
    prompts: Prompts,
    max_length: usize,
    lowercase: bool,
    tokenizer: Arc<Tokenizer>,
    tensor_names: Arc<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

#[derive(Deserialize, Default)]
struct TokenizerConfig {
    /// A float in some folders: "no limit" is written as 1e30.
    model_max_length: Option<f64>,
}

impl ModelFolder {
    /// Reads and checks everything but the values of the weights. A raw pre-trained model gets what it lacks, mean
    /// pooling and normalization: see [`note_on_raw`](super::note_on_raw).
    ///
    /// # Errors
    /// A missing or damaged file, an unsupported architecture, module or pooling, weights of other
    /// shapes than the configuration says, a tokenizer that does not fit the vocabulary.
    pub fn open(dir: &Path) -> Result<Self> {
        let modules = Modules::read_as(dir, Architecture::Bert)?;
        let bert = BertConfig::read(&dir.join(CONFIG_FILE))?;
        let pooling = if modules.raw {
            Pooling::Mean
        } else {
            Pooling::read(&modules.folder.join(CONFIG_FILE), bert.hidden_size)?
        };
        let sentence: SentenceConfig = read_json_if_there(&dir.join(SENTENCE_CONFIG_FILE))?;
        let config: Map<String, Value> = read_json_if_there(&dir.join(PROMPTS_FILE))?;
        let dimensions = Dimensions::from_config(&dir.join(PROMPTS_FILE), &config, bert.hidden_size)?;
        let tensor_names = weights::check(&dir.join(WEIGHTS_FILE), &bert)?;
        let max_length = max_length(dir, &sentence, &bert)?;
        let tokenizer = Tokenizer::open(&dir.join(TOKENIZER_FILE), max_length, sentence.do_lower_case)?
            .or_padding(bert.pad_token_id as u32);
        let folder = Self {
            dir: dir.to_owned(),
            tokenizer: Arc::new(tokenizer),
            max_length,
            pooling,
            normalize: modules.normalize,
            dimensions,
            prompts: Prompts::from_config(&config),
            lowercase: sentence.do_lower_case,
            tensor_names: Arc::new(tensor_names),
            bert,
        };
        folder.check_vocabulary()?;
        Ok(folder)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The shape of the model.
    pub fn bert(&self) -> &BertConfig {
        &self.bert
    }

    /// How token vectors become one.
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// Whether vectors are scaled to unit length.
    pub fn normalize(&self) -> bool {
        self.normalize
    }

    /// How many numbers its vectors have, and how many of them are kept.
    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// What is put before texts.
    pub fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// Tokens kept of a text at most, special tokens included.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// Whether texts are lower-cased before the tokenizer sees them.
    pub fn lowercase(&self) -> bool {
        self.lowercase
    }

    /// The same model with texts cut at another length.
    ///
    /// # Errors
    /// A length that leaves no room for text or for which there are no position embeddings.
    pub fn with_max_length(mut self, max_length: usize) -> Result<Self> {
        let most = self.bert.longest_text();
        if !(3..=most).contains(&max_length) {
            return Err(EncoderError::format(
                &self.dir,
                format!("a max_length from 3 to {most}, this model's limit"),
                max_length.to_string(),
                "choose a length in that range",
            ));
        }
        self.tokenizer = Arc::new(self.tokenizer.with_max_length(max_length)?);
        self.max_length = max_length;
        Ok(self)
    }

    /// The same model with other texts put before queries and documents.
    pub fn with_prompts(mut self, prompts: Prompts) -> Self {
        self.prompts = prompts;
        self
    }

    /// The same model with the first `kept` numbers of each vector, whatever the folder says.
    ///
    /// # Errors
    /// None, or more than the model computes.
    pub fn with_truncate_dim(mut self, kept: usize) -> Result<Self> {
        self.dimensions = self.dimensions.cut_to(kept, &self.dir)?;
        Ok(self)
    }

    /// The same model, trained to be cut to these lengths and no others.
    pub fn with_matryoshka(mut self, lengths: &[usize]) -> Self {
        self.dimensions.set_matryoshka(lengths);
        self
    }

    /// The weights file.
    pub fn weights_path(&self) -> PathBuf {
        self.dir.join(WEIGHTS_FILE)
    }

    /// The names in the weights file of all parameters, by BERT's names.
    pub fn tensor_names(&self) -> &Arc<BTreeMap<String, String>> {
        &self.tensor_names
    }

    /// The tokenizer, cutting at the maximum length.
    pub fn tokenizer(&self) -> Arc<Tokenizer> {
        Arc::clone(&self.tokenizer)
    }

    /// Identifies the model; reads the weights once to hash them.
    ///
    /// # Errors
    /// An unreadable file.
    pub fn fingerprint(&self) -> Result<Fingerprint> {
        let bert = &self.bert;
        Ok(Fingerprint {
            weights: hash(&self.weights_path())?,
            tokenizer: hash(&self.dir.join(TOKENIZER_FILE))?,
            architecture: format!(
                "{} {}x{} {} heads{}",
                bert.family.name(),
                bert.num_hidden_layers,
                bert.hidden_size,
                bert.num_attention_heads,
                if self.lowercase { " lower-cased" } else { "" }
            ),
            pooling: self.pooling.name().to_owned(),
            normalize: self.normalize,
            dimension: self.dimensions.kept(),
            truncated_from: self.dimensions.cut_from(),
            max_length: self.max_length,
            query_prompt: self.prompts.query.clone(),
            document_prompt: self.prompts.document.clone(),
        })
    }

    /// Every id that a text can get must have a row in the table of word embeddings.
    fn check_vocabulary(&self) -> Result<()> {
        let (tokens, rows) = (self.tokenizer.vocabulary_size(), self.bert.vocab_size);
        let wrong = |expected: String, found: String| {
            let help = "the tokenizer belongs to another model: copy the model folder again";
            Err(EncoderError::format(
                &self.dir.join(TOKENIZER_FILE),
                expected,
                found,
                help,
            ))
        };
        if tokens > rows || rows >= tokens + VOCABULARY_PADDING {
            let expected = format!("the vocabulary of {rows} tokens that config.json and the weights have");
            return wrong(expected, format!("{tokens} tokens"));
        }
        // An empty text consists of the special tokens alone.
        let mut special = self.tokenizer.tokenize("", &[""])?.remove(0).ids;
        if special.is_empty() {
            return wrong("special tokens around every text".into(), "none".into());
        }
        special.push(self.tokenizer.pad_id());
        match special.iter().find(|&&id| id as usize >= rows) {
            Some(id) => wrong(format!("special tokens below {rows}"), format!("the token {id}")),
            None => Ok(()),
        }
    }
}

fn max_length(dir: &Path, sentence: &SentenceConfig, bert: &BertConfig) -> Result<usize> {
    let most = bert.longest_text();
    if let Some(length) = sentence.max_seq_length {
        if !(3..=most).contains(&length) {
            return Err(EncoderError::format(
                &dir.join(SENTENCE_CONFIG_FILE),
                format!("a max_seq_length from 3 to {most}"),
                length.to_string(),
                "correct that file",
            ));
        }
        return Ok(length);
    }
    let tokenizer: TokenizerConfig = read_json_if_there(&dir.join(TOKENIZER_CONFIG_FILE))?;
    Ok(tokenizer
        .model_max_length
        .map_or(most, |length| (length as usize).clamp(3, most)))
}
