//! Where the model goes: written aside, moved into place at the end, so that a failed run leaves what was
//! there before.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Result, TrainError};
use crate::leftovers::{self, REPLACED, UNFINISHED};

/// Folder of all models, in the current folder.
pub(crate) const MODELS: &str = "models";

/// Link in [`MODELS`] to the model trained last; `index build` and `search` look there.
const LATEST: &str = "latest";

/// A free (or to be replaced) place for a model, and the hidden folder beside it that is filled first.
///
/// Dropping it before [`Output::publish`] removes everything that it made.
pub struct Output {
    target: PathBuf,
    aside: PathBuf,
    /// Parents that did not exist before, innermost first.
    made: Vec<PathBuf>,
    published: bool,
}

impl Output {
    /// Claims `out`, or `models/NAME` without it, before any work is done.
    ///
    /// # Errors
    /// Something is there and `force` is not given; it is not a model folder; the place cannot be written.
    pub fn claim(out: Option<&Path>, name: &str, force: bool) -> Result<Self> {
        let target = out.map_or_else(|| Path::new(MODELS).join(name), Path::to_path_buf);
        let Some(file_name) = target.file_name() else {
            return Err(TrainError::Output(format!(
                "{}: not a folder that can be made",
                target.display()
            )));
        };
        let parent = parent(&target);
        if file_name == LATEST && parent == Path::new(MODELS) {
            return Err(TrainError::Output(format!(
                "{}: this name is the link to the model trained last; choose another",
                target.display()
            )));
        }
        if parent.is_dir() {
            leftovers::clear(parent, &target)?;
        }
        check_free(&target, force)?;
        check_latest(parent)?;
        let made = missing_parents(parent);
        fs::create_dir_all(parent).map_err(TrainError::io(parent, "create the folder"))?;
        let aside = parent.join(format!(
            ".{}.{}.{UNFINISHED}",
            file_name.display(),
            std::process::id()
        ));
        // From here on dropping the value tidies up.
        let output = Output {
            target,
            aside,
            made,
            published: false,
        };
        fs::create_dir(&output.aside).map_err(TrainError::io(&output.aside, "create the folder"))?;
        Ok(output)
    }

    /// The folder to fill.
    pub fn aside(&self) -> &Path {
        &self.aside
    }

    /// Where the model will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Moves the filled folder to its place and, where `promote` is set, points `models/latest` at it, if that is
    /// where it is.
    ///
    /// Returns the link where it was set.
    pub fn publish(mut self, promote: bool) -> Result<Option<PathBuf>> {
        sync(&self.aside)?;
        if self.target.symlink_metadata().is_ok() {
            self.replace()?;
        } else {
            rename(&self.aside, &self.target)?;
        }
        self.published = true;
        sync_entries(parent(&self.target))?;
        if !promote || parent(&self.target) != Path::new(MODELS) {
            return Ok(None);
        }
        point_latest_at(&self.target).map(Some)
    }

    /// Puts the new folder in the old one's place; if that fails, the old one comes back.
    fn replace(&self) -> Result<()> {
        let old = self.aside.with_extension(REPLACED);
        rename(&self.target, &old)?;
        if let Err(error) = rename(&self.aside, &self.target) {
            rename(&old, &self.target)?;
            return Err(error);
        }
        fs::remove_dir_all(&old).map_err(TrainError::io(&old, "remove the replaced model"))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // Nothing better can be done with errors here: the run is already failing for another reason.
        let _ = fs::remove_dir_all(&self.aside);
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn check_free(target: &Path, force: bool) -> Result<()> {
    let Ok(metadata) = target.symlink_metadata() else {
        return Ok(());
    };
    let shown = target.display();
    if !metadata.is_dir() {
        return Err(TrainError::Output(format!(
            "{shown}: is there and is no folder; choose another name"
        )));
    }
    if !force {
        return Err(TrainError::Output(format!(
            "{shown}: there is a model already; replace it with --force, or choose another name or --out"
        )));
    }
    // --force must not be able to delete a home folder by a slip.
    let empty = fs::read_dir(target)
        .map_err(TrainError::io(target, "read the folder"))?
        .next()
        .is_none();
    if !empty && !target.join("modules.json").is_file() {
        return Err(TrainError::Output(format!(
            "{shown}: --force replaces model folders only, and this has no modules.json; choose another name or --out"
        )));
    }
    Ok(())
}

/// `latest` beside the model must be a link or nothing, and that is said before the training, not after it.
fn check_latest(parent: &Path) -> Result<()> {
    let latest = parent.join(LATEST);
    match latest.symlink_metadata() {
        Ok(metadata) if parent == Path::new(MODELS) && !metadata.is_symlink() => {
            Err(TrainError::Output(format!(
                "{}: is no link, so it cannot be pointed at the new model; rename it",
                latest.display()
            )))
        }
        _ => Ok(()),
    }
}

/// Replaces the link in one step: made under another name, then renamed over the old one.
fn point_latest_at(target: &Path) -> Result<PathBuf> {
    let latest = parent(target).join(LATEST);
    let fresh = parent(target).join(format!(".{LATEST}.{}", std::process::id()));
    let name = target.file_name().unwrap_or_default();
    std::os::unix::fs::symlink(name, &fresh).map_err(TrainError::io(&fresh, "create the link"))?;
    rename(&fresh, &latest)?;
    Ok(latest)
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn missing_parents(folder: &Path) -> Vec<PathBuf> {
    folder
        .ancestors()
        .take_while(|folder| !folder.exists())
        .map(Path::to_path_buf)
        .collect()
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(TrainError::io(to, "move the finished files here"))
}

/// Makes the files durable before the rename shows them, so that no power cut can show an empty model.
fn sync(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(TrainError::io(folder, "read the folder"))?;
    for entry in entries {
        let path = entry.map_err(TrainError::io(folder, "read the folder"))?.path();
        if path.is_dir() {
            sync(&path)?;
        } else {
            let file = fs::File::open(&path).map_err(TrainError::io(&path, "open the file"))?;
            file.sync_all()
                .map_err(TrainError::io(&path, "write the file to the disk"))?;
        }
    }
    sync_entries(folder)
}

/// Makes a folder's list of entries durable: what was created in it or renamed into it.
fn sync_entries(folder: &Path) -> Result<()> {
    fs::File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(TrainError::io(folder, "write the folder to the disk"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What is in a folder, sorted.
    pub(crate) fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_dropped_claim_leaves_no_trace_not_even_its_parents() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/b/model");
        let output = Output::claim(Some(&out), "m", false).unwrap();
        fs::write(output.aside().join("half"), "x").unwrap();
        drop(output);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn publishing_moves_the_folder_into_place() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("model");
        let output = Output::claim(Some(&out), "m", false).unwrap();
        fs::write(output.aside().join("modules.json"), "new").unwrap();
        assert_eq!(
            output.publish(true).unwrap(),
            None,
            "the link is set in models/ alone"
        );
        assert_eq!(names(folder.path()), ["model"]);
        assert_eq!(names(&out), ["modules.json"]);
    }

    #[test]
    fn what_is_there_is_replaced_with_force_alone_and_only_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("model");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("modules.json"), "old").unwrap();
        let message = Output::claim(Some(&out), "m", false).err().unwrap().to_string();
        assert!(message.contains("--force"), "{message}");
        let output = Output::claim(Some(&out), "m", true).unwrap();
        fs::write(output.aside().join("modules.json"), "new").unwrap();
        assert_eq!(fs::read_to_string(out.join("modules.json")).unwrap(), "old");
        output.publish(true).unwrap();
        assert_eq!(fs::read_to_string(out.join("modules.json")).unwrap(), "new");
        assert_eq!(names(folder.path()), ["model"]);
    }

    #[test]
    fn the_name_of_the_link_is_refused() {
        let message = Output::claim(Some(Path::new("models/latest")), "m", true)
            .err()
            .unwrap()
            .to_string();
        assert!(message.contains("link"), "{message}");
    }

    #[test]
    fn force_never_replaces_what_is_no_model() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years").unwrap();
        let message = Output::claim(Some(folder.path()), "m", true)
            .err()
            .unwrap()
            .to_string();
        assert!(message.contains("modules.json"), "{message}");
    }
}
