//! One look at every row before the long work begins.
//!
//! Reading is a thousand times faster than encoding, so a bad row in the middle is refused within
//! seconds instead of after an hour, and the number of documents is known for the remaining time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use encoder::EncoderError;
use encoder::corpus::{self, Columns, Documents};
use encoder::text::Document;

use super::memory::Extent;
use super::second_reading::ContentHash;
use super::{Observer, Phase};
use crate::error::{IndexError, Result};
use crate::manifest::MANIFEST_NAME;

/// Rows between two looks at whether to stop.
const STRIDE: u64 = 1024;

/// Bytes of the longest id by which a document can be found: longer words are none to the full-text engine.
const MOST_ID_BYTES: usize = 65_530;

/// What all rows together are.
pub(super) struct Surveyed {
    /// How many documents there are.
    pub documents: u64,
    /// For each input the hash of all documents up to its last one.
    pub ends: Vec<[u8; 32]>,
    /// Bytes of all titles and texts.
    pub bytes: u64,
    /// Columns of vectors, which are not stored with the documents, each with its file.
    pub left_out: Vec<(PathBuf, String)>,
    /// What is said of values that are kept as missing: those of one column, of one kind.
    pub lost: Vec<String>,
}

impl Surveyed {
    /// Says which columns and values are not stored: of the columns of vectors all but the one called `taken`, which the
    /// vectors of an import are in.
    pub fn note_what_is_lost(&self, taken: Option<&str>, observer: &mut dyn Observer) {
        for (path, column) in &self.left_out {
            if taken != Some(column) {
                observer.note(&format!(
                    "{}: the column {column} has lists of floats, which are vectors and not stored with the documents",
                    path.display()
                ));
            }
        }
        for note in &self.lost {
            observer.note(note);
        }
    }

    /// The hash of all documents in their order.
    pub fn hash(&self) -> [u8; 32] {
        self.ends.last().copied().unwrap_or_default()
    }

    /// How much they are.
    pub fn extent(&self) -> Extent {
        Extent {
            documents: self.documents,
            bytes: self.bytes,
        }
    }
}

/// Checks all rows of all inputs and counts them. `see` is shown every document that is good in itself, with its file
/// and its row, from 1.
pub(super) fn survey(
    inputs: &[PathBuf],
    columns: &Columns,
    observer: &mut dyn Observer,
    mut see: impl FnMut((&Path, u64), &Document) -> Result<()>,
) -> Result<Surveyed> {
    let (mut total, mut left_out) = (Some(0), Vec::new());
    for path in inputs {
        refuse_index(path)?;
        let documents = corpus::read(path, columns)?;
        let out = documents.left_out().iter();
        left_out.extend(out.map(|column| (path.clone(), column.clone())));
        let rows = documents.total();
        total = total
            .zip(rows)
            .map(|(sum, rows): (u64, u64)| sum.saturating_add(rows));
    }
    // Before the first row is read, where the files say how many they have.
    check_count(inputs, total.unwrap_or(1).max(1))?;
    observer.begin(Phase::Check, total);
    let mut seen = Seen::default();
    let (mut hash, mut ends) = (ContentHash::default(), Vec::new());
    let (mut found, mut bytes, mut lost) = (0_u64, 0, Vec::new());
    for (file, path) in inputs.iter().enumerate() {
        let mut documents = corpus::read(path, columns)?;
        for (row, document) in (1..).zip(&mut documents) {
            let document = document?;
            check(path, row, &document)?;
            see((path, row), &document)?;
            hash.add(&document);
            bytes += (document.title.len() + document.text.len()) as u64;
            if !seen.insert(&document.id) {
                refuse_again(inputs, columns, (file, row), &document.id)?;
            }
            found += 1;
            if row.is_multiple_of(STRIDE) {
                observer.advance(STRIDE);
                if observer.stopped() {
                    return Err(IndexError::Interrupted);
                }
            }
        }
        ends.push(hash.so_far());
        lost.extend(lost_values(path, &documents));
    }
    check_count(inputs, found)?;
    Ok(Surveyed {
        documents: found,
        ends,
        bytes,
        left_out,
        lost,
    })
}

/// What is to be said of the values of a file that are kept as missing.
fn lost_values(path: &Path, documents: &Documents) -> impl Iterator<Item = String> {
    documents.lost().iter().map(|((column, what), number)| {
        format!(
            "{}: {number} values of the column {column} are {what} and are kept as missing",
            path.display()
        )
    })
}

/// Refuses an index in the place of documents.
fn refuse_index(path: &Path) -> Result<()> {
    if !path.join(MANIFEST_NAME).exists() {
        return Ok(());
    }
    Err(EncoderError::format(
        path,
        "a table of documents, or a BEIR folder",
        "an index",
        "name the file that it was made of, or write its documents to one with `index export`",
    )
    .into())
}

/// Refuses no documents, and more than have numbers.
fn check_count(inputs: &[PathBuf], found: u64) -> Result<()> {
    if (1..=u64::from(u32::MAX)).contains(&found) {
        return Ok(());
    }
    let names: Vec<String> = inputs.iter().map(|path| path.display().to_string()).collect();
    Err(IndexError::Count {
        what: names.join(", "),
        expected: format!("1 to {} documents", u32::MAX),
        found: match found {
            0 => "none; name a file that has rows".to_owned(),
            many => format!("{many}; make several indexes of them"),
        },
    })
}

fn check(path: &Path, row: u64, document: &Document) -> Result<()> {
    let refuse = |problem: &str| {
        let problem = format!("document {:?}: {problem}", document.id);
        Err(IndexError::Row {
            path: path.to_owned(),
            row,
            problem,
        })
    };
    if document.id.len() > MOST_ID_BYTES {
        let id: String = document.id.chars().take(20).collect();
        return Err(IndexError::Row {
            path: path.to_owned(),
            row,
            problem: format!(
                "document \"{id}…\": expected an id of at most {MOST_ID_BYTES} bytes, by which it can be found, found \
                 one of {}; give it a shorter one",
                document.id.len()
            ),
        });
    }
    if document.id.trim().is_empty() {
        return refuse("expected an id, found an empty one; every document needs one");
    }
    if document.passage().is_empty() {
        return refuse("expected a text, found an empty text and no title; fill or remove the row");
    }
    Ok(())
}

/// Where a document was read: number of the input, row from 1.
type Place = (usize, u64);

/// The ids so far, each by eight bytes of its hash: those of a corpus that does not fit into memory may not fit either.
#[derive(Default)]
struct Seen(HashSet<u64>);

impl Seen {
    /// Whether the id is new; if not, then it was there, or by a rare chance another one of the same hash.
    fn insert(&mut self, id: &str) -> bool {
        let hash: [u8; 32] = blake3::hash(id.as_bytes()).into();
        let (first, _) = hash.split_at(size_of::<u64>());
        self.0.insert(
            first
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }
}

/// Looks for the id of the row `at` in the rows before it, and refuses it there.
fn refuse_again(inputs: &[PathBuf], columns: &Columns, at: Place, id: &str) -> Result<()> {
    for (file, path) in inputs.iter().enumerate().take(at.0 + 1) {
        for (row, document) in (1..).zip(corpus::read(path, columns)?) {
            if (file, row) == at {
                return Ok(());
            }
            if document?.id == id {
                let problem = format!(
                    "expected a new id, found {id:?} again, which row {row} of {} has; ids must be unique",
                    path.display()
                );
                return Err(IndexError::Row {
                    path: inputs[at.0].clone(),
                    row: at.1,
                    problem,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_refused_only_where_it_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let inputs: Vec<PathBuf> = ["a b", "c a"]
            .iter()
            .map(|ids| {
                let path = folder.path().join(format!("{ids}.jsonl"));
                let rows: String = ids
                    .split(' ')
                    .map(|id| format!("{{\"id\":{id:?},\"text\":\"x\"}}\n"))
                    .collect();
                std::fs::write(&path, rows).unwrap();
                path
            })
            .collect();
        let again = |at, id| refuse_again(&inputs, &Columns::default(), at, id);
        again((0, 1), "a").unwrap();
        again((1, 2), "another of the same hash").unwrap();
        let message = again((1, 2), "a").unwrap_err().to_string();
        assert!(
            message.contains("c a.jsonl: row 2")
                && message.contains("row 1 of")
                && message.contains("a b.jsonl"),
            "{message}"
        );
        assert!(check_count(&inputs, 1).is_ok() && check_count(&inputs, u32::MAX.into()).is_ok());
        assert!(check_count(&inputs, 0).is_err() && check_count(&inputs, 1 << 32).is_err());
        let mut seen = Seen::default();
        assert!(seen.insert("a") && seen.insert("b") && !seen.insert("a"));
    }
}
