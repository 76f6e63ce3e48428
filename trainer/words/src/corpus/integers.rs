//! The corpus as integers: each word its row in the vocabulary, each sentence closed by a mark.
//!
//! Text is read once; every epoch reads these four bytes a word, in order, from a memory map, so a corpus
//! larger than memory streams. Words outside the vocabulary are not in it, as in word2vec.c and gensim.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::error::{Result, WordsError};

/// Closes a sentence; no word has this row.
pub const SENTENCE_END: u32 = u32::MAX;

/// A chunk closes with the first sentence that reaches this many words: the unit of work of a thread, of a
/// checkpoint and of the random numbers, so results do not depend on who takes which.
const CHUNK_WORDS: u64 = 20_000;

/// The integers, in memory or mapped from a file.
#[derive(Debug)]
pub struct IntegerCorpus {
    storage: Storage,
    chunks: Vec<Chunk>,
    words: u64,
}

#[derive(Debug)]
enum Storage {
    Memory(Vec<u32>),
    Mapped(Mmap),
}

/// Some whole sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Position of its first word in [`IntegerCorpus::tokens`].
    pub start: usize,
    /// Position behind its last sentence's mark.
    pub end: usize,
    /// Words in the chunks before this one.
    pub words_before: u64,
    /// Words in it, marks not counted.
    pub words: u64,
}

impl IntegerCorpus {
    /// A corpus held in memory; `tokens` is given the last mark where it lacks it.
    pub fn from_tokens(mut tokens: Vec<u32>) -> Self {
        if tokens.last().is_some_and(|&last| last != SENTENCE_END) {
            tokens.push(SENTENCE_END);
        }
        let (chunks, words) = chunks_of(&tokens);
        IntegerCorpus {
            storage: Storage::Memory(tokens),
            chunks,
            words,
        }
    }

    /// Maps a file that [`IntegerWriter`] wrote.
    ///
    /// # Errors
    /// A file that cannot be read, or is no whole number of integers with a closed last sentence.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(WordsError::read(path))?;
        let length = file.metadata().map_err(WordsError::read(path))?.len();
        if length == 0 {
            return Ok(Self::from_tokens(Vec::new()));
        }
        #[expect(
            unsafe_code,
            reason = "the file is ours and nobody writes to it while it is mapped"
        )]
        let map = unsafe { Mmap::map(&file) }.map_err(WordsError::read(path))?;
        let tokens = bytemuck::try_cast_slice::<u8, u32>(&map).ok();
        let Some(tokens) = tokens.filter(|tokens| tokens.last() == Some(&SENTENCE_END)) else {
            return Err(WordsError::format(
                path,
                "four bytes a word and a closed last sentence",
                format!("{length} bytes that are not"),
                "delete it and train again",
            ));
        };
        let (chunks, words) = chunks_of(tokens);
        Ok(IntegerCorpus {
            storage: Storage::Mapped(map),
            chunks,
            words,
        })
    }

    /// All words and marks in order.
    pub fn tokens(&self) -> &[u32] {
        match &self.storage {
            Storage::Memory(tokens) => tokens,
            Storage::Mapped(map) => bytemuck::cast_slice(map),
        }
    }

    /// The sentences of a chunk, each without its mark.
    pub fn sentences(&self, chunk: Chunk) -> impl Iterator<Item = &[u32]> {
        self.tokens()[chunk.start..chunk.end]
            .split(|&token| token == SENTENCE_END)
            .filter(|sentence| !sentence.is_empty())
    }

    /// The corpus in chunks of whole sentences.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Number of words, marks not counted.
    pub fn words(&self) -> u64 {
        self.words
    }
}

fn chunks_of(tokens: &[u32]) -> (Vec<Chunk>, u64) {
    let mut chunks = Vec::new();
    let (mut start, mut words, mut words_before) = (0, 0, 0);
    for (at, &token) in tokens.iter().enumerate() {
        if token != SENTENCE_END {
            words += 1;
        } else if words >= CHUNK_WORDS || (at + 1 == tokens.len() && words > 0) {
            chunks.push(Chunk {
                start,
                end: at + 1,
                words_before,
                words,
            });
            words_before += words;
            (start, words) = (at + 1, 0);
        }
    }
    (chunks, words_before)
}

/// Writes an integer corpus sentence by sentence.
#[derive(Debug)]
pub struct IntegerWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl IntegerWriter {
    /// A new, empty file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(WordsError::write(path))?;
        Ok(IntegerWriter {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 20, file),
        })
    }

    /// Appends a sentence; an empty one is skipped.
    ///
    /// # Errors
    /// The disk is full, or another failure to write.
    pub fn sentence(&mut self, words: &[u32]) -> Result<()> {
        if words.is_empty() {
            return Ok(());
        }
        self.file
            .write_all(bytemuck::cast_slice(words))
            .and_then(|()| self.file.write_all(&SENTENCE_END.to_ne_bytes()))
            .map_err(WordsError::write(&self.path))
    }

    /// Writes what is buffered and maps the file.
    ///
    /// # Errors
    /// As [`IntegerWriter::sentence`] and [`IntegerCorpus::open`].
    pub fn finish(mut self) -> Result<IntegerCorpus> {
        self.file.flush().map_err(WordsError::write(&self.path))?;
        IntegerCorpus::open(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_come_back_as_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = IntegerWriter::create(&dir.path().join("corpus.u32")).unwrap();
        writer.sentence(&[1, 2, 3]).unwrap();
        writer.sentence(&[]).unwrap();
        writer.sentence(&[4]).unwrap();
        let corpus = writer.finish().unwrap();
        assert_eq!(corpus.words(), 4);
        let sentences: Vec<&[u32]> = corpus
            .chunks()
            .iter()
            .flat_map(|&chunk| corpus.sentences(chunk))
            .collect();
        assert_eq!(sentences, [&[1, 2, 3][..], &[4][..]]);
    }

    #[test]
    fn chunks_cover_all_words_once() {
        let mut tokens = Vec::new();
        for sentence in 0..5_000_u32 {
            tokens.extend(0..sentence % 23);
            tokens.push(SENTENCE_END);
        }
        let corpus = IntegerCorpus::from_tokens(tokens);
        assert!(corpus.chunks().len() > 1);
        let mut before = 0;
        for &chunk in corpus.chunks() {
            assert_eq!(chunk.words_before, before);
            assert_eq!(
                corpus.sentences(chunk).map(<[u32]>::len).sum::<usize>() as u64,
                chunk.words
            );
            before += chunk.words;
        }
        assert_eq!(before, corpus.words());
    }

    #[test]
    fn a_cut_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("corpus.u32");
        std::fs::write(&path, [0_u8; 7]).unwrap();
        assert!(
            IntegerCorpus::open(&path)
                .unwrap_err()
                .to_string()
                .contains("7 bytes")
        );
    }
}
