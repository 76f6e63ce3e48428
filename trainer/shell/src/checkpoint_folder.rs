//! Where a training is set aside: a hidden folder beside the model, `models/.NAME.checkpoint`.
//!
//! It outlives the process that wrote it, so it is removed by nobody but a run that is done, and replaced by
//! nobody but a run that was told to.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Result, TrainError};
use crate::progress::say;

/// The checkpoint in its folder, and the lock of the run that writes it.
const LEARNING: &str = "learning";
const LOCK: &str = "lock";

/// The place of a run's checkpoint, claimed by the run.
pub struct CheckpointFolder {
    folder: PathBuf,
    resume: bool,
    /// When another run's checkpoint, to be replaced, was written.
    replaces: Option<SystemTime>,
    /// Held as long as the run, so that a second one of the same name is refused.
    _lock: File,
}

impl CheckpointFolder {
    /// Claims the place that belongs to the model at `target`.
    ///
    /// # Errors
    /// To resume, there must be a checkpoint; to begin anew, there must be none, or `force` be given. No other
    /// run must be using the place.
    pub fn claim(target: &Path, resume: bool, force: bool) -> Result<Self> {
        let name = target.file_name().unwrap_or_default().display();
        let folder = target.with_file_name(format!(".{name}.checkpoint"));
        let shown = folder.display();
        if resume && modified(&folder).is_none() {
            return Err(TrainError::Output(format!(
                "{shown}: there is no checkpoint to resume; train without --resume"
            )));
        }
        // What lies there may be that of a training that has not stopped.
        let lock = lock(&folder)?;
        let replaces = modified(&folder).filter(|_| !resume);
        if replaces.is_some() && !force {
            return Err(TrainError::Output(format!(
                "{shown}: there is the checkpoint of a training that was stopped; go on with it with --resume, or \
                 replace it with --force"
            )));
        }
        if replaces.is_some() {
            say(&format!(
                "{shown}: the next checkpoint replaces this one, of a training that was stopped"
            ));
        }
        Ok(CheckpointFolder {
            folder,
            resume,
            replaces,
            _lock: lock,
        })
    }

    /// Whether the run goes on with what is in the file.
    pub fn resumes(&self) -> bool {
        self.resume
    }

    /// Whether there is anything of this run to go on with.
    pub fn exists(&self) -> bool {
        let written = modified(&self.folder);
        written.is_some() && written != self.replaces
    }

    /// The error of a run that stopped: an interrupt with what is left of the run.
    pub fn explain(&self, error: TrainError) -> TrainError {
        match error {
            TrainError::Interrupted if self.exists() => TrainError::SetAside(self.folder.clone()),
            error => error,
        }
    }

    /// The same where any error leaves what was learned: in the steps and after them.
    pub fn explain_any(&self, error: TrainError) -> TrainError {
        match self.explain(error) {
            error @ (TrainError::SetAside(_) | TrainError::DivergedWith { .. }) => error,
            error if !self.exists() => error,
            error => TrainError::Stopped {
                cause: Box::new(error),
                folder: self.folder.clone(),
            },
        }
    }

    /// Nothing was learned that is worth keeping: what the run wrote goes.
    pub fn discard(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name() != LOCK) {
            // The run is failing already.
            let _ = fs::remove_file(entry.path());
        }
    }

    /// The folder, to be named to the user.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The learning is done and safe elsewhere.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.folder).map_err(TrainError::io(&self.folder, "remove the checkpoint"))
    }

    /// The file that the run writes, which is to be replaced whole and never written over.
    pub fn file(&self) -> PathBuf {
        self.folder.join(LEARNING)
    }
}

impl Drop for CheckpointFolder {
    fn drop(&mut self) {
        // Goes only where nothing was set aside.
        let _ = fs::remove_file(self.folder.join(LOCK));
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Makes the folder and takes the lock in it; the system lets go of it when the process ends, however it ends.
fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder).map_err(TrainError::io(folder, "create the folder"))?;
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(TrainError::io(&path, "create the file"))?;
    file.try_lock().map_err(|_| {
        TrainError::Output(format!(
            "{}: another training is writing this model; wait for it, or choose another name or --out",
            folder.display()
        ))
    })?;
    Ok(file)
}

/// When the checkpoint in the folder was written; `None` where there is none.
fn modified(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder.join(LEARNING)).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_place_vanishes_and_a_used_one_stays_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m");
        drop(CheckpointFolder::claim(&target, false, false).unwrap());
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        let checkpoint = CheckpointFolder::claim(&target, false, false).unwrap();
        fs::write(checkpoint.file(), "half").unwrap();
        drop(checkpoint);
        assert!(folder.path().join(".m.checkpoint/learning").is_file());
        CheckpointFolder::claim(&target, true, false)
            .unwrap()
            .remove()
            .unwrap();
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }

    #[test]
    fn nothing_is_replaced_or_resumed_by_a_slip() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m");
        let message = |resume, force| {
            CheckpointFolder::claim(&target, resume, force)
                .err()
                .unwrap()
                .to_string()
        };
        assert!(message(true, false).contains("no checkpoint to resume"));
        assert!(message(true, true).contains("no checkpoint to resume"));
        fs::create_dir(folder.path().join(".m.checkpoint")).unwrap();
        fs::write(folder.path().join(".m.checkpoint/learning"), "half").unwrap();
        assert!(message(false, false).contains("--resume"));
        let forced = CheckpointFolder::claim(&target, false, true).unwrap();
        assert!(!forced.exists(), "what another run set aside is not this one's");
        assert!(message(true, false).contains("another training"));
        assert!(message(false, false).contains("another training"));
        drop(forced);
        assert!(CheckpointFolder::claim(&target, true, false).unwrap().exists());
    }
}
