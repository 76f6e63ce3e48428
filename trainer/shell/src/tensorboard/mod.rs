//! Event files: what TensorBoard draws while a training runs.
//!
//! A run writes one file of its own; TensorBoard reads all files of a folder in the order of their names as one curve.
//! So a run that goes on with a stopped one begins with a mark that all steps from here on are told anew, and the steps
//! that the stopped one took after its last checkpoint are not drawn twice.

mod proto;
mod record;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Result, TrainError};
use proto::Content;

/// What every event file's name begins with; the seconds since 1970 follow.
const PREFIX: &str = "events.out.tfevents.";

/// The format's version, which every file begins with. From 2 on a mark of the start clears what was told before.
const VERSION: &str = "brain.Event:2";

/// What an event of a training means to TensorBoard.
#[derive(Debug, Clone, PartialEq)]
pub enum Figures {
    /// Nothing.
    None,
    /// From this step on everything is told anew, once there is something to tell.
    Restart(u64),
    /// Values by their names at a step, or, without one, at the last step that there was.
    Scalars(Option<u64>, Vec<(&'static str, f64)>),
}

/// The growing event file of a run.
pub struct EventFile {
    folder: PathBuf,
    /// There from the first figures on.
    file: Option<File>,
    /// The step of a restart that is not told yet.
    restart: Option<u64>,
    last_step: u64,
}

impl EventFile {
    /// A file in the folder `name` of `dir`, where that is asked for. The folder is made if it is not there, the file with
    /// the first figures.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn of_run(dir: Option<&Path>, name: &str) -> Result<Option<Self>> {
        let Some(folder) = dir.map(|dir| dir.join(name)) else {
            return Ok(None);
        };
        fs::create_dir_all(&folder).map_err(TrainError::io(&folder, "create the folder for TensorBoard"))?;
        Ok(Some(EventFile {
            folder,
            file: None,
            restart: None,
            last_step: 0,
        }))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes what there is to tell. A run whose first figures come without a restart begins with one at their step.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write(&mut self, figures: &Figures) -> io::Result<()> {
        match figures {
            Figures::None => {}
            Figures::Restart(step) => self.restart = Some(*step),
            Figures::Scalars(step, values) => {
                let step = step.unwrap_or(self.last_step);
                if self.file.is_none() {
                    self.file = Some(create(&self.folder)?);
                    self.append(0, &Content::Version(VERSION))?;
                    self.restart = self.restart.or(Some(step));
                }
                if let Some(step) = self.restart.take() {
                    self.append(step, &Content::Start)?;
                }
                self.append(step, &Content::Scalars(values))?;
                self.last_step = step;
            }
        }
        Ok(())
    }

    /// Writes one event at once, so that it can be drawn at once.
    fn append(&mut self, step: u64, content: &Content) -> io::Result<()> {
        let time = since_1970().as_secs_f64();
        let bytes = record::framed(&proto::event(time, step, content));
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes))
    }
}

fn since_1970() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A new file whose name comes after those of all event files that are there, whatever the clock says.
fn create(folder: &Path) -> io::Result<File> {
    let mut seconds = since_1970().as_secs();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let time = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split('.').next());
        if let Some(time) = time.and_then(|time| time.parse::<u64>().ok()) {
            seconds = seconds.max(time.saturating_add(1));
        }
    }
    let name = format!("{PREFIX}{seconds:010}.sextant.{}", std::process::id());
    File::create_new(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::names;

    #[test]
    fn a_later_file_has_a_later_name_even_in_the_same_second() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("runs/small");
        let open = |_| EventFile::of_run(Some(&folder.path().join("runs")), "small");
        let mut files: Vec<EventFile> = (0..3).map(|number| open(number).unwrap().unwrap()).collect();
        files[0].write(&Figures::Restart(0)).unwrap();
        assert!(names(&dir).is_empty(), "nothing to tell yet");
        for (number, file) in files.iter_mut().enumerate() {
            file.write(&Figures::Scalars(Some(7), vec![("loss", 0.5)]))
                .unwrap();
            assert_eq!(names(&dir).len(), number + 1);
        }
        let times: Vec<u64> = names(&dir)
            .iter()
            .map(|name| name[PREFIX.len()..][..10].parse().unwrap())
            .collect();
        assert_eq!(times, [times[0], times[0] + 1, times[0] + 2]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = EventFile::of_run(Some(&folder.path().join("file")), "small")
            .err()
            .unwrap();
        assert!(
            error
                .to_string()
                .contains("file/small: cannot create the folder for TensorBoard"),
            "{error}"
        );
    }
}
