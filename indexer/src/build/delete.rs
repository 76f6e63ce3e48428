//! `index delete`: documents leave an index; their rows stay behind, marked, until it is compacted.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Serialize;

use super::writer::IndexWriter;
use crate::error::{IndexError, Result};

/// What deleting came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeleteSummary {
    /// The index folder.
    #[serde(serialize_with = "crate::shown_path::one")]
    pub index: PathBuf,
    /// Documents that are gone.
    pub deleted: u64,
    /// Ids that no document had; only where those are ignored.
    pub missing: Vec<String>,
    /// Documents of the index now.
    pub documents: u64,
    /// Segments of the index now.
    pub segments: usize,
}

impl IndexWriter {
    /// Deletes the documents with these ids in one commit. An id that is named twice counts once.
    ///
    /// # Errors
    /// [`IndexError::NoDocument`] for an id that no document has, unless `ignore_missing`; files that cannot be
    /// written. In every case the index is as before.
    pub fn delete(mut self, ids: &[String], ignore_missing: bool) -> Result<DeleteSummary> {
        let mut rows = Vec::new();
        let mut missing = Vec::new();
        let mut seen = HashSet::new();
        for id in ids.iter().filter(|id| seen.insert(*id)) {
            match self.reader().find(id)? {
                Some(row) => rows.push(row),
                None => missing.push(id.clone()),
            }
        }
        if let Some(id) = missing.first()
            && !ignore_missing
        {
            return Err(IndexError::NoDocument {
                path: self.path().to_owned(),
                id: id.clone(),
                others: missing.len() - 1,
            });
        }
        if !rows.is_empty() {
            let mut next = self.committed().clone();
            next.segments = self.without(&rows)?;
            self.commit(next)?;
        }
        Ok(DeleteSummary {
            index: self.path().to_owned(),
            deleted: rows.len() as u64,
            missing,
            documents: self.committed().documents,
            segments: self.committed().segments.len(),
        })
    }
}
