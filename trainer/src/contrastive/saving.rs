//! When a training is set aside, and what of it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use encoder_torch::{TorchEncoder, trained};

use super::identity::Identity;
use super::optimizer::AdamW;
use super::rankings::Rankings;
use super::set_aside::{self, Progress, State};
use super::torch;
use crate::checkpoint::Checkpoint;
use crate::checkpoint_folder::CheckpointFolder;
use crate::config::Checkpoints;
use crate::error::{Result, TrainError};
use crate::progress::say;
use crate::run_log::RunLog;

/// Where and how often the training is set aside.
pub struct Saving<'a> {
    folder: &'a CheckpointFolder,
    identity: Identity,
    settings: Checkpoints,
    rankings: Rankings,
    last: Instant,
    /// The steps, over all rounds, of the checkpoint that is there, where it is one of this training.
    steps: Option<usize>,
}

/// What is set aside.
pub struct Parts<'a> {
    /// How far the training is.
    pub progress: &'a Progress,
    /// The model with its weights.
    pub encoder: &'a TorchEncoder,
    /// The optimizer with its moments, once a step was taken.
    pub optimizer: Option<&'a AdamW>,
    /// The best weights of the round.
    pub kept: Option<&'a Checkpoint>,
    /// The best weights of the rounds before.
    pub best_before: Option<&'a Checkpoint>,
}

impl<'a> Saving<'a> {
    /// Into `folder`, as a checkpoint of the training that `identity` tells of.
    pub fn new(folder: &'a CheckpointFolder, identity: Identity, settings: Checkpoints) -> Self {
        Saving {
            folder,
            identity,
            settings,
            rankings: Rankings::default(),
            last: Instant::now(),
            steps: None,
        }
    }

    /// The folder.
    pub fn folder(&self) -> &CheckpointFolder {
        self.folder
    }

    /// What the training is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What was found for the development set's questions, which every checkpoint holds.
    pub fn rankings(&mut self) -> &mut Rankings {
        &mut self.rankings
    }

    /// What the run is to go on with, if it is to; the rankings go on too.
    ///
    /// # Errors
    /// A checkpoint of another training, or one that is cut or damaged.
    pub fn read(&mut self) -> Result<Option<State>> {
        if !self.folder.resumes() {
            return Ok(None);
        }
        let mut state = set_aside::read(&self.folder.file(), &self.identity)?;
        for change in &state.changed {
            say(&format!("going on with another setting: {change}"));
        }
        self.rankings = std::mem::take(&mut state.rankings);
        self.steps = Some(steps(&state.progress));
        Ok(Some(state))
    }

    /// The error of a checkpoint without the tensor `name`.
    pub fn lacks(&self, name: &str) -> TrainError {
        let folder = self.folder.folder().display();
        TrainError::Output(format!(
            "{folder}: expected a checkpoint of this model, found one without {name}; train again without --resume, \
             with --force, to begin anew"
        ))
    }

    /// Whether a checkpoint is due after step `step`.
    pub fn is_due(&self, step: usize) -> bool {
        let Checkpoints {
            every_minutes,
            every_steps,
        } = self.settings;
        self.last.elapsed() >= Duration::from_secs_f64(60.0 * every_minutes)
            || (every_steps > 0 && step.is_multiple_of(every_steps))
    }

    /// Sets the training aside.
    ///
    /// # Errors
    /// What the file system refuses; the last checkpoint is as it was then.
    pub fn write(&mut self, parts: &Parts, log: &RunLog) -> Result<()> {
        let moments = parts.optimizer.map(AdamW::moments).transpose();
        let mut tensors = moments.map_err(torch)?.unwrap_or_default();
        let weights = trained(parts.encoder.var_store());
        tensors.extend(
            weights
                .into_iter()
                .map(|(name, weight)| (format!("weight.{name}"), weight)),
        );
        for (kind, checkpoint) in [("kept", parts.kept), ("best", parts.best_before)] {
            let weights = checkpoint.map_or(&[][..], Checkpoint::weights);
            tensors.extend(
                weights
                    .iter()
                    .map(|(name, weight)| (format!("{kind}.{name}"), weight.shallow_clone())),
            );
        }
        set_aside::write(
            &self.folder.file(),
            &self.identity,
            parts.progress,
            tensors,
            (&self.rankings, &log.written()?),
        )?;
        self.last = Instant::now();
        self.steps = Some(steps(parts.progress));
        Ok(())
    }

    /// The checkpoint of this training, where there is one: its steps, over all rounds, and its folder.
    pub fn kept(&self) -> Option<(usize, PathBuf)> {
        self.steps.map(|steps| (steps, self.folder.folder().to_owned()))
    }
}

fn steps(progress: &Progress) -> usize {
    progress.round.before + progress.steps
}
