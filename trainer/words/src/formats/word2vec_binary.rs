//! word2vec's binary format: a header line, then each word, a blank, and its numbers.
//!
//! word2vec.c ends each vector with a newline, gensim does not; both are read, and the newline is written.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use super::detection::{Layout, quoted};
use super::mapping;
use crate::corpus::Vocabulary;
use crate::error::{Result, WordsError};
use crate::table::{MappedRows, Table};
use crate::word_vectors::WordVectors;

/// Bytes of the longest word: what is longer is no word but numbers of a dimension other than the header's.
const LONGEST_WORD: usize = 10_000;

/// Finds the words; the vectors stay in the file.
pub(super) fn read(path: &Path, map: Arc<Mmap>, layout: Layout) -> Result<WordVectors> {
    let count = layout.words.unwrap_or_default();
    let dimension = layout.dimension;
    let wrong = |found: String| {
        WordsError::format(
            path,
            format!("{count} words of {dimension} numbers, as line 1 says"),
            found,
            "get the file again",
        )
    };
    let (mut words, mut starts) = (Vec::new(), Vec::new());
    let mut at = layout.body;
    for row in 1..=count {
        let (word, start) =
            word(&map, at).map_err(|found| wrong(format!("{found} in row {row} (byte {at})")))?;
        let end = dimension.checked_mul(size_of::<f32>());
        let end = end.and_then(|bytes| start.checked_add(bytes));
        let Some(end) = end.filter(|&end| end <= map.len()) else {
            return Err(wrong(format!(
                "the end of the file in row {row} (word {})",
                quoted(word)
            )));
        };
        words.push((String::from_utf8_lossy(word).into_owned(), 0));
        starts.push(start);
        at = end;
    }
    let rest = map[at..].trim_ascii();
    if !rest.is_empty() {
        return Err(wrong(format!("{} more bytes behind row {count}", rest.len())));
    }
    let vectors = Table::mapped(map, MappedRows::At(starts), dimension)
        .ok_or_else(|| wrong("rows beyond the end of the file".to_owned()))?;
    mapping::check_finite(path, &vectors)?;
    Ok(WordVectors {
        vocabulary: Vocabulary::from_counts(words),
        vectors,
        subwords: None,
    })
}

/// The word at a place, newlines before it passed over, and where its numbers start.
fn word(bytes: &[u8], at: usize) -> Result<(&[u8], usize), &'static str> {
    let newlines = bytes[at..].iter().take_while(|&&byte| byte == b'\n').count();
    let at = at + newlines;
    let rest = &bytes[at..];
    let blank = rest.iter().take(LONGEST_WORD + 1).position(|&byte| byte == b' ');
    match blank {
        Some(length) => Ok((&rest[..length], at + length + 1)),
        None if rest.len() <= LONGEST_WORD => Err("the end of the file"),
        None => Err("no blank behind a word"),
    }
}

/// Writes the header and each word with its numbers.
pub(super) fn write(out: &mut impl Write, vectors: &WordVectors) -> io::Result<()> {
    let words = vectors.vocabulary.words();
    writeln!(out, "{} {}", words.len(), vectors.vectors.dimension())?;
    let mut line = Vec::new();
    for (row, word) in words.iter().enumerate() {
        line.clear();
        line.extend_from_slice(word.as_bytes());
        line.push(b' ');
        mapping::extend(&mut line, &vectors.vectors.row(row));
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}
