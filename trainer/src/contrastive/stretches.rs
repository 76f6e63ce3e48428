//! Many byte strings, one behind the other; what of them would fill the memory lies in a file.
//!
//! Training texts and their tokens are made once, in order, and then read here and there. Up to 64 MiB are held;
//! whatever has more lies whole in a temporary file that is mapped, and the system keeps in memory what of it is in use,
//! as far as there is room. The file has no name, so nothing of it is left, however the process ends.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use memmap2::Mmap;

use crate::error::{Result, TrainError};

/// Bytes that are held in memory, and that are written at a time where there are more.
const HELD: usize = 64 << 20;

/// The strings. They can be read once [`Stretches::finish`] was called, or where [`Stretches::spill`] was not.
#[derive(Debug, Clone, Default)]
pub struct Stretches {
    /// Where each ends, counted from the first one's beginning.
    ends: Vec<u64>,
    /// Those that are not in the file.
    held: Vec<u8>,
    file: Option<Arc<File>>,
    /// Bytes in the file.
    spilled: u64,
    map: Option<Arc<Mmap>>,
}

impl Stretches {
    /// Adds one behind the last.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        self.ends.push(self.spilled + self.held.len() as u64);
    }

    /// Writes away what is held, where that is much.
    ///
    /// # Errors
    /// No room for the file.
    pub fn spill(&mut self) -> Result<()> {
        self.spill_over(HELD)
    }

    fn spill_over(&mut self, most: usize) -> Result<()> {
        if self.held.len() < most || self.held.is_empty() {
            return Ok(());
        }
        let folder = folder();
        let failed = |error| TrainError::io(&folder, ACTION)(error);
        let file = match &self.file {
            Some(file) => file,
            None => {
                let file = tempfile::tempfile_in(&folder).map_err(failed)?;
                self.file.insert(Arc::new(file))
            }
        };
        (&**file).write_all(&self.held).map_err(failed)?;
        self.spilled += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }

    /// All are there; where some are in the file, the rest goes there, too.
    ///
    /// # Errors
    /// No room for the file.
    pub fn finish(&mut self) -> Result<()> {
        if self.file.is_some() {
            self.spill_over(0)?;
        }
        if let Some(file) = &self.file {
            #[expect(
                unsafe_code,
                reason = "the file has no name, so nobody but us can write to it, and we do not any more"
            )]
            let map = unsafe { Mmap::map(&**file) }.map_err(TrainError::io(&folder(), ACTION))?;
            self.map = Some(Arc::new(map));
        }
        self.held.shrink_to_fit();
        self.ends.shrink_to_fit();
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all.
    pub fn bytes(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Bytes of the one with number `number`, which is below `count()`.
    pub fn length(&self, number: usize) -> usize {
        (self.ends[number] - self.start(number)) as usize
    }

    /// The one with number `number`, which is below `count()`.
    pub fn get(&self, number: usize) -> &[u8] {
        let (start, end) = (self.start(number), self.ends[number]);
        if start >= self.spilled {
            return &self.held[(start - self.spilled) as usize..(end - self.spilled) as usize];
        }
        let mapped = self.map.as_deref().map_or(&[][..], |map| map);
        &mapped[start as usize..end as usize]
    }

    fn start(&self, number: usize) -> u64 {
        if number == 0 { 0 } else { self.ends[number - 1] }
    }
}

/// What is tried with the file.
const ACTION: &str =
    "put the training texts into a temporary file here (the variable TMPDIR names another folder)";

/// Where large temporary files belong: `/tmp` is often memory.
fn folder() -> PathBuf {
    let large = PathBuf::from("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && large.is_dir() {
        large
    } else {
        std::env::temp_dir()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spilled_reads_as_what_is_held() {
        let strings: Vec<String> = (0..100).map(|i| "ab".repeat(i % 7)).collect();
        for most in [1, 10, 100, usize::MAX] {
            let mut stretches = Stretches::default();
            for string in &strings {
                stretches.push(string.as_bytes());
                stretches.spill_over(most).unwrap();
            }
            stretches.finish().unwrap();
            assert_eq!(stretches.count(), 100);
            assert_eq!(stretches.bytes(), strings.concat().len() as u64);
            assert_eq!(stretches.held.is_empty(), most < usize::MAX);
            let copy = stretches.clone();
            for (number, string) in strings.iter().enumerate() {
                assert_eq!(copy.get(number), string.as_bytes());
                assert_eq!(copy.length(number), string.len());
            }
        }
    }

    #[test]
    fn nothing_is_nothing() {
        let mut stretches = Stretches::default();
        stretches.finish().unwrap();
        assert_eq!((stretches.count(), stretches.bytes()), (0, 0));
        stretches.push(b"");
        assert_eq!(stretches.get(0), b"");
    }
}
