//! When a training is set aside, and what of it.

use std::time::{Duration, Instant};

use super::identity::Identity;
use super::set_aside::{self, Progress, State};
use super::step::Stepper;
use super::torch;
use crate::checkpoint::Checkpoint;
use crate::checkpoint_folder::CheckpointFolder;
use crate::config::Checkpoints;
use crate::error::Result;
use crate::progress::say;
use crate::run_log::RunLog;

/// Where and how often the training is set aside.
pub struct Saving<'a> {
    folder: &'a CheckpointFolder,
    identity: Identity,
    settings: Checkpoints,
    last: Instant,
}

impl<'a> Saving<'a> {
    /// Into `folder`, as a checkpoint of the training that `identity` tells of.
    pub fn new(folder: &'a CheckpointFolder, identity: Identity, settings: Checkpoints) -> Self {
        Saving {
            folder,
            identity,
            settings,
            last: Instant::now(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &CheckpointFolder {
        self.folder
    }

    /// What the run is to go on with, if it is to.
    ///
    /// # Errors
    /// A checkpoint of another training, or one that is cut or damaged.
    pub fn read(&self) -> Result<Option<State>> {
        if !self.folder.resumes() {
            return Ok(None);
        }
        let state = set_aside::read(&self.folder.file(), &self.identity)?;
        for change in &state.changed {
            say(&format!("going on with another setting: {change}"));
        }
        Ok(Some(state))
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
    pub fn write(
        &mut self,
        progress: &Progress,
        stepper: &Stepper,
        best: Option<&Checkpoint>,
        log: &RunLog,
    ) -> Result<()> {
        let mut tensors = stepper.optimizer().moments().map_err(torch)?;
        let weights = stepper.encoder().var_store().variables();
        tensors.extend(
            weights
                .into_iter()
                .map(|(name, weight)| (format!("weight.{name}"), weight)),
        );
        let kept = best.map_or(&[][..], Checkpoint::weights);
        tensors.extend(
            kept.iter()
                .map(|(name, weight)| (format!("kept.{name}"), weight.shallow_clone())),
        );
        set_aside::write(
            &self.folder.file(),
            &self.identity,
            progress,
            tensors,
            &log.written()?,
        )?;
        self.last = Instant::now();
        Ok(())
    }
}
