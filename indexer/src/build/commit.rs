//! Making a finished segment part of an index, so that a crash at any moment leaves the old state
//! or the new one.
//!
//! A first index is one rename of the whole folder. An index that is replaced gets, in this order:
//! the new segment under a name of its own; the new manifest, by a rename over the old one (this is
//! the commit); and then the removal of what the manifest does not name.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::staging::parent;
use crate::checksum;
use crate::error::{IndexError, Result};
use crate::manifest::{FileRecord, MANIFEST_NAME, Manifest, SEGMENTS_NAME};
use crate::mapped::MappedFile;

/// The new manifest until it is renamed.
const MANIFEST_ASIDE: &str = "MANIFEST.new";

/// Every file under `folder`, sorted by name, with its length and checksum.
pub(super) fn record_files(folder: &Path) -> Result<Vec<FileRecord>> {
    let mut files = Vec::new();
    record_folder(folder, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn record_folder(folder: &Path, prefix: &str, files: &mut Vec<FileRecord>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(IndexError::read(folder))? {
        let path = entry.map_err(IndexError::read(folder))?.path();
        let name = format!(
            "{prefix}{}",
            path.file_name().unwrap_or_default().to_string_lossy()
        );
        if path.is_dir() {
            record_folder(&path, &format!("{name}/"), files)?;
            continue;
        }
        let file = MappedFile::open(&path)?;
        let blake3 = checksum::hash(file.bytes()).to_hex().to_string();
        files.push(FileRecord {
            path: name,
            bytes: file.bytes().len() as u64,
            blake3,
        });
    }
    Ok(())
}

/// Turns the staged folder into the index `target`, where nothing is.
pub(super) fn first(staged: &Path, target: &Path, manifest: &Manifest) -> Result<()> {
    write_manifest(&staged.join(MANIFEST_NAME), manifest)?;
    sync(staged)?;
    fs::rename(staged, target).map_err(IndexError::write(target))?;
    sync_file(&parent(target))
}

/// Replaces the state of the index `target` by the one staged.
pub(super) fn replace(staged: &Path, target: &Path, manifest: &Manifest) -> Result<()> {
    // One build at a time from here on: another one's new segment must not be taken for an old one.
    let lock = File::open(target).map_err(IndexError::read(target))?;
    let _ = lock.lock();
    place_segments(staged, target, manifest)?;
    swap_manifest(target, manifest)?;
    remove_unnamed(target, manifest);
    Ok(())
}

fn place_segments(staged: &Path, target: &Path, manifest: &Manifest) -> Result<()> {
    let (from, to) = (staged.join(SEGMENTS_NAME), target.join(SEGMENTS_NAME));
    sync(&from)?;
    fs::create_dir_all(&to).map_err(IndexError::write(&to))?;
    for segment in &manifest.segments {
        let place = to.join(&segment.name);
        fs::rename(from.join(&segment.name), &place).map_err(IndexError::write(&place))?;
    }
    sync_file(&to)
}

fn swap_manifest(target: &Path, manifest: &Manifest) -> Result<()> {
    let (aside, place) = (target.join(MANIFEST_ASIDE), target.join(MANIFEST_NAME));
    let swapped = write_manifest(&aside, manifest)
        .and_then(|()| fs::rename(&aside, &place).map_err(IndexError::write(&place)));
    if swapped.is_err() {
        let _ = fs::remove_file(&aside);
        for segment in &manifest.segments {
            let _ = fs::remove_dir_all(target.join(SEGMENTS_NAME).join(&segment.name));
        }
    }
    swapped?;
    sync_file(target)
}

/// Removes segments that the manifest does not name: those of the old state, and those of a build
/// that was killed before its commit. What cannot be removed now costs room, nothing else, and the
/// next build tries again.
fn remove_unnamed(target: &Path, manifest: &Manifest) {
    let Ok(entries) = fs::read_dir(target.join(SEGMENTS_NAME)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !manifest
            .segments
            .iter()
            .any(|segment| name == segment.name.as_str())
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn write_manifest(path: &Path, manifest: &Manifest) -> Result<()> {
    let bytes = manifest
        .to_bytes()
        .map_err(|error| IndexError::write(path)(error.into()))?;
    let mut file = File::create(path).map_err(IndexError::write(path))?;
    file.write_all(&bytes)
        .and_then(|()| file.sync_all())
        .map_err(IndexError::write(path))
}

/// Brings a folder and all in it to the disk.
fn sync(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(IndexError::read(folder))? {
        let path = entry.map_err(IndexError::read(folder))?.path();
        match path.is_dir() {
            true => sync(&path)?,
            false => sync_file(&path)?,
        }
    }
    sync_file(folder)
}

fn sync_file(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(IndexError::write(path))
}

#[cfg(test)]
mod tests;
