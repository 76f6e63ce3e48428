//! Links from `deps/` and beside libtorch into what was unpacked.

use anyhow::{Context, Result, bail};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Makes `link` point at `folder`. A real folder in its place is only replaced with `force`.
pub fn point(link: &Path, folder: &Path, force: bool) -> Result<()> {
    match std::fs::symlink_metadata(link) {
        Ok(found) if found.is_symlink() => {
            if std::fs::read_link(link).is_ok_and(|target| target == folder) {
                return Ok(());
            }
        }
        Ok(_) if !force => bail!(
            "{} is there, but set-up did not make it: remove it, or run `cargo xtask setup --force`",
            link.display()
        ),
        Ok(_) => {
            let aside = beside(link, ".old");
            remove(&aside)?;
            std::fs::rename(link, &aside).with_context(|| format!("cannot move {}", link.display()))?;
            replace(link, folder)?;
            return remove(&aside);
        }
        Err(_) => {}
    }
    replace(link, folder)
}

/// The path with an ending added to its last name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(ending);
    PathBuf::from(aside)
}

/// Puts what `libtorch_cuda.so` is made of beside `libtorch_cpu.so`, where it is looked for, and
/// from where its own search path, `$ORIGIN/../../nvidia`, reaches NVIDIA's libraries.
pub fn add_cuda(libtorch: &Path, cuda: &Path) -> Result<()> {
    let from = cuda.join("torch").join("lib");
    let name = cuda.file_name().unwrap_or_default();
    let relative = Path::new("../..").join(name).join("torch").join("lib");
    let entries = std::fs::read_dir(&from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let file = entry
            .with_context(|| format!("cannot read {}", from.display()))?
            .file_name();
        replace(&libtorch.join("lib").join(&file), &relative.join(&file))?;
    }
    Ok(())
}

/// A link put in place by a rename, so that a build at this moment sees the old or the new one.
fn replace(link: &Path, target: &Path) -> Result<()> {
    let aside = beside(link, ".new");
    remove(&aside)?;
    symlink(target, &aside)
        .and_then(|()| std::fs::rename(&aside, link))
        .with_context(|| format!("cannot link {} to {}", link.display(), target.display()))
}

/// Removes a file, a link or a whole folder; nothing there is fine.
pub fn remove(path: &Path) -> Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_made_folder_is_kept_unless_forced() {
        let root = tempfile::tempdir().unwrap();
        let (link, folder) = (root.path().join("link"), root.path().join("folder"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(link.join("own")).unwrap();
        let error = point(&link, &folder, false).unwrap_err().to_string();
        assert!(error.contains("--force") && link.join("own").exists(), "{error}");
        point(&link, &folder, true).unwrap();
        assert_eq!(std::fs::read_link(&link).unwrap(), folder);
    }

    #[test]
    fn a_link_is_moved_to_a_new_folder_and_left_alone_when_right() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("link");
        for folder in ["one", "two", "two"] {
            point(&link, &root.path().join(folder), false).unwrap();
            assert_eq!(std::fs::read_link(&link).unwrap(), root.path().join(folder));
        }
    }
}
