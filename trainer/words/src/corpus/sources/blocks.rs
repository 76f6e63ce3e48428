//! The stream of bytes in blocks of whole lines: checked to be text, and cut where a line is too long.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::{Kind, Source, open};
use crate::corpus::InvalidUtf8;
use crate::error::{Result, WordsError};

/// Bytes that are held at a time, and the longest line; a longer one is cut at white space.
const BLOCK_BYTES: usize = 1 << 20;

/// Some lines of a file. A block's end closes a line.
pub(in crate::corpus) struct Block {
    /// The lines.
    pub(in crate::corpus) text: String,
    /// Bytes as they were in the stream.
    pub(in crate::corpus) bytes: u64,
    /// Bytes of the file read up to here.
    pub(in crate::corpus) position: u64,
    /// Lines found to be too long.
    pub(in crate::corpus) lines_cut: u64,
    /// Lines with bytes that are not UTF-8.
    pub(in crate::corpus) lines_replaced: u64,
}

/// The blocks of one file.
pub(in crate::corpus) struct Blocks {
    source: Source,
    invalid_utf8: InvalidUtf8,
    buffer: Vec<u8>,
    /// Number of the line at the start of the buffer, from 1.
    line: u64,
    is_start: bool,
    is_end: bool,
    /// The buffer starts inside a line that was cut.
    in_cut_line: bool,
    last_replaced: u64,
}

impl Blocks {
    /// Opens a file.
    pub(in crate::corpus) fn open(path: &Path, column: &str, invalid_utf8: InvalidUtf8) -> Result<Self> {
        Ok(Blocks {
            source: open(path, column)?,
            invalid_utf8,
            buffer: Vec::new(),
            line: 1,
            is_start: true,
            is_end: false,
            in_cut_line: false,
            last_replaced: 0,
        })
    }

    /// The next block; none behind the last.
    pub(in crate::corpus) fn next(&mut self) -> Result<Option<Block>> {
        self.fill()?;
        if self.is_start && self.buffer.starts_with("\u{feff}".as_bytes()) {
            self.buffer.drain(..'\u{feff}'.len_utf8());
        }
        if self.buffer.is_empty() {
            return Ok(None);
        }
        let (end, is_cut) = match self.buffer.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => (at + 1, false),
            None if self.is_end => (self.buffer.len(), false),
            None => (cut(&self.buffer), true),
        };
        let rest = self.buffer.split_off(end);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        let lines_cut = u64::from(is_cut && !self.in_cut_line);
        self.in_cut_line = is_cut;
        let (length, breaks) = (bytes.len() as u64, count_breaks(&bytes));
        let (text, lines_replaced) = self.decode(bytes)?;
        self.line += breaks;
        self.is_start = false;
        Ok(Some(Block {
            text,
            bytes: length,
            position: self.source.position.load(Ordering::Relaxed),
            lines_cut,
            lines_replaced,
        }))
    }

    /// Reads until the buffer is full, always to the same length: where lines are cut must not depend on how
    /// much a decoder hands out at a time.
    fn fill(&mut self) -> Result<()> {
        if self.is_end {
            return Ok(());
        }
        let missing = (BLOCK_BYTES - self.buffer.len()) as u64;
        match self
            .source
            .text
            .by_ref()
            .take(missing)
            .read_to_end(&mut self.buffer)
        {
            Ok(read) => self.is_end = (read as u64) < missing,
            Err(error) => return Err(self.broken(error)),
        }
        Ok(())
    }

    fn broken(&self, error: std::io::Error) -> WordsError {
        let path = &self.source.path;
        let kind = self.source.kind;
        if kind == Kind::Text {
            return WordsError::read(path)(error);
        }
        let line = self.line + count_breaks(&self.buffer);
        let position = self.source.position.load(Ordering::Relaxed);
        WordsError::format(
            path,
            kind.name(),
            format!("broken data in line {line} of the text, near byte {position} of the file ({error})"),
            "fetch or make the file again",
        )
    }

    /// The bytes as text, and the number of lines in which bytes had to be replaced.
    fn decode(&mut self, bytes: Vec<u8>) -> Result<(String, u64)> {
        if self.source.kind != Kind::Parquet
            && let Some(at) = bytes.iter().position(|&byte| byte == 0)
        {
            let found = format!("a NUL byte in line {}", self.line + count_breaks(&bytes[..at]));
            return Err(self.not_text(found));
        }
        let error = match String::from_utf8(bytes) {
            Ok(text) => return Ok((text, 0)),
            Err(error) => error,
        };
        let line = self.line + count_breaks(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let bytes = error.into_bytes();
        let invalid: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
        if self.is_start && invalid * 2 > bytes.len() {
            return Err(self.not_text(format!(
                "{invalid} of the first {} bytes that are not",
                bytes.len()
            )));
        }
        match self.invalid_utf8 {
            InvalidUtf8::Refuse => Err(WordsError::format(
                &self.source.path,
                "text in UTF-8",
                format!("bytes in line {line} that are not"),
                "convert the file, or let such bytes be replaced (data.invalid_utf8 = \"replace\")",
            )),
            InvalidUtf8::Replace => Ok(self.replace(&bytes)),
        }
    }

    fn not_text(&self, found: String) -> WordsError {
        WordsError::format(
            &self.source.path,
            "text in UTF-8",
            format!("{found}: a binary file, or text in another encoding"),
            "leave it out or convert it",
        )
    }

    fn replace(&mut self, bytes: &[u8]) -> (String, u64) {
        let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
        let mut replaced = 0;
        for (number, line) in (self.line..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
            let line = String::from_utf8_lossy(line);
            if matches!(line, std::borrow::Cow::Owned(_)) && self.last_replaced != number {
                self.last_replaced = number;
                replaced += 1;
            }
            text.push_str(&line);
        }
        (text, replaced)
    }
}

fn count_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Where to cut a piece of a line: behind its last white space, else before a character that is not whole,
/// else at its end.
fn cut(piece: &[u8]) -> usize {
    let (mut start, mut behind_space, mut whole) = (0, 0, 0);
    for chunk in piece.utf8_chunks() {
        let valid = chunk.valid();
        if let Some((at, space)) = valid
            .char_indices()
            .rfind(|(_, character)| character.is_whitespace())
        {
            behind_space = start + at + space.len_utf8();
        }
        whole = start + valid.len();
        start = whole + chunk.invalid().len();
    }
    [behind_space, whole]
        .into_iter()
        .find(|&at| at > 0)
        .unwrap_or(piece.len())
}
