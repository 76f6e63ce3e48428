//! The documents of a change as they are read again, to be encoded and stored.
//!
//! The first reading was the survey: it refused bad rows, and said which documents are replaced and which vector is
//! whose. That holds only for what it has read, so the hash of each file is compared with the survey's at the file's
//! end, which is before any commit.

use std::path::PathBuf;

use encoder::corpus::{self, Columns, Documents};
use encoder::text::Document;

use super::survey::Surveyed;
use crate::error::{IndexError, Result};

/// BLAKE3 over documents, one after the other.
#[derive(Default)]
pub(super) struct ContentHash(blake3::Hasher);

impl ContentHash {
    /// Adds a document. Lengths keep ("ab", "c") and ("a", "bc") apart.
    pub fn add(&mut self, document: &Document) {
        // A map of strings and values always has a form as JSON.
        let fields = serde_json::to_string(&document.fields).unwrap_or_default();
        for part in [&document.id, &document.title, &document.text, &fields] {
            self.0.update(&(part.len() as u64).to_le_bytes());
            self.0.update(part.as_bytes());
        }
    }

    /// The hash of all documents so far.
    pub fn so_far(&self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// All documents of all inputs, in their order.
pub(super) struct SecondReading<'a> {
    inputs: &'a [PathBuf],
    columns: &'a Columns,
    surveyed: &'a Surveyed,
    /// Number of the input that is read.
    file: usize,
    /// That input, when it is open.
    documents: Option<Documents>,
    hash: ContentHash,
}

impl<'a> SecondReading<'a> {
    /// Begins with the first document; `surveyed` is what the first reading came to.
    pub fn new(inputs: &'a [PathBuf], columns: &'a Columns, surveyed: &'a Surveyed) -> Self {
        Self {
            inputs,
            columns,
            surveyed,
            file: 0,
            documents: None,
            hash: ContentHash::default(),
        }
    }

    /// The next document; none after the last of the last file, when all were those of the first reading.
    pub fn next(&mut self) -> Result<Option<Document>> {
        while let Some(path) = self.inputs.get(self.file) {
            let documents = match &mut self.documents {
                Some(documents) => documents,
                None => self.documents.insert(corpus::read(path, self.columns)?),
            };
            if let Some(document) = documents.next() {
                let document = document?;
                self.hash.add(&document);
                return Ok(Some(document));
            }
            if self.surveyed.ends.get(self.file) != Some(&self.so_far()) {
                return Err(self.changed());
            }
            (self.file, self.documents) = (self.file + 1, None);
        }
        Ok(None)
    }

    /// The hash of all documents so far.
    pub fn so_far(&self) -> [u8; 32] {
        self.hash.so_far()
    }

    /// As many documents as there were have been read: refuses more.
    pub fn finish(mut self) -> Result<()> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.changed()),
        }
    }

    /// The error of the file that is read.
    pub fn changed(&self) -> IndexError {
        let last = self.inputs.len().saturating_sub(1);
        IndexError::Changed {
            path: self.inputs.get(self.file.min(last)).cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Unwatched;
    use super::super::survey::survey;
    use super::*;

    fn write(path: &std::path::Path, texts: &[&str]) {
        let rows: String = (0..)
            .zip(texts)
            .map(|(i, text)| format!("{{\"id\":\"{}-{i}\",\"text\":{text:?}}}\n", path.display()))
            .collect();
        std::fs::write(path, rows).unwrap();
    }

    /// Reads as many documents as there were.
    fn read(inputs: &[PathBuf], surveyed: &Surveyed) -> Result<()> {
        let columns = Columns::default();
        let mut reading = SecondReading::new(inputs, &columns, surveyed);
        for _ in 0..surveyed.documents {
            reading.next()?;
        }
        reading.finish()
    }

    #[test]
    fn a_file_that_is_not_what_it_was_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = ["one.jsonl", "two.jsonl"].map(|name| folder.path().join(name));
        let texts = [["gout", "fever"], ["cough", "pain"]];
        (0..2).for_each(|file| write(&inputs[file], &texts[file]));
        let surveyed = survey(&inputs, &Columns::default(), &mut Unwatched, |_, _| Ok(())).unwrap();
        read(&inputs, &surveyed).unwrap();
        for (file, others) in [
            (0, &["gout", "chills"][..]),
            (0, &["gout"]),
            (0, &["gout", "fever", "chills"]),
            (1, &["cough", "ache"]),
            (1, &["cough"]),
            (1, &["cough", "pain", "ache"]),
        ] {
            write(&inputs[file], others);
            let message = read(&inputs, &surveyed).unwrap_err().to_string();
            let name = inputs[file].display();
            let expected = format!("{name}: expected the documents of the first reading, found others");
            assert!(
                message.starts_with(&expected) && message.contains("leave the file alone"),
                "{others:?}: {message}"
            );
            write(&inputs[file], &texts[file]);
        }
        read(&inputs, &surveyed).unwrap();
    }
}
