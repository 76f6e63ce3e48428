//! What words answer to filters: which rows match, which columns there are.

use std::collections::BTreeSet;

use indexer_ann::RowSet;
use tantivy::SegmentReader;
use tantivy::query::{EnableScoring, Query};

use super::{Filter, FilterFields};
use crate::Words;
use crate::error::{Bm25Error, Result};

impl Words {
    /// The rows that match a filter. A column that no document has is one that each document lacks;
    /// [`Filter::check`] with the [columns](Self::columns) of all segments refuses it.
    ///
    /// # Errors
    /// An index made before there were filters, files that cannot be read.
    pub fn matching(&self, filter: &Filter) -> Result<RowSet> {
        let query = filter.query(self.filter_fields()?);
        let mut rows = RowSet::new(self.len() as usize);
        query
            .weight(EnableScoring::disabled_from_searcher(&self.searcher))
            .and_then(|weight| {
                weight.for_each_no_score(self.segment(), &mut |found| {
                    found.iter().for_each(|row| {
                        rows.insert(*row);
                    });
                })
            })
            .map_err(self.failed())?;
        Ok(rows)
    }

    /// The columns besides id, title and text that a document has a value in.
    ///
    /// # Errors
    /// An index made before there were filters, files that cannot be read.
    pub fn columns(&self) -> Result<BTreeSet<String>> {
        let terms = self
            .segment()
            .inverted_index(self.filter_fields()?.columns)
            .map_err(self.failed())?;
        let mut stream = terms.terms().stream().map_err(self.failed())?;
        let mut columns = BTreeSet::new();
        while let Some((name, _)) = stream.next() {
            columns.insert(String::from_utf8_lossy(name).into_owned());
        }
        Ok(columns)
    }

    fn filter_fields(&self) -> Result<FilterFields> {
        self.fields.filter.ok_or_else(|| Bm25Error::NoFilters {
            path: self.path.clone(),
        })
    }

    /// The one segment: opening has looked.
    fn segment(&self) -> &SegmentReader {
        self.searcher.segment_reader(0)
    }
}
