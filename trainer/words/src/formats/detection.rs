//! Which format a file is in, told by its first bytes.

use std::path::Path;

use super::fasttext_bin;
use crate::error::{Result, WordsError};

/// What a file has in it.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    /// A safetensors file, Sextant's or another's.
    Safetensors,
    /// fastText's `.bin`.
    FastTextBinary,
    /// word2vec's binary format.
    Word2VecBinary(Layout),
    /// word2vec's text, `.vec`, or GloVe's text.
    Text(Layout),
}

/// What the head of the file says about its rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    /// How many there are; GloVe's text does not say.
    pub words: Option<usize>,
    /// Numbers in each.
    pub dimension: usize,
    /// Where they start.
    pub body: usize,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Other files that get named instead, how they begin, and what to do.
const OTHERS: [(&[u8], &str, &str); 14] = [
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"BZh", "a bzip2 file", "unpack it first"),
    (b"\xfd7zXZ", "an xz file", "unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first"),
    (b"\x89PNG", "a PNG image", "name another file"),
    (b"\xff\xd8\xff", "a JPEG image", "name another file"),
    (b"%PDF", "a PDF document", "name another file"),
    (b"PAR1", "a Parquet file", "name another file"),
    (b"\x93NUMPY", "a NumPy array without words", "name another file"),
    (
        b"\x80\x02",
        "a Python pickle",
        "save the vectors with save_word2vec_format",
    ),
    (
        b"\x80\x04",
        "a Python pickle",
        "save the vectors with save_word2vec_format",
    ),
    (b"\xff\xfe", "UTF-16 text", "convert it to UTF-8"),
];

/// Looks at the first lines of a file.
pub(super) fn detect(path: &Path, bytes: &[u8]) -> Result<Content> {
    if bytes.first_chunk() == Some(&fasttext_bin::MAGIC.to_le_bytes()) {
        return Ok(Content::FastTextBinary);
    }
    // Eight bytes of length, of which files that exist leave the last three 0, then JSON.
    if bytes.get(5..9) == Some(b"\0\0\0{") {
        return Ok(Content::Safetensors);
    }
    for (magic, name, help) in OTHERS {
        if bytes.starts_with(magic) {
            return Err(unknown(path, name, help));
        }
    }
    let marked = bytes.starts_with(BYTE_ORDER_MARK);
    let start = if marked { BYTE_ORDER_MARK.len() } else { 0 };
    let first = line(&bytes[start..]);
    if let Some(numbers) = header(first) {
        return with_header(path, bytes, start + first.len() + 1, numbers);
    }
    if !is_text(first) {
        return Err(unknown(
            path,
            "a binary file of another kind",
            "name another file",
        ));
    }
    match numbers_behind_a_word(first) {
        Some(dimension) if dimension > 1 => Ok(Content::Text(Layout {
            words: None,
            dimension,
            body: start,
        })),
        _ => Err(unknown(
            path,
            &format!("text that begins with {}", quoted(first)),
            "name another file",
        )),
    }
}

/// How many there are; `None` from the first field on that is no number: a corpus may be one line.
fn numbers_behind_a_word(line: &[u8]) -> Option<usize> {
    fields(line)
        .skip(1)
        .try_fold(0, |count, field| is_number(field).then_some(count + 1))
}

/// Text or binary, by what is behind the first word.
fn with_header(path: &Path, bytes: &[u8], body: usize, numbers: [&str; 2]) -> Result<Content> {
    let [Ok(words), Ok(dimension)] = numbers.map(str::parse::<usize>) else {
        return Err(bad_header(path, numbers));
    };
    if words == 0 || dimension == 0 {
        return Err(bad_header(path, numbers));
    }
    let body = body.min(bytes.len());
    let layout = Layout {
        words: Some(words),
        dimension,
        body,
    };
    let row = &bytes[body..];
    let blank = row.iter().position(|byte| matches!(byte, b' ' | b'\t'));
    let row = &row[blank.unwrap_or(row.len())..];
    Ok(
        if has_numbers(line(row), dimension) || are_characters(row, dimension) {
            Content::Text(layout)
        } else {
            Content::Word2VecBinary(layout)
        },
    )
}

fn has_numbers(line: &[u8], dimension: usize) -> bool {
    fields(line).all(is_number) && fields(line).count() == dimension
}

/// Whether there are characters where the binary format has numbers: such a file is text, if of wrong lines.
fn are_characters(row: &[u8], dimension: usize) -> bool {
    let numbers = &row[..row.len().min(dimension.saturating_mul(size_of::<f32>()))];
    // A character may be cut at the end.
    let is_utf8 = std::str::from_utf8(numbers).map_or_else(|error| error.error_len().is_none(), |_| true);
    is_utf8 && numbers.split(|&byte| byte == b'\n').all(is_text)
}

fn bad_header(path: &Path, numbers: [&str; 2]) -> WordsError {
    WordsError::format(
        path,
        "the numbers of words and of dimensions in line 1",
        format!("{:?}", numbers.join(" ")),
        "name another file, or make it again",
    )
}

fn unknown(path: &Path, found: &str, help: &str) -> WordsError {
    WordsError::format(
        path,
        "word vectors (Sextant's, word2vec's, GloVe's or fastText's)",
        found,
        help,
    )
}

/// The two numbers of a first line that has nothing else.
fn header(line: &[u8]) -> Option<[&str; 2]> {
    let mut fields = fields(line).map(|field| std::str::from_utf8(field).ok());
    let numbers = [fields.next()??, fields.next()??];
    let digits = |field: &str| field.bytes().all(|byte| byte.is_ascii_digit());
    (fields.next().is_none() && numbers.into_iter().all(digits)).then_some(numbers)
}

fn line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    &bytes[..end.unwrap_or(bytes.len())]
}

fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty())
}

fn is_text(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|&byte| !byte.is_ascii_control() || byte == b'\t' || byte == b'\r')
}

fn is_number(field: &[u8]) -> bool {
    std::str::from_utf8(field).is_ok_and(|field| field.parse::<f32>().is_ok())
}

/// The beginning of a piece of a file, for a message.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LONGEST)]);
    if text.chars().count() <= LONGEST {
        return format!("{text:?}");
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{:?}", start + "…")
}
