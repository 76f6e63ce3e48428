//! Learning set aside on disk, to be gone on with exactly where it was.
//!
//! The random numbers of a chunk depend on the seed and the chunk's number alone, so the vectors and the
//! number of the next chunk are all that there is to keep. GloVe keeps the same of its rounds.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use crate::corpus::{IntegerCorpus, Vocabulary};
use crate::error::{Result, WordsError};

/// Where and how often learning is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpointing {
    /// The file; it is replaced whole, never written over.
    pub path: PathBuf,
    /// Time between two checkpoints: the most that a kill loses.
    pub every: Duration,
    /// Whether to begin from the file, which has to be there.
    pub resume: bool,
}

/// What a checkpoint belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Name and version of what the numbers are.
    format: String,
    vocabulary: String,
    corpus: String,
    /// All that the numbers depend on.
    settings: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    next_chunk: usize,
    #[serde(flatten)]
    identity: Identity,
}

impl Identity {
    /// `but` are the settings that may change: other threads take over the same work.
    pub(crate) fn new(
        format: &str,
        (vocabulary, corpus): (&Vocabulary, &IntegerCorpus),
        settings: &impl Serialize,
        but: &[&str],
    ) -> Result<Self> {
        let mut words = blake3::Hasher::new();
        for (word, count) in vocabulary.words().iter().zip(vocabulary.counts()) {
            words
                .update(word.as_bytes())
                .update(&[0])
                .update(&count.to_le_bytes());
        }
        let mut settings = match serde_json::to_value(settings) {
            Ok(serde_json::Value::Object(settings)) => settings,
            other => {
                return Err(WordsError::Setting(format!(
                    "settings cannot be written: {other:?}"
                )));
            }
        };
        settings.retain(|name, _| !but.contains(&name.as_str()));
        Ok(Identity {
            format: format.to_owned(),
            vocabulary: words.finalize().to_hex().to_string(),
            corpus: blake3::hash(bytemuck::cast_slice(corpus.tokens()))
                .to_hex()
                .to_string(),
            settings,
        })
    }

    /// What differs, as the end of a sentence.
    fn difference(&self, now: &Identity) -> Option<String> {
        for (name, value) in &now.settings {
            let then = self.settings.get(name).unwrap_or(&serde_json::Value::Null);
            if then != value {
                return Some(format!("{name} = {then}, now it is {value}"));
            }
        }
        if self.vocabulary != now.vocabulary {
            return Some("another vocabulary".to_owned());
        }
        (self.corpus != now.corpus).then(|| "another text".to_owned())
    }
}

/// Reads the checkpoint that is to be gone on with, into the matrices: the number of the next chunk. 0 where there is
/// none to go on with.
pub(crate) fn resume(
    checkpointing: Option<&Checkpointing>,
    identity: &Identity,
    matrices: [&mut Matrix; 2],
) -> Result<usize> {
    match checkpointing {
        Some(checkpointing) if checkpointing.resume => read(&checkpointing.path, identity, matrices),
        _ => Ok(0),
    }
}

/// Writes a checkpoint beside the old one and puts it in its place.
pub(crate) fn write(
    path: &Path,
    identity: &Identity,
    matrices: [&Matrix; 2],
    next_chunk: usize,
) -> Result<()> {
    let aside = path.with_extension("unfinished");
    let written = File::create(&aside).and_then(|file| {
        let mut out = Hashing {
            inner: BufWriter::with_capacity(1 << 20, file),
            hasher: blake3::Hasher::new(),
        };
        let header = Header {
            next_chunk,
            identity: identity.clone(),
        };
        serde_json::to_writer(&mut out, &header)?;
        out.write_all(b"\n")?;
        for matrix in matrices {
            for row in 0..matrix.rows() {
                out.write_all(bytemuck::cast_slice(matrix.values(row)))?;
            }
        }
        let hash = out.hasher.finalize();
        out.inner.write_all(hash.as_bytes())?;
        out.inner
            .into_inner()
            .map_err(|error| error.into_error())?
            .sync_all()?;
        fs::rename(&aside, path)
    });
    written.map_err(|error| {
        // What could not be finished is of no use; the old checkpoint stays.
        let _ = fs::remove_file(&aside);
        WordsError::write(path)(error)
    })
}

/// Reads a checkpoint into the matrices and gives the chunk to go on with.
///
/// # Errors
/// No file, a file of another run or format, or one that is cut or damaged; the matrices are of no use then.
pub(crate) fn read(path: &Path, identity: &Identity, matrices: [&mut Matrix; 2]) -> Result<usize> {
    let refuse = |expected: &str, found: String| {
        WordsError::format(
            path,
            expected,
            found,
            "train again without --resume, with --force, to begin anew",
        )
    };
    let file = File::open(path).map_err(WordsError::read(path))?;
    let mut input = Hashing {
        inner: BufReader::with_capacity(1 << 20, file),
        hasher: blake3::Hasher::new(),
    };
    let mut line = Vec::new();
    input
        .inner
        .read_until(b'\n', &mut line)
        .map_err(WordsError::read(path))?;
    input.hasher.update(&line);
    let header: Header = serde_json::from_slice(&line).map_err(|error| {
        refuse(
            "a checkpoint of word vectors",
            format!("a first line that is none: {error}"),
        )
    })?;
    if header.identity.format != identity.format {
        return Err(refuse(&identity.format, header.identity.format));
    }
    if let Some(difference) = header.identity.difference(identity) {
        return Err(refuse("a checkpoint of this configuration and text", difference));
    }
    let whole = "a whole checkpoint";
    let fill = |input: &mut Hashing<BufReader<File>>, matrix: &mut Matrix| -> std::io::Result<()> {
        (0..matrix.rows())
            .try_for_each(|row| input.read_exact(bytemuck::cast_slice_mut(matrix.values_mut(row))))
    };
    matrices
        .into_iter()
        .try_for_each(|matrix| fill(&mut input, matrix))
        .map_err(|error| refuse(whole, format!("one that is cut: {error}")))?;
    let mut end = Vec::new();
    input
        .inner
        .read_to_end(&mut end)
        .map_err(WordsError::read(path))?;
    if end != input.hasher.finalize().as_bytes() {
        return Err(refuse(
            whole,
            "one that is damaged: its checksum is wrong".to_owned(),
        ));
    }
    Ok(header.next_chunk)
}

/// Hashes what passes through.
struct Hashing<T> {
    inner: T,
    hasher: blake3::Hasher,
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hasher.update(&bytes[..read]);
        Ok(read)
    }
}
