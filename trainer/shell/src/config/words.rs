//! What files of `kind = "word2vec"` and `kind = "glove"` hold, and what the two have in common.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use trainer_words::corpus::{CorpusSettings, InvalidUtf8, PhraseSettings, Tokenization};
use trainer_words::formats::Format;
use trainer_words::subwords::Subwords;
use trainer_words::texts::TextPooling;

use super::glove::Glove;
use super::word2vec::Word2vec;
use super::{Config, Kind, Patterns, auto};

/// A whole file of `kind = "word2vec"`, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word2vecFile {
    /// `word2vec`.
    pub kind: Kind,
    /// Name of the model; it is written to `models/NAME`.
    pub name: String,
    /// `auto` and `cpu` are the hand-written learning on all cores; `cuda` and `cuda:N` learn skip-gram with
    /// negative sampling through libtorch.
    #[serde(default = "auto")]
    pub device: String,
    /// The text.
    pub data: TextData,
    /// Joining words that belong together; without it none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrases: Option<PhraseSettings>,
    /// How word vectors are learned.
    #[serde(default)]
    pub word2vec: Word2vec,
    /// Vectors of character n-grams, so that words never seen have vectors too; without it there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subwords: Option<Subwords>,
    /// How a text's vector is made of its words'.
    #[serde(default)]
    pub texts: Texts,
    /// Further files in the model folder.
    #[serde(default)]
    pub output: OutputSettings,
    /// Setting the learning aside.
    #[serde(default)]
    pub checkpoint: CheckpointSettings,
    /// Questions with judged answers to measure the model on; without it nothing is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval: Option<Judged>,
}

/// A whole file of `kind = "glove"`, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GloveFile {
    /// `glove`.
    pub kind: Kind,
    /// As for word2vec.
    pub name: String,
    /// `auto` or `cpu`: GloVe is learned on the CPU alone.
    #[serde(default = "auto")]
    pub device: String,
    /// As for word2vec.
    pub data: TextData,
    /// As for word2vec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrases: Option<PhraseSettings>,
    /// How word vectors are learned.
    #[serde(default)]
    pub glove: Glove,
    /// As for word2vec.
    #[serde(default)]
    pub texts: Texts,
    /// As for word2vec.
    #[serde(default)]
    pub output: OutputSettings,
    /// As for word2vec.
    #[serde(default)]
    pub checkpoint: CheckpointSettings,
    /// As for word2vec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval: Option<Judged>,
}

/// `[data]`: where the text is and what counts as a word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextData {
    /// Files or globs: text with a sentence a line, also packed as `.gz` or `.zst`, or Parquet.
    pub text: Patterns,
    /// Column of Parquet files that holds the text.
    #[serde(default = "column")]
    pub column: String,
    /// How a line becomes words.
    #[serde(default)]
    pub tokenizer: Tokenization,
    /// What to do with bytes that are not UTF-8.
    #[serde(default)]
    pub invalid_utf8: InvalidUtf8,
    /// Words seen less often are left out.
    #[serde(default = "min_count")]
    pub min_count: u64,
    /// Only this many of the most frequent words are kept; without it, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_vocabulary: Option<usize>,
}

fn column() -> String {
    CorpusSettings::default().column
}

fn min_count() -> u64 {
    CorpusSettings::default().min_count
}

/// `[texts]`: how a text's vector is made of its words' vectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Texts {
    /// Mean of all words, or smooth inverse frequency.
    pub pooling: Pooling,
    /// Of SIF: a word with this share of the text has half the weight of a rare one; 0.0001 where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<f64>,
    /// Of SIF: directions common to all texts that are taken out of them; 1 where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<usize>,
}

/// How words are weighed in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// All alike.
    Mean,
    /// Frequent words less, and what is common to all texts removed (Arora et al. 2017).
    #[default]
    Sif,
}

impl Texts {
    /// With the usual numbers of SIF where it is chosen and they are not given.
    pub(super) fn fill(&mut self) {
        if let (Pooling::Sif, TextPooling::Sif { a, components }) = (self.pooling, TextPooling::default()) {
            self.a = self.a.or(Some(a));
            self.components = self.components.or(Some(components));
        }
    }

    /// As the model folder's writer takes it.
    pub fn pooling(&self) -> TextPooling {
        match (self.pooling, self.a, self.components) {
            (Pooling::Sif, Some(a), Some(components)) => TextPooling::Sif { a, components },
            _ => TextPooling::Mean,
        }
    }
}

/// `[output]`: what the model folder holds besides the model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSettings {
    /// The word vectors in other tools' formats.
    pub formats: Vec<Format>,
}

/// `[checkpoint]`: how often the learning is set aside, to be gone on with after a stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointSettings {
    /// Minutes between two checkpoints: the most that a kill loses. Ctrl-C loses none of the learning, and
    /// after it at most its last ten seconds.
    pub every_minutes: f64,
}

impl Default for CheckpointSettings {
    fn default() -> Self {
        CheckpointSettings { every_minutes: 10.0 }
    }
}

/// `[eval]`: a development set in BEIR's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Passages to search: any table with `id` (or `_id`), `text` and perhaps `title`.
    pub corpus: PathBuf,
    /// Questions: JSON Lines with `_id` and `text`.
    pub queries: PathBuf,
    /// Judgements: BEIR's `query-id corpus-id score` with a header, or TREC's four columns.
    pub qrels: PathBuf,
}

/// What a run of either kind works by.
#[derive(Debug, Clone, Copy)]
pub struct WordVectors<'a> {
    /// Name of the model.
    pub name: &'a str,
    /// The text.
    pub data: &'a TextData,
    /// Joining words that belong together.
    pub phrases: Option<&'a PhraseSettings>,
    /// How word vectors are learned.
    pub learning: Learning<'a>,
    /// How a text's vector is made of its words'.
    pub texts: &'a Texts,
    /// Further files.
    pub output: &'a OutputSettings,
    /// Setting the learning aside.
    pub checkpoint: CheckpointSettings,
    /// The development set.
    pub eval: Option<&'a Judged>,
}

/// How word vectors are learned.
#[derive(Debug, Clone, Copy)]
pub enum Learning<'a> {
    /// Skip-gram or CBOW.
    Word2vec(&'a Word2vec, Option<Subwords>),
    /// GloVe.
    Glove(&'a Glove),
}

impl Config {
    /// The settings of a run that learns word vectors; `None` for another kind.
    pub fn word_vectors(&self) -> Option<WordVectors<'_>> {
        Some(match self {
            Config::Contrastive(_) => return None,
            Config::Word2vec(file) => WordVectors {
                name: &file.name,
                data: &file.data,
                phrases: file.phrases.as_ref(),
                learning: Learning::Word2vec(&file.word2vec, file.subwords),
                texts: &file.texts,
                output: &file.output,
                checkpoint: file.checkpoint,
                eval: file.eval.as_ref(),
            },
            Config::Glove(file) => WordVectors {
                name: &file.name,
                data: &file.data,
                phrases: file.phrases.as_ref(),
                learning: Learning::Glove(&file.glove),
                texts: &file.texts,
                output: &file.output,
                checkpoint: file.checkpoint,
                eval: file.eval.as_ref(),
            },
        })
    }
}

impl WordVectors<'_> {
    /// How the text becomes words.
    pub fn corpus(&self) -> CorpusSettings {
        CorpusSettings {
            column: self.data.column.clone(),
            tokenizer: self.data.tokenizer,
            invalid_utf8: self.data.invalid_utf8,
            min_count: self.data.min_count,
            max_vocabulary: self.data.max_vocabulary,
            phrases: self.phrases.cloned(),
        }
    }
}
