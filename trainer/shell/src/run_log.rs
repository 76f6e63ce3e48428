//! What happens during training, as data: the lines of `run_log.jsonl`, and of stdout with `--json`.
//!
//! Word vectors have [events of their own](crate::word_vectors::event::Event).

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use encoder::ranking::Metrics;
use serde::{Deserialize, Serialize};

use crate::compare::event::Line;
use crate::error::{Result, TrainError};
use crate::model_card::rows;
use crate::progress::say;
use crate::tensorboard::{EventFile, Figures};

/// One line of a training on pairs; its `type` is the variant's name in lower case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// Once, before the first measurement.
    Start {
        /// The model's name.
        name: String,
        /// The folder of the base model.
        base_model: String,
        /// `cpu` or `cuda:N`.
        device: String,
        /// Training pairs read.
        pairs: usize,
        /// Hard negatives of each pair.
        hard_negatives: usize,
        /// Distinct training texts.
        texts: usize,
        /// Those of them that are cut at the maximum length.
        truncated: usize,
        /// Optimizer steps planned; with rounds of mining about as many, because how many pairs a round has is not known
        /// yet.
        steps: usize,
    },
    /// For each thing that is odd about the data, before the first measurement; see `train check`.
    Warning {
        /// What was found and what to do.
        text: String,
    },
    /// Before hard negatives are mined, with `mine.rounds`.
    Mining {
        /// Counted from 1.
        round: usize,
        /// How many there are.
        rounds: usize,
    },
    /// Before the first step of a round, with `mine.rounds`; steps and measurements up to the next are of it.
    Round {
        /// Counted from 1.
        round: usize,
        /// How many there are.
        rounds: usize,
        /// Training pairs, without those that had too few negatives.
        pairs: usize,
        /// Optimizer steps of this round.
        steps: usize,
        /// Optimizer steps of the rounds before it.
        before: usize,
    },
    /// Where a training that was stopped is gone on with; what is above it in the log is from before.
    Resume {
        /// Steps taken before.
        step: usize,
    },
    /// After each optimizer step.
    Step {
        /// Counted from 1, over all rounds.
        step: usize,
        /// Counted from 1, in each round.
        epoch: usize,
        /// Mean loss of the batch, before the step.
        loss: f64,
        /// Rate used in this step.
        learning_rate: f64,
        /// Global L2 norm of the gradients before clipping.
        grad_norm: f64,
        /// Pairs in the batch.
        pairs: usize,
        /// Tokens of all its texts, without padding.
        tokens: usize,
        /// Pairs a second in this step.
        samples_per_second: f64,
    },
    /// After each measurement; step 0 is the base model.
    Evaluation {
        /// Steps taken before it.
        step: usize,
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
        /// The step whose weights were kept.
        step: usize,
        /// Whether nDCG@10 is above the base model's; absent where nothing was measured.
        improved: Option<bool>,
        /// Whether models/latest points at the model now.
        promoted: bool,
        /// Duration of the whole run.
        seconds: f64,
    },
    /// Before that: the model beside others, where there is a development set.
    #[serde(untagged)]
    Compared(Line),
}

/// A line of a log.
pub trait Record: Serialize {
    /// What TensorBoard draws of it.
    fn figures(&self) -> Figures;
}

impl Record for Event {
    fn figures(&self) -> Figures {
        match self {
            Event::Start { .. } => Figures::Restart(0),
            Event::Resume { step } => Figures::Restart(*step as u64 + 1),
            Event::Step {
                step,
                loss,
                learning_rate,
                grad_norm,
                samples_per_second,
                ..
            } => Figures::Scalars(
                Some(*step as u64),
                vec![
                    ("train/loss", *loss),
                    ("train/learning_rate", *learning_rate),
                    ("train/grad_norm", *grad_norm),
                    ("train/pairs_per_second", *samples_per_second),
                ],
            ),
            Event::Evaluation { step, metrics, .. } => {
                Figures::Scalars(Some(*step as u64), rows(metrics).map(evaluated).to_vec())
            }
            _ => Figures::None,
        }
    }
}

/// A metric by its name on TensorBoard, which takes no `@` and shows what is before the slash as a group.
pub fn evaluated((name, value): (&'static str, f64)) -> (&'static str, f64) {
    let name = match name {
        "nDCG@10" => "eval/ndcg_at_10",
        "MRR@10" => "eval/mrr_at_10",
        "recall@1" => "eval/recall_at_1",
        "recall@10" => "eval/recall_at_10",
        _ => "eval/recall_at_100",
    };
    (name, value)
}

/// Writes events to the log and, where asked for, to stdout and to TensorBoard.
pub struct RunLog {
    file: File,
    path: PathBuf,
    to_stdout: bool,
    tensorboard: Option<EventFile>,
}

impl RunLog {
    /// Creates the file at `path`. Each line is written at once, so that it can be followed with `tail -f`.
    pub fn create(path: &Path, to_stdout: bool) -> Result<Self> {
        let file = File::create(path).map_err(TrainError::io(path, "create the run log"))?;
        Ok(RunLog {
            file,
            path: path.to_owned(),
            to_stdout,
            tensorboard: None,
        })
    }

    /// The same log, whose figures TensorBoard is told from here on.
    pub fn and_tensorboard(self, tensorboard: Option<EventFile>) -> Self {
        RunLog { tensorboard, ..self }
    }

    /// A log at `path` that begins with what an earlier run wrote to its own.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn go_on(path: &Path, earlier: &[u8], to_stdout: bool) -> Result<Self> {
        let mut log = RunLog::create(path, to_stdout)?;
        log.file
            .write_all(earlier)
            .map_err(TrainError::io(path, "write the run log"))?;
        Ok(log)
    }

    /// All that was written so far.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn written(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.path).map_err(TrainError::io(&self.path, "read the run log"))
    }

    /// Writes one line to the log, and to stdout and TensorBoard where asked for.
    pub fn record(&mut self, event: &impl Record) -> Result<()> {
        let failed = TrainError::io(&self.path, "write the run log");
        self.file.write_all(line(event)?.as_bytes()).map_err(failed)?;
        self.draw(&event.figures());
        self.announce(event)
    }

    /// A picture that cannot be drawn is no reason to stop a training.
    fn draw(&mut self, figures: &Figures) {
        let Some(tensorboard) = &mut self.tensorboard else {
            return;
        };
        if let Err(error) = tensorboard.write(figures) {
            say(&format!(
                "{}: cannot write an event file, so there are no more events for TensorBoard: {error}",
                tensorboard.folder().display()
            ));
            self.tensorboard = None;
        }
    }

    /// Writes one line to stdout alone, where asked for.
    pub fn announce(&self, event: &impl Serialize) -> Result<()> {
        if self.to_stdout {
            print(&line(event)?)
        } else {
            Ok(())
        }
    }
}

/// An event as a line of JSON.
///
/// # Errors
/// What cannot be written as JSON.
pub fn line(event: &impl Serialize) -> Result<String> {
    let json =
        serde_json::to_string(event).map_err(|error| TrainError::Output(format!("run log: {error}")))?;
    Ok(json + "\n")
}

/// Writes `text` to stdout. A reader that has left, as `head` does, is no reason to stop training.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(TrainError::io(Path::new("stdout"), "write the results")(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_reads_back_equal_with_its_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run_log.jsonl");
        let events = [
            Event::Evaluation {
                step: 0,
                metrics: Metrics::default(),
                truncated: 2,
                seconds: 0.5,
            },
            Event::Step {
                step: 1,
                epoch: 1,
                loss: 0.25,
                learning_rate: 2e-5,
                grad_norm: 3.5,
                pairs: 32,
                tokens: 4500,
                samples_per_second: 9.0,
            },
        ];
        let mut log = RunLog::create(&path, false).unwrap();
        for event in &events {
            log.record(event).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let read: Vec<Event> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(read, events);
        assert!(text.starts_with("{\"type\":\"evaluation\",\"step\":0,"), "{text}");
    }
}
