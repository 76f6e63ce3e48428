//! One look at every row before the long work begins.
//!
//! Reading is a thousand times faster than encoding, so a bad row in the middle is refused within
//! seconds instead of after an hour, and the number of documents is known for the remaining time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use encoder::corpus::{self, Columns};
use encoder::text::Document;

use super::{Observer, Phase};
use crate::error::{IndexError, Result};

/// Rows between two looks at whether to stop.
const STRIDE: u64 = 1024;

/// What all rows together are.
pub(super) struct Surveyed {
    /// How many documents there are.
    pub documents: u64,
    /// BLAKE3 over all of them in their order, in hexadecimal.
    pub hash: String,
    /// Bytes of all titles and texts.
    pub bytes: u64,
}

/// Checks all rows of all inputs and counts them. `see` is shown every document that is good in itself, with its file
/// and its row, from 1.
pub(super) fn survey(
    inputs: &[PathBuf],
    columns: &Columns,
    observer: &mut dyn Observer,
    mut see: impl FnMut((&Path, u64), &Document) -> Result<()>,
) -> Result<Surveyed> {
    let mut total = Some(0);
    for path in inputs {
        let rows = corpus::read(path, columns)?.total();
        total = total.zip(rows).map(|(sum, rows)| sum + rows);
    }
    observer.begin(Phase::Check, total);
    let mut seen = Seen::default();
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    for (file, path) in inputs.iter().enumerate() {
        for (row, document) in (1..).zip(corpus::read(path, columns)?) {
            let document = document?;
            let at = Place { file, row };
            check(path, row, &document)?;
            see((path, row), &document)?;
            hash(&mut hasher, &document);
            bytes += (document.title.len() + document.text.len()) as u64;
            seen.insert(inputs, at, document.id)?;
            if row.is_multiple_of(STRIDE) {
                observer.advance(STRIDE);
                if observer.stopped() {
                    return Err(IndexError::Interrupted);
                }
            }
        }
    }
    let found = seen.0.len() as u64;
    if !(1..=u64::from(u32::MAX)).contains(&found) {
        let what = inputs
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
            .join(", ");
        let (expected, found) = (format!("1 to {} documents", u32::MAX), found.to_string());
        return Err(IndexError::Count {
            what,
            expected,
            found,
        });
    }
    Ok(Surveyed {
        documents: found,
        hash: hasher.finalize().to_hex().to_string(),
        bytes,
    })
}

/// Adds a document. Lengths keep ("ab", "c") and ("a", "bc") apart.
fn hash(hasher: &mut blake3::Hasher, document: &Document) {
    let fields = serde_json::Value::Object(document.fields.clone()).to_string();
    for part in [&document.id, &document.title, &document.text, &fields] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
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
    if document.id.trim().is_empty() {
        return refuse("expected an id, found an empty one; every document needs one");
    }
    if document.passage().is_empty() {
        return refuse("expected a text, found an empty text and no title; fill or remove the row");
    }
    Ok(())
}

/// Where a document was read: number of the input, row from 1.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    row: u64,
}

/// The ids so far.
#[derive(Default)]
struct Seen(HashMap<String, Place>);

impl Seen {
    fn insert(&mut self, inputs: &[PathBuf], at: Place, id: String) -> Result<()> {
        let Some(&first) = self.0.get(&id) else {
            self.0.insert(id, at);
            return Ok(());
        };
        let problem = format!(
            "expected a new id, found {id:?} again, which row {} of {} has; ids must be unique",
            first.row,
            inputs[first.file].display()
        );
        Err(IndexError::Row {
            path: inputs[at.file].clone(),
            row: at.row,
            problem,
        })
    }
}
