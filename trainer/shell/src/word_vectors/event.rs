//! What happens while word vectors are learned, as data: the lines of `run_log.jsonl`, and of stdout with
//! `--json`.

use std::path::PathBuf;

use encoder::ranking::Metrics;
use serde::{Deserialize, Serialize};
use trainer_words::Stage;
use trainer_words::corpus::CorpusReport;

use crate::compare::event::Line;
use crate::model_card::rows;
use crate::run_log::{Record, evaluated};
use crate::tensorboard::Figures;

/// One line; its `type` is the variant's name in lower case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// Once, before anything is read.
    Start {
        /// The model's name.
        name: String,
        /// `word2vec` or `glove`.
        kind: String,
        /// `cpu` or `cuda:N`.
        device: String,
        /// Threads that learn.
        threads: usize,
        /// Whether a checkpoint is gone on with.
        resumed: bool,
        /// Files of text.
        files: usize,
    },
    /// Once a second at most, and at the end of each stage.
    Progress {
        /// What is being done.
        stage: Stage,
        /// Done in this stage: bytes of text, words or co-occurrences, all epochs together.
        done: u64,
        /// To be done in this stage.
        total: u64,
        /// Pass over the text, counted from 1.
        epoch: usize,
        /// Mean loss of one prediction since the last such line, where there is one.
        loss: Option<f64>,
        /// Learning rate now; 0 where nothing is learned.
        learning_rate: f64,
        /// Units a second since the stage began.
        per_second: f64,
    },
    /// Once, when the text is read.
    Corpus {
        /// What was read.
        text: CorpusReport,
        /// Words that get a vector.
        vocabulary: usize,
    },
    /// Once, when the vectors are learned.
    Learned {
        /// Numbers in a vector.
        dimension: usize,
        /// How long it took, since the checkpoint where one was gone on with.
        seconds: f64,
        /// The processor feature used: `avx512`, `avx2`, `portable`; or the device's.
        kernel: String,
        /// Numbers that were held at their bound; more than none means that the learning rate was too high.
        at_bound: usize,
    },
    /// Once, where there is a development set.
    Evaluation {
        /// What was found.
        metrics: Metrics,
        /// Passages and questions cut at the maximum length.
        truncated: usize,
        /// How long it took.
        seconds: f64,
    },
    /// Once, when the model is in its place; on stdout alone, because the log lies inside the model by then.
    Done {
        /// The model's folder.
        model: PathBuf,
        /// Duration of the whole run.
        seconds: f64,
    },
    /// Before that: the model beside BM25, where there is a development set.
    #[serde(untagged)]
    Compared(Line),
}

impl Record for Event {
    fn figures(&self) -> Figures {
        match self {
            Event::Start { resumed: false, .. } => Figures::Restart(0),
            Event::Progress {
                stage: Stage::Learning,
                done,
                loss,
                learning_rate,
                per_second,
                ..
            } => {
                let mut values = vec![
                    ("train/learning_rate", *learning_rate),
                    ("train/per_second", *per_second),
                ];
                values.extend(loss.map(|loss| ("train/loss", loss)));
                Figures::Scalars(Some(*done), values)
            }
            Event::Evaluation { metrics, .. } => {
                Figures::Scalars(None, rows(metrics).map(evaluated).to_vec())
            }
            _ => Figures::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_read_back_equal_and_carry_their_type() {
        let events = [
            Event::Corpus {
                text: CorpusReport {
                    words: 7,
                    ..CorpusReport::default()
                },
                vocabulary: 3,
            },
            Event::Progress {
                stage: Stage::Learning,
                done: 5,
                total: 10,
                epoch: 1,
                loss: None,
                learning_rate: 0.01,
                per_second: 1e6,
            },
        ];
        for event in events {
            let line = serde_json::to_string(&event).unwrap();
            assert!(line.starts_with("{\"type\":\""), "{line}");
            assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
        }
    }
}
