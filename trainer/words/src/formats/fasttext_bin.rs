//! fastText's `.bin` files: whole models, of which the words, the n-grams and their vectors are read.
//!
//! ```text
//! magic, version │ 12 settings, t │ sizes, words │ quantized? │ rows, columns │ words' rows │ buckets' rows │ output
//!                                                                            (copied)       (mapped)
//! ```
//!
//! Little-endian, nothing aligned. gensim's `save_facebook_model` writes the same. A word's vector is the mean of
//! its own row and its n-grams', as fastText's `get_word_vector` has it; the mean is taken once, when the file is
//! opened, while the buckets' rows stay in the mapped file for words that are not in the dictionary.

mod dictionary;
mod fields;
mod header;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use encoder::vectors::Vectors;
use memmap2::Mmap;
use rayon::prelude::*;

use crate::corpus::Vocabulary;
use crate::error::Result;
use crate::subwords::Subwords;
use crate::table::{MappedRows, Table};
use crate::word_vectors::{SubwordVectors, WordVectors};

use dictionary::Word;
use fields::Fields;
use header::Header;

/// What every file starts with, little-endian.
pub(super) const MAGIC: u32 = 793_712_314;

/// fastText's mark for the end of a line: the one word without n-grams.
const LINE_END: &[u8] = b"</s>";

/// Bytes of a number.
const NUMBER: usize = size_of::<f32>();

/// Reads the words, their vectors and the buckets' vectors of a model.
///
/// Words that fastText took for labels while it learned without labels have no vector and are left out. The
/// n-grams of a word that is not valid UTF-8 are those of its bytes, as fastText cuts them.
///
/// # Errors
/// The file cannot be read, is damaged, of another version, supervised, quantized, or has numbers that are not
/// finite.
pub(super) fn open(path: &Path) -> Result<WordVectors> {
    let map = super::mapping::map(path)?;
    let mut fields = Fields::new(path, &map);
    let header = header::read(&mut fields)?;
    let words = dictionary::read(&mut fields)?;
    let matrix = Matrix::read(&mut fields, &header, words.len())?;
    check_output(&mut fields)?;
    matrix.check_numbers(&fields, &words)?;

    let (vectors, subwords) = match header.subwords {
        None => (matrix.table(&map, 0, words.len(), &fields)?, None),
        Some(subwords) => {
            let vectors = SubwordVectors {
                subwords,
                buckets: (0..subwords.buckets).collect(),
                vectors: matrix.table(&map, words.len(), subwords.buckets as usize, &fields)?,
            };
            let composed = composed(&matrix, &words, &subwords);
            (
                Vectors::from_rows(header.dimension, composed).into(),
                Some(vectors),
            )
        }
    };
    Ok(WordVectors {
        vocabulary: Vocabulary::from_counts(words.iter().map(|word| (word.text(), word.count))),
        vectors,
        subwords,
    })
}

/// The input matrix: a row for each word, then one for each bucket.
struct Matrix<'a> {
    bytes: &'a [u8],
    start: usize,
    dimension: usize,
}

impl<'a> Matrix<'a> {
    fn read(fields: &mut Fields<'a>, header: &Header, words: usize) -> Result<Self> {
        match fields.byte("the mark of a quantized model")? {
            0 => {}
            1 => {
                return Err(fields.refused(
                    "a model that is not quantized",
                    "a quantized one",
                    "use the .bin or the .vec file that it was quantized from",
                ));
            }
            other => return Err(fields.damaged("the mark of a quantized model: 0 or 1", other)),
        }
        let rows = fields.long_size("the rows of the input matrix", 0)?;
        let columns = fields.long_size("the columns of the input matrix", 0)?;
        if (rows, columns) != (words + header.buckets, header.dimension) {
            return Err(fields.damaged(
                &format!(
                    "an input matrix of {words} words + {} buckets and {} columns",
                    header.buckets, header.dimension
                ),
                format!("{rows} rows and {columns} columns"),
            ));
        }
        let (start, bytes) = fields.numbers(rows, columns, "the input matrix")?;
        Ok(Matrix {
            bytes,
            start,
            dimension: columns,
        })
    }

    fn stride(&self) -> usize {
        self.dimension * NUMBER
    }

    fn row(&self, row: usize) -> impl Iterator<Item = f32> {
        numbers(&self.bytes[row * self.stride()..][..self.stride()])
    }

    /// Some of the rows, left where they are.
    fn table(&self, map: &Arc<Mmap>, first: usize, rows: usize, fields: &Fields) -> Result<Table> {
        let regular = MappedRows::Regular {
            start: self.start + first * self.stride(),
            stride: self.stride(),
            rows,
        };
        Table::mapped(Arc::clone(map), regular, self.dimension)
            .ok_or_else(|| fields.damaged("the input matrix within the file", "one beyond its end"))
    }

    fn check_numbers(&self, fields: &Fields, words: &[Word]) -> Result<()> {
        let bad = self
            .bytes
            .par_chunks_exact(self.stride())
            .position_first(|row| !numbers(row).all(f32::is_finite));
        let Some(row) = bad else {
            return Ok(());
        };
        let owner = match words.get(row) {
            Some(word) => format!("the word {:?}", word.text()),
            None => format!("bucket {}", row - words.len()),
        };
        Err(fields.refused(
            "finite numbers",
            &format!("NaN or an infinity in the vector of {owner}"),
            "its training went wrong or it is damaged: train it again or name another file",
        ))
    }
}

/// fastText leaves the output matrix at the end; nothing needs it here, but a file cut off in it is not whole.
fn check_output(fields: &mut Fields) -> Result<()> {
    fields.byte("the mark of a quantized output matrix")?;
    let rows = fields.long_size("the rows of the output matrix", 0)?;
    let columns = fields.long_size("the columns of the output matrix", 0)?;
    fields.numbers(rows, columns, "the output matrix").map(|_| ())
}

/// Each word's mean of its own row and its n-grams'.
fn composed(matrix: &Matrix, words: &[Word], subwords: &Subwords) -> Vec<f32> {
    let dimension = matrix.dimension;
    let mut vectors = vec![0.0; words.len() * dimension];
    vectors
        .par_chunks_exact_mut(dimension)
        .zip(words)
        .enumerate()
        .for_each_init(
            || (Vec::new(), vec![0.0_f64; dimension]),
            |(ids, sums), (row, (vector, word))| {
                ids.clear();
                if word.bytes != LINE_END {
                    subwords.ids_of_bytes(word.bytes, ids);
                }
                sums.fill(0.0);
                for row in std::iter::once(row).chain(ids.iter().map(|&id| words.len() + id as usize)) {
                    for (sum, number) in sums.iter_mut().zip(matrix.row(row)) {
                        *sum += f64::from(number);
                    }
                }
                let rows = (1 + ids.len()) as f64;
                for (number, sum) in vector.iter_mut().zip(sums) {
                    *number = (*sum / rows) as f32;
                }
            },
        );
    vectors
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&number| f32::from_le_bytes(number))
}
