//! What a training that was killed (not interrupted) has left beside its target: put right by the next.

use std::fs;
use std::path::Path;

use crate::error::{Result, TrainError};

/// Ending of the folder that is filled.
pub const UNFINISHED: &str = "unfinished";

/// Ending of the old model while the new one takes its place.
pub const REPLACED: &str = "replaced";

/// Removes the unfinished folders of processes that are gone; brings back a model that such a process
/// had moved out of the way without putting the new one there.
///
/// # Errors
/// The file system refuses.
pub fn clear(parent: &Path, target: &Path) -> Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let entries = fs::read_dir(parent).map_err(TrainError::io(parent, "read the folder"))?;
    for entry in entries {
        let entry = entry.map_err(TrainError::io(parent, "read the folder"))?;
        let file_name = entry.file_name();
        let rest = file_name
            .to_str()
            .and_then(|file| file.strip_prefix(&format!(".{name}.")));
        let Some((process, ending)) = rest.and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        if !process.bytes().all(|byte| byte.is_ascii_digit()) || Path::new("/proc").join(process).exists() {
            continue;
        }
        let path = entry.path();
        if ending == REPLACED && target.symlink_metadata().is_err() {
            fs::rename(&path, target).map_err(TrainError::io(target, "bring back the old model"))?;
        } else if ending == REPLACED || ending == UNFINISHED {
            fs::remove_dir_all(&path).map_err(TrainError::io(&path, "remove what a killed training left"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beyond the largest process number that Linux gives.
    const GONE: &str = "4194999";

    #[test]
    fn what_dead_processes_left_is_put_right_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let alive = format!(".m.{}.unfinished", std::process::id());
        for name in [
            &format!(".m.{GONE}.unfinished"),
            &alive,
            ".m.notes.unfinished",
            ".n.1.unfinished",
        ] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::create_dir(path(&format!(".m.{GONE}.replaced"))).unwrap();
        fs::write(path(&format!(".m.{GONE}.replaced")).join("modules.json"), "old").unwrap();
        clear(folder.path(), &path("m")).unwrap();
        assert_eq!(fs::read_to_string(path("m/modules.json")).unwrap(), "old");
        assert!(!path(&format!(".m.{GONE}.unfinished")).exists());
        assert!(
            path(&alive).exists() && path(".m.notes.unfinished").exists() && path(".n.1.unfinished").exists()
        );
    }
}
