//! Texts → token ids, with the model's own `tokenizer.json`.

mod batches;

use std::path::Path;

use rayon::prelude::*;
use tokenizers::TruncationDirection;

pub use batches::{TokenBatch, plan};

use crate::{EncoderError, Result};

/// A text as token ids, cut at the model's maximum length.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// Vocabulary ids; a transformer's special tokens are there even for an empty text.
    pub ids: Vec<u32>,
    /// Whether the text was longer than the maximum.
    pub truncated: bool,
}

/// The tokenizer of a model folder.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    max_length: usize,
    lowercase: bool,
    pad_id: Option<u32>,
    /// Where to cut a static model's text, which gets no special tokens.
    bare: Option<TruncationDirection>,
}

impl Tokenizer {
    /// Reads `file`; texts are cut at `max_length` tokens, special tokens included. `lowercase`
    /// lower-cases a text first, as `do_lower_case` of `sentence_bert_config.json` asks.
    ///
    /// # Errors
    /// A file that is missing or no tokenizer; a `max_length` too small for the special tokens.
    pub fn open(file: &Path, max_length: usize, lowercase: bool) -> Result<Self> {
        let mut inner = read(file)?;
        let pad_id = inner.get_padding().map(|padding| padding.pad_id);
        inner.with_padding(None);
        let truncation = tokenizers::TruncationParams {
            max_length,
            ..Default::default()
        };
        inner.with_truncation(Some(truncation)).map_err(|error| {
            not_a_tokenizer(
                file,
                format!("one that cannot cut at {max_length} tokens ({error})"),
            )
        })?;
        Ok(Self {
            inner,
            max_length,
            lowercase,
            pad_id,
            bare: None,
        })
    }

    /// Reads `file` as sentence-transformers' `StaticEmbedding` does: no special tokens, no padding, and texts
    /// are cut only where the file itself asks for it.
    ///
    /// # Errors
    /// A file that is missing or no tokenizer.
    pub fn open_bare(file: &Path) -> Result<Self> {
        let mut inner = read(file)?;
        inner.with_padding(None);
        // The library stops reading where it cuts; only who cuts behind it knows whether there was more.
        let cut = inner.get_truncation().map(|cut| (cut.max_length, cut.direction));
        inner
            .with_truncation(None)
            .map_err(|error| not_a_tokenizer(file, error.to_string()))?;
        let (max_length, direction) = cut.unwrap_or((usize::MAX, TruncationDirection::Right));
        Ok(Self {
            inner,
            max_length,
            lowercase: false,
            pad_id: None,
            bare: Some(direction),
        })
    }

    /// The same tokenizer with another maximum length.
    ///
    /// # Errors
    /// A `max_length` too small for the special tokens.
    pub fn with_max_length(&self, max_length: usize) -> Result<Self> {
        let mut inner = self.inner.clone();
        let truncation = tokenizers::TruncationParams {
            max_length,
            ..Default::default()
        };
        inner
            .with_truncation(Some(truncation))
            .map_err(EncoderError::compute("tokenizers", "setting the maximum length"))?;
        Ok(Self {
            inner,
            max_length,
            ..*self
        })
    }

    /// The same tokenizer, cutting no text.
    ///
    /// # Errors
    /// What the tokenizer itself refuses.
    pub fn without_limit(&self) -> Result<Self> {
        /// Longer than any text.
        const NO_LIMIT: usize = 1 << 30;
        self.with_max_length(NO_LIMIT)
    }

    /// Tokens kept of a text at most, special tokens included; `usize::MAX` where all are.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The same tokenizer that pads with `id` where its file does not say with what.
    pub fn or_padding(mut self, id: u32) -> Self {
        self.pad_id = self.pad_id.or(Some(id));
        self
    }

    /// The id that fills up the shorter texts of a batch.
    pub fn pad_id(&self) -> u32 {
        self.pad_id.unwrap_or(0)
    }

    /// One more than the highest id that a text can get.
    pub fn vocabulary_size(&self) -> usize {
        self.inner
            .get_vocab(true)
            .values()
            .max()
            .map_or(0, |&id| id as usize + 1)
    }

    /// Tokenizes each text behind `prompt`, in parallel, in the order given.
    ///
    /// # Errors
    /// What the tokenizer itself refuses.
    pub fn tokenize(&self, prompt: &str, texts: &[&str]) -> Result<Vec<Tokens>> {
        texts
            .par_iter()
            .map(|text| self.tokenize_one(prompt, text))
            .collect()
    }

    fn tokenize_one(&self, prompt: &str, text: &str) -> Result<Tokens> {
        let mut text = std::borrow::Cow::Borrowed(text);
        if !prompt.is_empty() {
            text = format!("{prompt}{text}").into();
        }
        if self.lowercase {
            text = text.to_lowercase().into();
        }
        let encode = |text: &str, special| {
            let encoding = self.inner.encode_fast(text, special);
            encoding.map_err(EncoderError::compute("tokenizers", "tokenizing a text"))
        };
        if let Some(direction) = self.bare {
            return Ok(cut(encode(&text, false)?.get_ids(), self.max_length, direction));
        }
        let encoding = encode(&text, true)?;
        Ok(Tokens {
            ids: encoding.get_ids().to_vec(),
            truncated: !encoding.get_overflowing().is_empty(),
        })
    }
}

/// At most `max_length` of `ids`, without those at the end that `direction` names.
fn cut(ids: &[u32], max_length: usize, direction: TruncationDirection) -> Tokens {
    let kept = match direction {
        TruncationDirection::Right => &ids[..ids.len().min(max_length)],
        TruncationDirection::Left => &ids[ids.len().saturating_sub(max_length)..],
    };
    Tokens {
        ids: kept.to_vec(),
        truncated: kept.len() < ids.len(),
    }
}

fn read(file: &Path) -> Result<tokenizers::Tokenizer> {
    if let Some(error) = unconverted(file) {
        return Err(error);
    }
    let bytes = std::fs::read(file).map_err(EncoderError::read(file))?;
    tokenizers::Tokenizer::from_bytes(&bytes).map_err(|error| not_a_tokenizer(file, error.to_string()))
}

/// The error for a folder with the files of the tokenizers before `tokenizer.json` instead of that.
fn unconverted(file: &Path) -> Option<EncoderError> {
    let older = ["vocab.txt", "vocab.json", "sentencepiece.bpe.model"];
    let found = older.iter().find(|name| file.with_file_name(name).exists())?;
    if file.exists() {
        return None;
    }
    let dir = file.parent().unwrap_or(Path::new(".")).display();
    let help = format!(
        "make it in Python: from transformers import AutoTokenizer; \
         AutoTokenizer.from_pretrained(\"{dir}\").save_pretrained(\"{dir}\")"
    );
    let expected = "a Hugging Face tokenizer.json";
    Some(EncoderError::format(
        file,
        expected,
        format!("{found} alone"),
        help,
    ))
}

fn not_a_tokenizer(file: &Path, found: String) -> EncoderError {
    let help = "copy the model folder again";
    EncoderError::format(file, "a Hugging Face tokenizer.json", found, help)
}
