//! Making finished segments part of an index, so that a crash at any moment leaves the old state
//! or the new one.
//!
//! A first index is one rename of the whole folder. An index that is there gets, in this order: new
//! segments and files of deleted rows under names of their own; the new manifest, by a rename over the old one (this
//! is the commit); and then the removal of what the manifest does not name. Each step is brought to the disk
//! before the next.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use indexer_ann::MappedFile;

use super::staging::parent;
use crate::block_file;
use crate::checksum;
use crate::error::{IndexError, Result};
use crate::manifest::{DELETED_NAME, FileRecord, MANIFEST_NAME, Manifest, SEGMENTS_NAME};

/// The new manifest until it is renamed.
const MANIFEST_ASIDE: &str = "MANIFEST.new";

/// Writes the checksums of the blocks of every file under `folder`; every file, that one too, sorted by name, with its
/// length and checksum.
pub(super) fn record_files(folder: &Path) -> Result<Vec<FileRecord>> {
    let mut names = Vec::new();
    name_files(folder, "", &mut names)?;
    names.sort();
    let open = |name: &String| MappedFile::open(&folder.join(name));
    let files: Vec<MappedFile> = names.iter().map(open).collect::<Result<_, _>>()?;
    let place = folder.join(block_file::FILE_NAME);
    let blocks = block_file::to_bytes(&files)?;
    fs::write(&place, &blocks).map_err(IndexError::write(&place))?;
    let mut records = vec![record(block_file::FILE_NAME, &blocks)];
    for (name, file) in names.iter().zip(&files) {
        records.push(record(name, file.read(0..file.len())?));
    }
    records.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(records)
}

fn record(name: &str, content: &[u8]) -> FileRecord {
    FileRecord {
        path: name.to_owned(),
        bytes: content.len() as u64,
        blake3: checksum::hash(content).to_hex().to_string(),
    }
}

fn name_files(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(IndexError::read(folder))? {
        let path = entry.map_err(IndexError::read(folder))?.path();
        let name = format!(
            "{prefix}{}",
            path.file_name().unwrap_or_default().to_string_lossy()
        );
        if path.is_dir() {
            name_files(&path, &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// Turns the staged folder into the index `target`, where nothing is.
pub(super) fn first(staged: &Path, target: &Path, manifest: &Manifest) -> Result<()> {
    write_manifest(&staged.join(MANIFEST_NAME), manifest)?;
    sync(staged)?;
    fs::rename(staged, target).map_err(IndexError::write(target))?;
    sync_committed(&parent(target))
}

/// Replaces the state of the index `target`, whose lock the caller has, by the one staged.
pub(super) fn replace(staged: &Path, target: &Path, manifest: &Manifest) -> Result<()> {
    let swapped = place_segments(staged, target, manifest).and_then(|()| swap_manifest(target, manifest));
    match swapped {
        // What the old manifest names goes only when the new one cannot be undone any more.
        Ok(()) => sync_committed(target).map(|()| remove_unnamed(target, manifest)),
        Err(error) => {
            // Back, so that they are kept or go with the staging folder.
            for segment in &manifest.segments {
                let [from, to] = [target, staged].map(|index| index.join(SEGMENTS_NAME).join(&segment.name));
                let _ = fs::rename(from, to);
            }
            Err(error)
        }
    }
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

/// Puts the manifest in the place of the old one: from then on `manifest` is the state of the index `target`. All
/// that it names has to be on the disk.
pub(super) fn swap_manifest(target: &Path, manifest: &Manifest) -> Result<()> {
    let (aside, place) = (target.join(MANIFEST_ASIDE), target.join(MANIFEST_NAME));
    let swapped = write_manifest(&aside, manifest)
        .and_then(|()| fs::rename(&aside, &place).map_err(IndexError::write(&place)));
    if swapped.is_err() {
        let _ = fs::remove_file(&aside);
    }
    swapped
}

/// Removes what the manifest does not name: segments and deleted rows of older states, and those of a writer that was
/// killed before its commit. The caller has the index's lock, so no other writer's are among them; readers that have
/// opened them keep them. What cannot be removed now costs room, nothing else, and the next writer tries again.
pub(super) fn remove_unnamed(target: &Path, manifest: &Manifest) {
    let _ = fs::remove_file(target.join(MANIFEST_ASIDE));
    let segments = manifest.segments.iter();
    let named: Vec<&str> = segments.clone().map(|segment| segment.name.as_str()).collect();
    remove_others(&target.join(SEGMENTS_NAME), &named);
    let deleted = segments.filter_map(|segment| segment.deleted.as_ref());
    let named: Vec<&str> = deleted.map(|deleted| deleted.file.path.as_str()).collect();
    remove_others(&target.join(DELETED_NAME), &named);
    // Only where it is empty.
    let _ = fs::remove_dir(target.join(DELETED_NAME));
}

/// Removes all in `folder` but what is named.
pub(super) fn remove_others(folder: &Path, named: &[&str]) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if named.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path();
        let _ = match path.is_dir() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
    }
}

fn write_manifest(path: &Path, manifest: &Manifest) -> Result<()> {
    let bytes = manifest
        .to_bytes()
        .map_err(|error| IndexError::write(path)(error.into()))?;
    write_file(path, &bytes)
}

/// Writes a file and brings it to the disk.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(IndexError::write(path))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(IndexError::write(path))
}

/// Brings a folder and all in it to the disk.
pub(super) fn sync(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(IndexError::read(folder))? {
        let path = entry.map_err(IndexError::read(folder))?.path();
        match path.is_dir() {
            true => sync(&path)?,
            false => sync_file(&path)?,
        }
    }
    sync_file(folder)
}

/// Brings a file, or the names in a folder, to the disk.
pub(super) fn sync_file(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(IndexError::write(path))
}

/// Brings the rename that was the commit to the disk.
pub(super) fn sync_committed(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(|source| IndexError::Unsynced {
            path: folder.to_owned(),
            source,
        })
}
