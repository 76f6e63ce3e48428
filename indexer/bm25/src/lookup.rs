//! From a document's id to its row.

use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, TERMINATED, Term};

use crate::Words;
use crate::error::Result;

impl Words {
    /// The row of the document with the id `id`; none where documents were only [counted](crate::WordWriter::count).
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn find(&self, id: &str) -> Result<Option<u32>> {
        let found = || -> tantivy::Result<Option<u32>> {
            let term = Term::from_field_text(self.fields.id, id);
            let index = self.searcher.segment_reader(0).inverted_index(self.fields.id)?;
            let rows = index.read_postings(&term, IndexRecordOption::Basic)?;
            Ok(rows.map(|rows| rows.doc()).filter(|row| *row != TERMINATED))
        };
        found().map_err(self.failed())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use encoder::text::Document;

    use crate::WordWriter;

    #[test]
    fn ids_are_found_as_they_were_written_and_no_others() {
        let ids = ["b", "a b", "Ä", "", "a"];
        let mut writer = WordWriter::in_memory(Path::new("documents")).unwrap();
        for id in ids {
            let document = Document {
                id: id.into(),
                text: "a b".into(),
                ..Document::default()
            };
            writer.add(&document).unwrap();
        }
        let words = writer.open().unwrap();
        for (row, id) in ids.iter().enumerate() {
            assert_eq!(words.find(id).unwrap(), Some(row as u32), "{id:?}");
        }
        for id in ["A", "a ", "ä", "c"] {
            assert_eq!(words.find(id).unwrap(), None, "{id:?}");
        }
    }
}
