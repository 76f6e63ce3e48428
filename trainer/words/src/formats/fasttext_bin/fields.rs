//! The fields of a file, one after another; none is believed before the file is known to be long enough.

use std::fmt::Display;
use std::path::Path;

use crate::error::{Result, WordsError};

use super::NUMBER;

const DAMAGED: &str = "the file is damaged: download it or save it again";

/// Where a file was read up to.
pub(super) struct Fields<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(path: &'a Path, bytes: &'a [u8]) -> Self {
        Fields { path, bytes, at: 0 }
    }

    /// Bytes that were not read yet.
    pub(super) fn left(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn take<const BYTES: usize>(&mut self, what: &str) -> Result<[u8; BYTES]> {
        let Some(&field) = self.left().first_chunk() else {
            return Err(self.truncated(what));
        };
        self.at += BYTES;
        Ok(field)
    }

    pub(super) fn byte(&mut self, what: &str) -> Result<u8> {
        self.take(what).map(|[byte]| byte)
    }

    pub(super) fn int(&mut self, what: &str) -> Result<i32> {
        self.take(what).map(i32::from_le_bytes)
    }

    pub(super) fn long(&mut self, what: &str) -> Result<i64> {
        self.take(what).map(i64::from_le_bytes)
    }

    /// A number of 32 bits that is `least` or more.
    pub(super) fn size(&mut self, what: &str, least: usize) -> Result<usize> {
        let size = self.int(what)?;
        self.checked_size(size.into(), what, least)
    }

    /// A number of 64 bits that is `least` or more.
    pub(super) fn long_size(&mut self, what: &str, least: usize) -> Result<usize> {
        let size = self.long(what)?;
        self.checked_size(size, what, least)
    }

    fn checked_size(&self, size: i64, what: &str, least: usize) -> Result<usize> {
        usize::try_from(size)
            .ok()
            .filter(|&size| size >= least)
            .ok_or_else(|| self.damaged(&format!("{what}: a number from {least} up"), size))
    }

    /// Bytes up to a NUL, which is read too.
    pub(super) fn string(&mut self, what: &str) -> Result<&'a [u8]> {
        let left = self.left();
        let Some(end) = left.iter().position(|&byte| byte == 0) else {
            return Err(self.truncated(what));
        };
        self.at += end + 1;
        Ok(&left[..end])
    }

    /// A matrix of 32-bit numbers: its first byte's place and its bytes.
    pub(super) fn numbers(&mut self, rows: usize, columns: usize, what: &str) -> Result<(usize, &'a [u8])> {
        let bytes = rows
            .checked_mul(columns)
            .and_then(|numbers| numbers.checked_mul(NUMBER));
        let left = self.left();
        let Some(numbers) = bytes.and_then(|bytes| left.get(..bytes)) else {
            return Err(self.truncated(&format!("{what} of {rows} rows and {columns} columns")));
        };
        let start = self.at;
        self.at += numbers.len();
        Ok((start, numbers))
    }

    /// A file that ends too soon.
    pub(super) fn truncated(&self, what: &str) -> WordsError {
        self.refused(
            &format!("{what} at byte {}", self.at),
            &format!("a file of only {} bytes", self.bytes.len()),
            "it was cut off or damaged: download it or save it again",
        )
    }

    /// A file that no version of fastText wrote so.
    pub(super) fn damaged(&self, expected: &str, found: impl Display) -> WordsError {
        self.refused(expected, &found.to_string(), DAMAGED)
    }

    /// A file that cannot be used.
    pub(super) fn refused(&self, expected: &str, found: &str, help: &str) -> WordsError {
        WordsError::format(self.path, expected, found, help)
    }
}
