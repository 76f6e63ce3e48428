//! Everything that can stop a training run, each as the one sentence that the user will read.

use std::path::{Path, PathBuf};

use encoder::EncoderError;
use indexer_bm25::Bm25Error;
use trainer_words::WordsError;

/// Why `train` could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The configuration is missing, unreadable, or says something that cannot be done.
    #[error("{0}")]
    Config(String),
    /// The training or evaluation data cannot be used as they are.
    #[error("{0}")]
    Data(String),
    /// The place for the model is taken, or cannot be written.
    #[error("{0}")]
    Output(String),
    /// Reading or writing a file failed.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as an infinitive: "create the folder".
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Tables, models and devices report through the encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The words of the evaluation's corpus could not be counted.
    #[error(transparent)]
    Bm25(#[from] Bm25Error),
    /// libtorch refused an operation.
    #[error("libtorch: {0}")]
    Torch(String),
    /// The loss or the gradient is no longer a number, or no longer a sensible one.
    #[error(
        "step {step}: the {what} is {value}, so the training has diverged and cannot go on. \
         Try a lower train.learning_rate, a longer train.warmup_ratio or a lower train.max_grad_norm"
    )]
    Diverged {
        /// Optimizer step, counted from 1.
        step: usize,
        /// "loss", "gradient norm" or what else was found.
        what: &'static str,
        /// The value found: NaN, an infinity, or beyond all sense.
        value: f64,
    },
    /// A divergence with the batch that it came with.
    #[error(
        "{cause}. {}{}",
        batch.as_ref().map_or(String::new(), |batch| format!("It came with {batch}; ")),
        kept.as_ref().map_or("there is no checkpoint from before".to_owned(), |(step, folder)| format!(
            "the last checkpoint, of step {step}, is in {}, and --resume goes on from there, with another \
             train.learning_rate or train.max_grad_norm too",
            folder.display()
        ))
    )]
    DivergedWith {
        /// What was found.
        cause: Box<TrainError>,
        /// Epoch and pairs of the batch, where it was found in a step.
        batch: Option<String>,
        /// The last checkpoint, where there is one: the steps that it has, over all rounds, and its folder.
        kept: Option<(usize, PathBuf)>,
    },
    /// The memory of the device is full.
    #[error(
        "step {step}: a batch does not fit into memory ({reason}); {}, or lower train.batch_size, now {batch_size}, \
         or train.max_length, now {max_length}, and train anew",
        mini_batch_tokens.map_or(
            "give loss.mini_batch_tokens, which computes a batch in pieces".to_owned(),
            |tokens| format!("lower loss.mini_batch_tokens, now {tokens}")
        )
    )]
    Memory {
        /// Optimizer step, counted from 1.
        step: usize,
        /// The first line of what libtorch said: what was asked for, what was in use, what was free.
        reason: String,
        /// Pairs in a batch.
        batch_size: usize,
        /// Tokens of the longest text.
        max_length: usize,
        /// Tokens of a mini-batch, where the batch was computed in such.
        mini_batch_tokens: Option<usize>,
    },
    /// The memory of the device is full, and not for a batch.
    #[error(
        "memory is full ({reason}); make room on the device, train less of the model (train.freeze_layers, [lora]), \
         or take a smaller one"
    )]
    MemoryOfModel {
        /// The first line of what libtorch said.
        reason: String,
    },
    /// Text, word vectors and their learning report through their crate.
    #[error(transparent)]
    Words(WordsError),
    /// Ctrl-C or SIGTERM, with what was learned in the folder.
    #[error(
        "interrupted; what was learned is in {}, and the same command with --resume goes on with it",
        .0.display()
    )]
    SetAside(PathBuf),
    /// Any other error of a training that leaves a checkpoint.
    #[error(
        "{cause}; what was learned is in {}, and the same command with --resume goes on with it",
        folder.display()
    )]
    Stopped {
        /// What stopped it.
        cause: Box<TrainError>,
        /// The folder of the checkpoint.
        folder: PathBuf,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted; nothing was written, what was there before is unchanged")]
    Interrupted,
}

impl TrainError {
    /// Attaches the path and the action to an I/O error, for `map_err`.
    pub fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> TrainError {
        let path = path.to_path_buf();
        move |source| TrainError::Io { path, action, source }
    }
}

impl From<WordsError> for TrainError {
    fn from(error: WordsError) -> Self {
        match error {
            WordsError::Interrupted => TrainError::Interrupted,
            error => TrainError::Words(error),
        }
    }
}

/// What the functions of this crate return.
pub type Result<T, E = TrainError> = std::result::Result<T, E>;
