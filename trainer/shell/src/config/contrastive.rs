//! What a file of `kind = "contrastive"` holds.

use std::path::PathBuf;

use encoder::Precision;
use serde::{Deserialize, Serialize};

use super::{Data, Datasets, Judged, Kind, Lora, Loss, Mine, auto};

/// A whole file of `kind = "contrastive"`, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contrastive {
    /// `contrastive`.
    pub kind: Kind,
    /// Name of the model; it is written to `models/NAME`.
    pub name: String,
    /// Model folder to start from; without it, the base model that set-up fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_model: Option<PathBuf>,
    /// `auto`, `cpu`, `cuda` or `cuda:N`.
    #[serde(default = "auto")]
    pub device: String,
    /// What is put before texts; without it, what the base model puts there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<Prompts>,
    /// The training pairs.
    pub data: Datasets,
    /// How training goes.
    #[serde(default)]
    pub train: Train,
    /// A small change of some matrices, trained in place of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lora: Option<Lora>,
    /// What a batch is judged by.
    #[serde(default)]
    pub loss: Loss,
    /// How hard negatives are found, by `train mine` or in the rounds of a training.
    #[serde(default)]
    pub mine: Mine,
    /// Questions with judged answers to measure the model on; without it nothing is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval: Option<Eval>,
    /// How often the training is set aside.
    #[serde(default)]
    pub checkpoint: Checkpoints,
}

impl Contrastive {
    /// The loss of a data set: its own, else that of the section `[loss]`.
    pub fn loss_of<'a>(&'a self, data: &'a Data) -> &'a Loss {
        data.loss.as_ref().unwrap_or(&self.loss)
    }

    /// The lengths that any loss cuts vectors to, longest first, each once.
    pub fn matryoshka(&self) -> Vec<usize> {
        let losses = self.data.all().iter().map(|data| self.loss_of(data));
        let mut lengths: Vec<usize> = losses.flat_map(|loss| loss.matryoshka.iter().copied()).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.dedup();
        lengths
    }

    /// How often the training trains: once where it does not mine.
    pub fn rounds(&self) -> usize {
        self.mine.rounds.unwrap_or(1)
    }

    /// Whether the training mines the hard negatives of a data set, which it does where the loss learns from any.
    pub fn mines(&self, data: &Data) -> bool {
        self.mine.rounds.is_some() && self.loss_of(data).learns_from_negatives()
    }
}

/// `[prompts]`: what is put before texts, in training and, saved with the model, in every later use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prompts {
    /// Before anchors, which are queries later.
    pub query: String,
    /// Before positives and negatives, which are documents later.
    pub document: String,
}

/// How the batches of several data sets follow each other; each batch is of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mixing {
    /// All batches of all data sets, in random order.
    Proportional,
    /// One of each in turn, until the first has no more.
    RoundRobin,
}

/// `[checkpoint]`: how often the training is set aside, to be gone on with after a stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checkpoints {
    /// Minutes between two checkpoints: the most that a kill loses. Ctrl-C loses nothing.
    pub every_minutes: f64,
    /// Set aside after every this many optimizer steps as well; 0 for not at all.
    pub every_steps: usize,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Checkpoints {
            every_minutes: 10.0,
            every_steps: 0,
        }
    }
}

/// `[eval]`: a development set in BEIR's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eval {
    /// Passages to search: any table with `id` (or `_id`), `text` and perhaps `title`.
    pub corpus: PathBuf,
    /// Questions: JSON Lines with `_id` and `text`.
    pub queries: PathBuf,
    /// Judgements: BEIR's `query-id corpus-id score` with a header, or TREC's four columns.
    pub qrels: PathBuf,
    /// Measure after every this many optimizer steps as well; 0 measures only before and after.
    #[serde(default)]
    pub every_steps: usize,
    /// Models to compare with, besides the base model and BM25: folders, or names in `models/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compare_with: Vec<PathBuf>,
}

impl Eval {
    /// The development set alone.
    pub fn judged(&self) -> Judged {
        Judged {
            corpus: self.corpus.clone(),
            queries: self.queries.clone(),
            qrels: self.qrels.clone(),
        }
    }
}

/// `[train]`: how training goes. The defaults are sentence-transformers', where it has one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Train {
    /// Passes over the pairs; 1 where neither this nor `max_steps` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Optimizer steps, however many passes that takes; instead of `epochs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<usize>,
    /// How the batches of several data sets follow each other; proportional where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixing: Option<Mixing>,
    /// Pairs in a batch; every other pair's answer is a negative, so more is harder and better.
    pub batch_size: usize,
    /// Highest learning rate, reached at the end of the warm-up.
    pub learning_rate: f64,
    /// Part of the steps over which the learning rate rises from 0.
    pub warmup_ratio: f64,
    /// AdamW's decoupled weight decay; never applied to biases and LayerNorm.
    pub weight_decay: f64,
    /// Gradients are scaled down to this global L2 norm where they exceed it.
    pub max_grad_norm: f64,
    /// Factor on the cosine in the ranking loss and CoSENT: the inverse of the temperature.
    pub scale: f64,
    /// Seed of the shuffle and of dropout.
    pub seed: u32,
    /// Longest text in tokens, the two special ones included; becomes the model's. Without it, the base
    /// model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Dropout probability in all layers; without it, the base model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// Leave the embeddings as they are.
    pub freeze_embeddings: bool,
    /// Leave the embeddings and this many layers, counted from the lowest, as they are; with `[lora]`, add nothing to
    /// these layers.
    pub freeze_layers: usize,
    /// The learning rate of a layer is this times that of the layer above it, and the embeddings' this times that of
    /// the lowest; the top layer has `learning_rate`. 1 is one rate for all.
    pub layer_decay: f64,
    /// In which numbers the layers compute; parameters and optimizer always have 32 bits.
    pub precision: Precision,
}

impl Default for Train {
    fn default() -> Self {
        Train {
            epochs: None,
            max_steps: None,
            mixing: None,
            batch_size: 32,
            learning_rate: 2e-5,
            warmup_ratio: 0.1,
            weight_decay: 0.01,
            max_grad_norm: 1.0,
            scale: 20.0,
            seed: 42,
            max_length: None,
            dropout: None,
            freeze_embeddings: false,
            freeze_layers: 0,
            layer_decay: 1.0,
            precision: Precision::default(),
        }
    }
}
