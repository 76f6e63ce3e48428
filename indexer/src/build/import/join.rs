//! Which vector belongs to which document: by their ids where the vectors have some, else by their order.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use encoder::text::Document;

use super::ImportOptions;
use super::given::Given;
use crate::error::{IndexError, Result};

/// A document that is compared with its vector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// Its id.
    pub id: String,
    /// What is encoded.
    pub passage: String,
    /// The row of its vector.
    pub row: u32,
}

/// Documents with their vectors.
#[derive(Debug, PartialEq)]
pub(super) struct Joined {
    /// The row of the vector of each document, in the order of the documents.
    pub rows: Vec<u32>,
    /// Documents spread over all vectors.
    pub samples: Vec<Sample>,
    /// Those whose vectors are zeros.
    pub zeros: Vec<Sample>,
    /// `id` or `order`.
    pub by: &'static str,
}

/// Takes documents one after the other.
#[derive(Debug)]
pub(super) struct Join<'a> {
    vectors: &'a Path,
    given: &'a Given,
    /// Rows by their ids; none where the order counts.
    rows_of: Option<HashMap<&'a str, u32>>,
    rows: Vec<u32>,
    samples: Vec<Sample>,
    zeros: Vec<Sample>,
    /// One vector in so many is compared; 0 for none.
    step: usize,
}

impl<'a> Join<'a> {
    /// Refuses vectors of which two have the same id.
    pub fn new(options: &'a ImportOptions, given: &'a Given) -> Result<Self> {
        let vectors = &options.vectors;
        let rows_of = match &given.ids {
            Some(ids) => Some(by_id(&given.ids_from, ids)?),
            None => None,
        };
        Ok(Self {
            vectors,
            given,
            rows_of,
            rows: Vec::new(),
            samples: Vec::new(),
            zeros: Vec::new(),
            step: match options.compare {
                0 => 0,
                count => given.vectors.len().div_ceil(count),
            },
        })
    }

    /// The next document, which is row `at.1` of the file `at.0`.
    pub fn see(&mut self, at: (&Path, u64), document: &Document) -> Result<()> {
        let (path, number) = at;
        let refuse = |problem: String| {
            Err(IndexError::Row {
                path: path.to_owned(),
                row: number,
                problem: format!("document {:?}: {problem}", document.id),
            })
        };
        let row = match &self.rows_of {
            Some(rows) => match rows.get(document.id.as_str()) {
                Some(row) => *row,
                None => {
                    let ids = self.given.ids_from.display();
                    return refuse(format!("expected a vector with this id, found none in {ids}"));
                }
            },
            None if self.rows.len() < self.given.vectors.len() => self.rows.len() as u32,
            None => {
                return refuse(format!(
                    "expected a vector for each document, found only {} in {}",
                    self.given.vectors.len(),
                    self.vectors.display()
                ));
            }
        };
        self.rows.push(row);
        // The last vector is among them: where one is missing and one too many, all between are shifted.
        let from_last = self.given.vectors.len() - 1 - row as usize;
        let of_all = || self.step > 0 && from_last.is_multiple_of(self.step);
        let samples = match self.given.zeros.binary_search(&row) {
            Ok(_) => &mut self.zeros,
            Err(_) if of_all() => &mut self.samples,
            Err(_) => return Ok(()),
        };
        samples.push(Sample {
            id: document.id.clone(),
            passage: document.passage(),
            row,
        });
        Ok(())
    }

    /// All documents, which have different ids, have been seen; refuses vectors that are left over.
    pub fn finish(self, documents: &[PathBuf]) -> Result<Joined> {
        let count = self.given.vectors.len();
        if self.rows.len() == count {
            return Ok(Joined {
                rows: self.rows,
                samples: self.samples,
                zeros: self.zeros,
                by: if self.rows_of.is_some() { "id" } else { "order" },
            });
        }
        let names: Vec<String> = documents.iter().map(|path| path.display().to_string()).collect();
        let mut taken = vec![false; count];
        self.rows.iter().for_each(|row| taken[*row as usize] = true);
        let left = taken.iter().position(|taken| !taken).unwrap_or(0);
        let problem = match &self.given.ids {
            Some(ids) => format!(
                "vector {:?}: expected a document with this id, found none in {}",
                ids[left],
                names.join(", ")
            ),
            None => format!(
                "expected a document for each of the {count} vectors, found only {} in {}",
                self.rows.len(),
                names.join(", ")
            ),
        };
        Err(IndexError::Row {
            path: self.vectors.to_owned(),
            row: left as u64 + 1,
            problem,
        })
    }
}

fn by_id<'a>(path: &Path, ids: &'a [String]) -> Result<HashMap<&'a str, u32>> {
    let mut rows = HashMap::with_capacity(ids.len());
    for (row, id) in (0..).zip(ids) {
        if let Some(first) = rows.insert(id.as_str(), row) {
            return Err(IndexError::Row {
                path: path.to_owned(),
                row: u64::from(row) + 1,
                problem: format!(
                    "expected a new id, found {id:?} again, which row {} has; ids must be unique",
                    first + 1
                ),
            });
        }
    }
    Ok(rows)
}
