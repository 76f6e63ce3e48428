//! Sorted runs of entries on disk, and the merge of all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::entry::Entry;
use crate::error::{Result, WordsError};

/// A file without a name in a folder: it goes with the last handle, also when the process is killed.
pub(super) fn scratch_file(scratch: &Path) -> Result<File> {
    tempfile::tempfile_in(scratch).map_err(WordsError::write(scratch))
}

/// Maps a finished scratch file.
pub(super) fn map(file: &File, scratch: &Path) -> Result<Mmap> {
    #[expect(unsafe_code, reason = "the file has no name, so nobody else can reach it")]
    unsafe { Mmap::map(file) }.map_err(WordsError::read(scratch))
}

/// Writes runs, one after the other, into one file.
#[derive(Debug)]
pub(super) struct RunWriter {
    scratch: PathBuf,
    file: BufWriter<File>,
    ends: Vec<usize>,
}

/// Runs that are written.
#[derive(Debug)]
pub(super) struct Runs {
    map: Option<Mmap>,
    ranges: Vec<Range<usize>>,
}

impl RunWriter {
    pub(super) fn new(scratch: &Path) -> Result<Self> {
        Ok(RunWriter {
            scratch: scratch.to_owned(),
            file: BufWriter::with_capacity(1 << 16, scratch_file(scratch)?),
            ends: Vec::new(),
        })
    }

    /// Appends a run, ascending by key.
    pub(super) fn run(&mut self, entries: impl Iterator<Item = Entry>) -> Result<()> {
        let mut end = self.ends.last().copied().unwrap_or(0);
        for entry in entries {
            self.file
                .write_all(bytemuck::bytes_of(&entry))
                .map_err(WordsError::write(&self.scratch))?;
            end += 1;
        }
        self.ends.push(end);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Runs> {
        let write = WordsError::write(&self.scratch);
        let file = self
            .file
            .into_inner()
            .map_err(|error| write(error.into_error()))?;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends).map(|(start, &end)| start..end).collect();
        // A map cannot be empty.
        let map = match self.ends.last() {
            None | Some(0) => None,
            Some(_) => Some(map(&file, &self.scratch)?),
        };
        Ok(Runs { map, ranges })
    }
}

impl Runs {
    /// The runs, each ascending by key.
    pub(super) fn slices(&self) -> impl Iterator<Item = &[Entry]> {
        let entries: &[Entry] = self.map.as_deref().map_or(&[], bytemuck::cast_slice);
        self.ranges.iter().map(|range| &entries[range.clone()])
    }
}

/// The entries of all runs by key, each pair once, with the sum of its weights.
pub(super) struct Merge<'a> {
    /// What is left of each run, and the runs by their next key; none is empty.
    runs: Vec<&'a [Entry]>,
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(files: &'a [Runs]) -> Self {
        let slices = files.iter().flat_map(Runs::slices);
        let runs: Vec<&[Entry]> = slices.filter(|run| !run.is_empty()).collect();
        let firsts = runs
            .iter()
            .enumerate()
            .map(|(run, entries)| Reverse((entries[0].key(), run)));
        Merge {
            next: firsts.collect(),
            runs,
        }
    }

    /// Takes the entry with the least key.
    fn take(&mut self) -> Option<Entry> {
        let mut top = self.next.peek_mut()?;
        let Reverse((_, run)) = *top;
        let (first, rest) = self.runs[run].split_first()?;
        self.runs[run] = rest;
        match rest.first() {
            Some(following) => top.0.0 = following.key(),
            None => {
                std::collections::binary_heap::PeekMut::pop(top);
            }
        }
        Some(*first)
    }
}

impl Iterator for Merge<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let mut sum = self.take()?;
        while self
            .next
            .peek()
            .is_some_and(|Reverse((key, _))| *key == sum.key())
        {
            sum.weight = sum.weight.saturating_add(self.take()?.weight);
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_merged_and_equal_pairs_added() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = RunWriter::new(dir.path()).unwrap();
        first
            .run([Entry::new(0, 1, 5), Entry::new(0, 3, 1)].into_iter())
            .unwrap();
        first.run(std::iter::empty()).unwrap();
        first
            .run([Entry::new(0, 1, 2), Entry::new(2, 2, 7)].into_iter())
            .unwrap();
        let mut second = RunWriter::new(dir.path()).unwrap();
        second.run([Entry::new(1, 0, 1)].into_iter()).unwrap();
        let empty = RunWriter::new(dir.path()).unwrap();
        let files = [
            first.finish().unwrap(),
            empty.finish().unwrap(),
            second.finish().unwrap(),
        ];
        let merged: Vec<Entry> = Merge::new(&files).collect();
        assert_eq!(
            merged,
            [Entry::new(0, 1, 8), Entry::new(0, 3, 1), Entry::new(2, 2, 7)]
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_scratch_folder_that_is_not_there_is_named() {
        let message = RunWriter::new(Path::new("no/such/folder"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("no/such/folder"), "{message}");
    }
}
