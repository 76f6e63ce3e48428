//! One writer at a time: a lock on a folder, which ends with its process however that ends.
//!
//! The lock is the system's (`flock`), on the file `LOCK` in the folder. What is written in the file is only for
//! messages: the file of a dead process stays behind and is not locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::now;
use crate::error::{IndexError, Result};

/// Name of the file.
pub(super) const LOCK_NAME: &str = "LOCK";
/// More bytes than a holder writes of itself.
const HOLDER_BYTES: u64 = 200;

/// The right to write in a folder, until it is dropped.
#[derive(Debug)]
pub(super) struct WriterLock {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl WriterLock {
    /// Takes the lock of `folder`, which exists; errors name the index `index`.
    ///
    /// # Errors
    /// [`IndexError::Locked`] at once where another process has it, [`IndexError::Lock`] where there are no locks, and
    /// a folder that cannot be written to.
    pub fn take(folder: &Path, index: &Path) -> Result<Self> {
        let path = folder.join(LOCK_NAME);
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(IndexError::write(&path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(IndexError::Locked {
                        path: index.to_owned(),
                        holder: holder(&file),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(IndexError::Lock { path, source }),
            }
            // The one before us may have removed the file after we had opened it: then it locks nobody out.
            if is_at(&file, &path) {
                // A full disk spoils the message of a second writer, and stops this one soon enough.
                let _ = introduce(&mut file);
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // While the lock is held still, so that it can be no other's file.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let same = || -> io::Result<bool> {
        let (one, other) = (file.metadata()?, std::fs::metadata(path)?);
        Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
    };
    same().unwrap_or(false)
}

fn introduce(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    let mut words = std::env::args_os();
    let program = PathBuf::from(words.next().unwrap_or_default());
    let program = program.file_name().unwrap_or_default().to_string_lossy();
    let command = words.next().unwrap_or_default();
    let (id, command) = (std::process::id(), command.to_string_lossy());
    write!(file, "process {id} ({program} {command}) since {}", now())
}

/// What the holder of the lock has written of itself.
fn holder(file: &File) -> String {
    let mut text = String::new();
    match file.take(HOLDER_BYTES).read_to_string(&mut text) {
        Ok(length) if length > 0 => text,
        _ => "a process that did not say which".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is_and_a_file_left_behind_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let index = Path::new("c.index");
        std::fs::write(folder.path().join(LOCK_NAME), "process 1 (index), long dead").unwrap();
        let lock = WriterLock::take(folder.path(), index).unwrap();
        let error = WriterLock::take(folder.path(), index).unwrap_err();
        assert!(matches!(error, IndexError::Locked { .. }));
        let message = error.to_string();
        let process = format!("process {} (", std::process::id());
        assert!(
            message.starts_with("c.index: ") && message.contains(&process),
            "{message}"
        );
        assert!(!message.contains("long dead"), "{message}");
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        WriterLock::take(folder.path(), index).unwrap();
    }

    #[test]
    fn of_many_at_once_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, most) = (
            std::sync::atomic::AtomicUsize::new(0),
            std::sync::atomic::AtomicUsize::new(0),
        );
        let turn = || {
            for _ in 0..300 {
                if let Ok(_lock) = WriterLock::take(folder.path(), Path::new("c.index")) {
                    let now = 1 + inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    most.fetch_max(now, std::sync::atomic::Ordering::SeqCst);
                    std::thread::yield_now();
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(turn);
            }
        });
        assert_eq!(most.into_inner(), 1);
    }
}
