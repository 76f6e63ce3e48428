//! An index that changes: what readers see, and what is left after a crash at any step.

mod changes;
mod crashes;
mod readers;
mod rereading;
mod resuming;
mod tuning;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use encoder::testing::HashEncoder;

use super::{AddOptions, BuildOptions, IndexWriter, Known, Unwatched, build};
use crate::manifest::HnswRecord;
use crate::{IndexError, IndexReader};

const DIMENSION: usize = 8;

/// A folder with the index `c.index`.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With an index of documents with these ids and texts.
    fn with(documents: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        place.build("c.index", documents);
        place
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("c.index")
    }

    fn build(&self, name: &str, documents: &[(&str, &str)]) {
        let options = self.build_options(name, documents);
        build(&options, &HashEncoder::new(DIMENSION), &mut Unwatched).unwrap();
    }

    fn build_options(&self, name: &str, documents: &[(&str, &str)]) -> BuildOptions {
        BuildOptions {
            inputs: vec![self.input(documents)],
            columns: Default::default(),
            out: self.folder.path().join(name),
            force: true,
            model: PathBuf::from("model"),
            computing: "hash".into(),
            memory: None,
            worth_keeping: Duration::MAX,
            hnsw: HnswRecord {
                m: 4,
                ef_construction: 8,
                ..Default::default()
            },
        }
    }

    fn input(&self, documents: &[(&str, &str)]) -> PathBuf {
        let path = self.folder.path().join("input.jsonl");
        let rows: String = documents
            .iter()
            .map(|(id, text)| format!("{{\"id\":{id:?},\"text\":{text:?}}}\n"))
            .collect();
        fs::write(&path, rows).unwrap();
        path
    }

    fn options(&self, known: Known, documents: &[(&str, &str)]) -> AddOptions {
        AddOptions {
            inputs: vec![self.input(documents)],
            columns: Default::default(),
            known,
            model: PathBuf::from("model"),
            memory: None,
        }
    }

    fn writer(&self) -> IndexWriter {
        IndexWriter::open(&self.index()).unwrap()
    }

    fn add(&self, documents: &[(&str, &str)]) {
        let options = self.options(Known::Refuse, documents);
        self.writer()
            .add(&options, &HashEncoder::new(DIMENSION), &mut Unwatched)
            .unwrap();
    }

    fn update(&self, documents: &[(&str, &str)]) {
        let options = self.options(Known::Replace, documents);
        self.writer()
            .add(&options, &HashEncoder::new(DIMENSION), &mut Unwatched)
            .unwrap();
    }

    fn delete(&self, ids: &[&str]) {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        self.writer().delete(&ids, false).unwrap();
    }

    fn compact(&self) {
        self.writer().compact(None, &mut Unwatched).unwrap();
    }

    fn reader(&self) -> IndexReader {
        IndexReader::open(&self.index()).unwrap()
    }
}

/// The ids of all documents, in the order of their rows.
fn ids(index: &Path) -> Vec<String> {
    let reader = IndexReader::open(index).unwrap();
    let rows = reader.live_rows();
    rows.map(|row| reader.document(row).unwrap().id).collect()
}

/// Names in a folder, sorted; none where there is no folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
