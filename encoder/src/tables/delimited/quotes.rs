//! Whether the quotes of CSV and TSV are closed, and where not.
//!
//! `csv` takes everything up to the end of the file for one cell where a closing quote is missing, and goes on without
//! quotes where text follows one. Either way rows are swallowed without a word. So the bytes pass through here first,
//! by the same rules: a quote opens a cell only as its first byte, and two in a row stand for one.

use std::fmt;
use std::io::{self, Read};

const QUOTE: u8 = b'"';

/// Hands bytes on and follows their quotes; a quote that is not closed as it should be is an error of reading, which
/// holds a [`BadQuote`].
pub(super) struct Checked<R> {
    inner: R,
    delimiter: u8,
    place: Place,
    /// The line of the next byte, from 1.
    line: u64,
    /// The line in which the last quoted cell began.
    opened: u64,
}

/// Where in a row the next byte is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    CellStart,
    Plain,
    Quoted,
    /// After a quote in a quoted cell: its end, or the first of two.
    AfterQuote,
}

/// What is wrong with a quoted cell.
#[derive(Debug)]
pub(super) struct BadQuote {
    /// The line in which the cell begins.
    pub opened: u64,
    /// The line in which text follows the closing quote; none where the file ends inside the cell.
    pub followed: Option<u64>,
}

impl<R> Checked<R> {
    pub(super) fn new(inner: R, delimiter: u8) -> Self {
        Self {
            inner,
            delimiter,
            place: Place::CellStart,
            line: 1,
            opened: 0,
        }
    }

    fn follow(&mut self, byte: u8) -> Result<(), BadQuote> {
        let ends = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.place = match (self.place, byte) {
            (Place::CellStart, QUOTE) => {
                self.opened = self.line;
                Place::Quoted
            }
            (Place::Quoted, QUOTE) => Place::AfterQuote,
            (Place::Quoted, _) | (Place::AfterQuote, QUOTE) => Place::Quoted,
            _ if ends => Place::CellStart,
            (Place::AfterQuote, _) => {
                return Err(BadQuote {
                    opened: self.opened,
                    followed: Some(self.line),
                });
            }
            (Place::CellStart | Place::Plain, _) => Place::Plain,
        };
        self.line += u64::from(byte == b'\n');
        Ok(())
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bad = match read {
            0 if self.place == Place::Quoted && !buffer.is_empty() => Err(BadQuote {
                opened: self.opened,
                followed: None,
            }),
            _ => buffer[..read].iter().try_for_each(|byte| self.follow(*byte)),
        };
        bad.map_err(io::Error::other)?;
        Ok(read)
    }
}

impl fmt::Display for BadQuote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the quote opened in line {} is not closed", self.opened)
    }
}

impl std::error::Error for BadQuote {}
