//! Lines of a word and its numbers: word2vec's text, fastText's `.vec`, and GloVe's, which has no header.

use std::io::{self, Write};
use std::path::Path;

use encoder::vectors::Vectors;
use rayon::prelude::*;

use super::detection::{Layout, quoted};
use crate::corpus::Vocabulary;
use crate::error::{Result, WordsError};
use crate::word_vectors::WordVectors;

/// Bytes that a thread parses at a time.
const CHUNK: usize = 1 << 20;

/// Rows that are turned into lines before they are written.
const BATCH: usize = 4096;

/// Why a line is no row.
struct Problem(String);

/// Parses the rows with all threads.
pub(super) fn read(path: &Path, bytes: &[u8], layout: Layout) -> Result<WordVectors> {
    let dimension = layout.dimension;
    let first_line = if layout.words.is_some() { 2 } else { 1 };
    let chunks = chunks(&bytes[layout.body..]);
    let lines: Vec<usize> = chunks.par_iter().map(|chunk| count_lines(chunk)).collect();
    let rows: usize = lines.iter().sum();
    if let Some(words) = layout.words.filter(|&words| words != rows) {
        return Err(WordsError::format(
            path,
            format!("{words} words, as line 1 says"),
            format!("{rows} (the last in line {})", rows + first_line - 1),
            "get the file again, or correct line 1",
        ));
    }
    let wrong = |line: usize, problem: Problem| wrong_line(path, dimension, line, problem);
    if let Some((line, problem)) = too_little_text(&chunks, rows, dimension) {
        return Err(wrong(first_line + line, problem));
    }
    let mut data = vec![0.0; rows * dimension];
    let parsed = parse(&chunks, &lines, &mut data, dimension);
    let mut words = Vec::with_capacity(rows);
    for (parsed, lines_before) in parsed.into_iter().zip(sums_before(&lines)) {
        let parsed = parsed.map_err(|(line, problem)| wrong(first_line + lines_before + line, problem))?;
        words.extend(parsed.into_iter().map(|word| (word, 0)));
    }
    Ok(WordVectors {
        vocabulary: Vocabulary::from_counts(words),
        vectors: Vectors::from_rows(dimension, data).into(),
        subwords: None,
    })
}

fn wrong_line(path: &Path, dimension: usize, line: usize, problem: Problem) -> WordsError {
    WordsError::format(
        path,
        format!("a word and {dimension} finite numbers in line {line}"),
        problem.0,
        "correct the line, or get the file again",
    )
}

/// Whole lines, about a [`CHUNK`] each, without the newline behind the last of each.
fn chunks(body: &[u8]) -> Vec<&[u8]> {
    let end = body
        .iter()
        .rposition(|&byte| byte != b'\n' && byte != b'\r')
        .map_or(0, |at| at + 1);
    let mut rest = &body[..end];
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let newline = rest
            .get(CHUNK..)
            .and_then(|tail| tail.iter().position(|&byte| byte == b'\n'));
        let (chunk, tail) = match newline {
            Some(at) => (&rest[..CHUNK + at], &rest[CHUNK + at + 1..]),
            None => (rest, &[][..]),
        };
        chunks.push(chunk);
        rest = tail;
    }
    chunks
}

fn count_lines(chunk: &[u8]) -> usize {
    chunk.iter().filter(|&&byte| byte == b'\n').count() + 1
}

fn lines(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    chunk.split(|&byte| byte == b'\n')
}

/// The first line too short, where the text has too few bytes for so many numbers: memory is taken for no more
/// than the file can have, whatever its first line says.
fn too_little_text(chunks: &[&[u8]], rows: usize, dimension: usize) -> Option<(usize, Problem)> {
    let bytes: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    if rows
        .checked_mul(dimension)
        .is_some_and(|numbers| numbers <= bytes)
    {
        return None;
    }
    // A number needs a digit and a blank before it.
    chunks
        .iter()
        .flat_map(|chunk| lines(chunk))
        .enumerate()
        .find(|(_, line)| line.len() / 2 < dimension)
        .map(|(at, line)| (at, wrong_count(line)))
}

fn wrong_count(line: &[u8]) -> Problem {
    let fields = line.split(is_blank).filter(|field| !field.is_empty());
    Problem(match fields.count() {
        0 => "an empty line".to_owned(),
        2 => format!("1 number: {}", quoted(line)),
        fields => format!("{} numbers: {}", fields - 1, quoted(line)),
    })
}

/// The words of each chunk, or its first line that is wrong; the numbers go to `data`.
fn parse(
    chunks: &[&[u8]],
    lines_of: &[usize],
    data: &mut [f32],
    dimension: usize,
) -> Vec<Result<Vec<String>, (usize, Problem)>> {
    let mut parts = Vec::with_capacity(chunks.len());
    let mut rest = data;
    for (&chunk, &count) in chunks.iter().zip(lines_of) {
        let (part, tail) = rest.split_at_mut(count * dimension);
        parts.push((chunk, part));
        rest = tail;
    }
    parts
        .into_par_iter()
        .map(|(chunk, part)| {
            lines(chunk)
                .zip(part.chunks_exact_mut(dimension))
                .enumerate()
                .map(|(at, (line, row))| parse_line(line, row).map_err(|problem| (at, problem)))
                .collect()
        })
        .collect()
}

fn sums_before(lines: &[usize]) -> impl Iterator<Item = usize> {
    lines.iter().scan(0, |sum, &count| {
        let before = *sum;
        *sum += count;
        Some(before)
    })
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The word of a line, its numbers into `row`.
fn parse_line(line: &[u8], row: &mut [f32]) -> Result<String, Problem> {
    let line = line.trim_ascii_end();
    let end = line.iter().position(is_blank).unwrap_or(line.len());
    let word = match parse_numbers(line, &line[end..], row) {
        Ok(()) => &line[..end],
        Err(problem) => word_with_blanks(line, row).ok_or(problem)?,
    };
    Ok(String::from_utf8_lossy(word).into_owned())
}

fn parse_numbers(line: &[u8], numbers: &[u8], row: &mut [f32]) -> Result<(), Problem> {
    let text = std::str::from_utf8(numbers).map_err(|_| Problem(quoted(line)))?;
    let mut found = 0;
    for number in text.split([' ', '\t']).filter(|number| !number.is_empty()) {
        let value: f32 = number
            .parse()
            .map_err(|_| Problem(format!("{} as number {}", quoted(number.as_bytes()), found + 1)))?;
        if !value.is_finite() {
            return Err(Problem(format!(
                "{} as number {}",
                quoted(number.as_bytes()),
                found + 1
            )));
        }
        if let Some(place) = row.get_mut(found) {
            *place = value;
        }
        found += 1;
    }
    if found == row.len() {
        return Ok(());
    }
    Err(wrong_count(line))
}

/// The word of a line with more fields, as some of GloVe's are: the last part of the word must be no number, so
/// that a number too many stays an error.
fn word_with_blanks<'a>(line: &'a [u8], row: &mut [f32]) -> Option<&'a [u8]> {
    let mut fields = line.rsplitn(row.len() + 1, is_blank);
    for place in row.iter_mut().rev() {
        *place = number(fields.next()?).filter(|value| value.is_finite())?;
    }
    let word = fields.next()?;
    let last = word.rsplit(is_blank).next()?;
    number(last).is_none().then_some(word)
}

fn number(field: &[u8]) -> Option<f32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// Writes the header and a line for each word.
pub(super) fn write(out: &mut impl Write, vectors: &WordVectors) -> io::Result<()> {
    let words = vectors.vocabulary.words();
    writeln!(out, "{} {}", words.len(), vectors.vectors.dimension())?;
    for start in (0..words.len()).step_by(BATCH) {
        let lines: Vec<Vec<u8>> = (start..words.len().min(start + BATCH))
            .into_par_iter()
            .map(|row| line_of(&words[row], &vectors.vectors.row(row)))
            .collect::<io::Result<_>>()?;
        for line in lines {
            out.write_all(&line)?;
        }
    }
    Ok(())
}

/// Numbers with the fewest digits that are read as the same number again.
fn line_of(word: &str, row: &[f32]) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(word.len() + 13 * row.len() + 1);
    line.extend_from_slice(word.as_bytes());
    for &value in row {
        if value == 0.0 || (1e-4..1e7).contains(&value.abs()) {
            write!(line, " {value}")?;
        } else {
            write!(line, " {value:e}")?;
        }
    }
    line.push(b'\n');
    Ok(line)
}
