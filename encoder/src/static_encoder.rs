//! Static models: a text's vector is the mean of its tokens' rows in a table. Plain Rust, no numerical library.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use half::f16;
use memmap2::Mmap;
use rayon::prelude::*;

use crate::encode::{Encoded, Encoder, not_finite};
use crate::model::{Fingerprint, StaticFolder, StaticTable, TableType};
use crate::tokens::{Tokenizer, Tokens};
use crate::vectors::{Vectors, dot};
use crate::{EncoderError, Result};

/// Opens the folder of a static model.
///
/// # Errors
/// A folder that is incomplete, damaged or of another architecture.
pub fn open_static(dir: &Path) -> Result<Box<dyn Encoder>> {
    load_static(&StaticFolder::open(dir)?)
}

/// Loads a static model whose folder was read before, perhaps with vectors cut to another length.
///
/// # Errors
/// A weights file that cannot be read, or was changed meanwhile.
pub fn load_static(folder: &StaticFolder) -> Result<Box<dyn Encoder>> {
    Ok(Box::new(StaticEncoder {
        table: MappedTable::open(folder)?,
        tokenizer: folder.tokenizer(),
        normalize: folder.normalize(),
        fingerprint: folder.fingerprint()?,
    }))
}

struct StaticEncoder {
    table: MappedTable,
    tokenizer: Arc<Tokenizer>,
    normalize: bool,
    fingerprint: Fingerprint,
}

impl StaticEncoder {
    fn encode(&self, prompt: &str, texts: &[&str]) -> Result<Encoded> {
        let dimension = self.fingerprint.dimension;
        let tokens = self.tokenizer.tokenize(prompt, texts)?;
        let mut data = vec![0.0; texts.len() * dimension];
        data.par_chunks_exact_mut(dimension)
            .zip(&tokens)
            .for_each(|(vector, tokens)| self.mean(tokens, vector));
        for (text, vector) in texts.iter().zip(data.chunks_exact(dimension)) {
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(not_finite(text));
            }
        }
        Ok(Encoded {
            vectors: Vectors::from_rows(dimension, data),
            truncated: tokens.iter().filter(|tokens| tokens.truncated).count(),
            tokens: tokens.iter().map(|tokens| tokens.ids.len()).sum(),
        })
    }

    /// `vector` is zeros before, and after it where there is no token: as PyTorch's `EmbeddingBag`. Where vectors are
    /// cut it is shorter than the table's rows, of which only the beginning is then read.
    fn mean(&self, tokens: &Tokens, vector: &mut [f32]) {
        for &id in &tokens.ids {
            self.table.add_row(id as usize, vector);
        }
        let mut divisor = tokens.ids.len().max(1) as f32;
        if self.normalize {
            // The number of tokens drops out, so the sum itself is scaled.
            divisor = dot(vector, vector).sqrt().max(1e-12);
        }
        vector.iter_mut().for_each(|value| *value /= divisor);
    }
}

impl Encoder for StaticEncoder {
    fn dimension(&self) -> usize {
        self.fingerprint.dimension
    }

    fn max_length(&self) -> usize {
        self.tokenizer.max_length()
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn encode_queries(&self, texts: &[&str]) -> Result<Encoded> {
        self.encode(&self.fingerprint.query_prompt, texts)
    }

    fn encode_documents(&self, texts: &[&str]) -> Result<Encoded> {
        self.encode(&self.fingerprint.document_prompt, texts)
    }
}

/// The table where it lies in its file: only the rows of words that occur are ever read.
struct MappedTable {
    map: Mmap,
    table: StaticTable,
}

impl MappedTable {
    fn open(folder: &StaticFolder) -> Result<Self> {
        let path = folder.weights_path();
        let table = *folder.table();
        let map = map(&path)?;
        if map.len() < table.offset + table.rows * table.row_bytes() {
            let found = format!("{} bytes", map.len());
            let help = "the file was changed while it was read: try again";
            return Err(EncoderError::format(&path, format!("{table:?}"), found, help));
        }
        Ok(Self { map, table })
    }

    /// Adds row `id`, which the tokenizer's check has found to be there, or its beginning, to `sum`. Numbers in the file
    /// need not be aligned, so they are read byte by byte; on the processors at hand that is one instruction.
    fn add_row(&self, id: usize, sum: &mut [f32]) {
        let bytes = &self.map[self.table.offset + id * self.table.row_bytes()..][..self.table.row_bytes()];
        match self.table.kind {
            TableType::F32 => {
                for (sum, &number) in sum.iter_mut().zip(bytes.as_chunks().0) {
                    *sum += f32::from_le_bytes(number);
                }
            }
            TableType::F16 => {
                for (sum, &number) in sum.iter_mut().zip(bytes.as_chunks().0) {
                    *sum += f16::from_le_bytes(number).to_f32();
                }
            }
        }
    }
}

#[expect(unsafe_code, reason = "mapping a file into memory cannot be expressed safely")]
fn map(path: &Path) -> Result<Mmap> {
    let file = File::open(path).map_err(EncoderError::read(path))?;
    // SAFETY: the bytes are only read. A program that rewrites the file meanwhile could change what is read;
    // this project's own writers replace files by renaming and never write into one.
    unsafe { Mmap::map(&file) }.map_err(EncoderError::read(path))
}
