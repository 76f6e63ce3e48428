//! A folder with a static model and an index, in which the program is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use encoder::testing::write_tiny_static_model;
use indexer::IndexReader;

use super::changes::{Before, CHANGES, Documents, PIECES, more, new, old};

/// The folder.
pub struct Place {
    folder: tempfile::TempDir,
}

fn lines(documents: &Documents) -> String {
    documents
        .iter()
        .map(|(id, text)| {
            format!(
                "{}\n",
                serde_json::json!({"id": id, "text": text, "kind": "made"})
            )
        })
        .collect()
}

/// A place in which changes are tried, and the indexes to begin with.
pub struct Trials {
    pub place: Place,
    old: Place,
    pieces: Place,
}

impl Trials {
    pub fn new() -> Self {
        Self {
            place: Place::new(Before::Nothing),
            old: Place::new(Before::Old),
            pieces: Place::new(Before::Pieces),
        }
    }

    /// Makes the place what it is before a change.
    pub fn start(&self, before: Before) {
        self.place.clear();
        match before {
            Before::Nothing => {}
            Before::Old => copy(&self.old.index(), &self.place.index()),
            Before::Pieces => copy(&self.pieces.index(), &self.place.index()),
        }
    }
}

impl Place {
    /// With the model, the inputs and what is wanted of an index.
    pub fn new(before: Before) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        write_tiny_static_model(&place.path("words"), 1).unwrap();
        for (name, documents) in [("old", old()), ("new", new()), ("more", more())] {
            fs::write(place.path(&format!("{name}.jsonl")), lines(&documents)).unwrap();
        }
        if before != Before::Nothing {
            place.succeeds(CHANGES[0].arguments);
        }
        if before == Before::Pieces {
            PIECES.iter().for_each(|arguments| place.succeeds(arguments));
        }
        place
    }

    /// A path in the folder, without links.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// The index.
    pub fn index(&self) -> PathBuf {
        self.path("corpus.index")
    }

    /// The program here. Paths in its arguments are made absolute, because the library looks at nothing else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_index"));
        command.current_dir(self.folder.path());
        for argument in arguments {
            match argument.contains(['.', '/']) || *argument == "words" {
                true => command.arg(self.path(argument)),
                false => command.arg(argument),
            };
        }
        // Set, so that the program need not start itself again to set them.
        command.envs([
            ("GOMP_SPINCOUNT", "1000"),
            ("MALLOC_CONF", "dirty_decay_ms:-1"),
            ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1"),
        ]);
        command
    }

    /// Runs the program to its end with exit code 0.
    pub fn succeeds(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    }

    /// Removes all but the model and the inputs.
    pub fn clear(&self) {
        for entry in fs::read_dir(self.folder.path()).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && name != "words" {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
    }

    /// The documents of the index, `None` where there is none; each has to be found by words and by its own vector.
    pub fn documents(&self) -> Option<Documents> {
        if !self.index().exists() {
            return None;
        }
        let reader =
            IndexReader::open(&self.index()).unwrap_or_else(|error| panic!("the last commit: {error}"));
        let mut documents = Documents::new();
        for row in reader.live_rows() {
            let document = reader.document(row).unwrap();
            let by_words = reader
                .search_words(&format!("number{}", &document.id[1..]), 1)
                .unwrap();
            assert_eq!(by_words[0].row, row);
            let near = reader
                .search_vectors(reader.vector(row).unwrap(), 1, 100)
                .unwrap();
            assert!(near[0].score > 0.999, "{near:?}");
            documents.insert(document.id, document.text);
        }
        assert_eq!(documents.len(), reader.len());
        Some(documents)
    }

    /// What lies in the folder of the index and is no part of it, and what lies beside it and was not there.
    pub fn leftovers(&self) -> Vec<String> {
        let manifest = IndexReader::open(&self.index()).unwrap().manifest().clone();
        let segments: Vec<&str> = manifest
            .segments
            .iter()
            .map(|segment| segment.name.as_str())
            .collect();
        let deleted = manifest
            .segments
            .iter()
            .filter_map(|segment| segment.deleted.as_ref());
        let deleted: Vec<&str> = deleted.map(|deleted| deleted.file.path.as_str()).collect();
        let mut left = others(&self.index().join("segments"), &segments);
        left.extend(others(&self.index().join("deleted"), &deleted));
        left.extend(others(&self.index(), &["MANIFEST", "segments", "deleted"]));
        left.extend(others(
            self.folder.path(),
            &[
                "corpus.index",
                "words",
                "old.jsonl",
                "new.jsonl",
                "more.jsonl",
                "report.txt",
            ],
        ));
        left
    }
}

/// Names in a folder besides those known.
fn others(folder: &Path, known: &[&str]) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !known.contains(&name.as_str())).collect()
}

/// Copies a folder with all in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
