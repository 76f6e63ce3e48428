//! Writing, row by row: the vectors are not copied as a whole.

use std::io::{self, Seek, SeekFrom, Write};

use serde_json::{Map, Value, json};

use super::super::mapping;
use super::{FORMAT, VERSION};
use crate::table::Table;
use crate::word_vectors::WordVectors;

/// Bytes that are hashed and written at a time.
const BLOCK: usize = 1 << 20;

/// Writes the header, the tensors, and the header again with the tensors' hash.
pub(in super::super) fn write(out: &mut (impl Write + Seek), vectors: &WordVectors) -> io::Result<()> {
    let nothing_yet = blake3::Hash::from_bytes([0; 32]);
    out.write_all(&header(vectors, nothing_yet)?)?;
    let mut tensors = Hashing {
        out: &mut *out,
        hasher: blake3::Hasher::new(),
        block: Vec::with_capacity(2 * BLOCK),
    };
    for count in vectors.vocabulary.counts() {
        tensors.append(&count.to_le_bytes())?;
    }
    tensors.table(&vectors.vectors)?;
    if let Some(subwords) = &vectors.subwords {
        tensors.table(&subwords.vectors)?;
        for bucket in &subwords.buckets {
            tensors.append(&bucket.to_le_bytes())?;
        }
    }
    for word in vectors.vocabulary.words() {
        tensors.append(word.as_bytes())?;
        tensors.append(b"\n")?;
    }
    let hash = tensors.finish()?;
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&header(vectors, hash)?)
}

/// The header and its length; of the same size for every hash.
fn header(vectors: &WordVectors, hash: blake3::Hash) -> io::Result<Vec<u8>> {
    let (words, dimension) = (vectors.vocabulary.len(), vectors.vectors.dimension());
    let mut metadata = json!({
        "format": FORMAT,
        "version": VERSION.to_string(),
        "dimension": dimension.to_string(),
        "blake3": hash.to_hex().as_str(),
    });
    let mut tensors = Map::new();
    let mut end = 0;
    let mut tensor = |name: &str, kind: &str, shape: &[usize], bytes: usize| {
        let info = json!({"dtype": kind, "shape": shape, "data_offsets": [end, end + bytes]});
        tensors.insert(name.to_owned(), info);
        end += bytes;
    };
    tensor("counts", "U64", &[words], 8 * words);
    tensor("vectors", "F32", &[words, dimension], 4 * words * dimension);
    if let Some(subwords) = &vectors.subwords {
        let rows = subwords.buckets.len();
        tensor("bucket_vectors", "F32", &[rows, dimension], 4 * rows * dimension);
        tensor("buckets", "U32", &[rows], 4 * rows);
        let cut = &subwords.subwords;
        metadata["minn"] = Value::String(cut.minn.to_string());
        metadata["maxn"] = Value::String(cut.maxn.to_string());
        metadata["buckets"] = Value::String(cut.buckets.to_string());
    }
    let letters = vectors.vocabulary.words().iter().map(|word| word.len() + 1).sum();
    tensor("words", "U8", &[letters], letters);
    let mut header = Map::from_iter([("__metadata__".to_owned(), metadata)]);
    header.append(&mut tensors);
    let mut text = serde_json::to_vec(&header)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.append(&mut text);
    Ok(bytes)
}

/// Writes and hashes.
struct Hashing<'a, W> {
    out: &'a mut W,
    hasher: blake3::Hasher,
    block: Vec<u8>,
}

impl<W: Write> Hashing<'_, W> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.block.extend_from_slice(bytes);
        self.write_full_block()
    }

    fn table(&mut self, table: &Table) -> io::Result<()> {
        for row in 0..table.rows() {
            mapping::extend(&mut self.block, &table.row(row));
            self.write_full_block()?;
        }
        Ok(())
    }

    fn write_full_block(&mut self) -> io::Result<()> {
        if self.block.len() < BLOCK {
            return Ok(());
        }
        self.write_block()
    }

    fn write_block(&mut self) -> io::Result<()> {
        self.hasher.update_rayon(&self.block);
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<blake3::Hash> {
        self.write_block()?;
        Ok(self.hasher.finalize())
    }
}
