//! A folder with a tiny model, in which the program is run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use serde_json::Value;

/// The program.
pub const INDEX: &str = env!("CARGO_BIN_EXE_index");

/// Four documents as JSON Lines.
pub const ROWS: &str = r#"{"_id":"gout","title":"Gout","text":"Gout causes pain and swelling in a joint.","kind":"disease"}
{"_id":"flu","title":"Flu","text":"A virus causes fever and cough.","kind":"disease"}
{"_id":"rest","title":"","text":"Rest and water help mild infection.","kind":"advice"}
{"_id":"ecg","title":"ECG","text":"A test of the heart with skin patches.","kind":"test"}
"#;

/// The folder; it goes when it is dropped.
pub struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    /// With a model in `model` and nothing else.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        encoder::testing::write_tiny_model(&folder.path().join("model"), 1).unwrap();
        Self { folder }
    }

    /// With `corpus.jsonl` and the index `corpus.index` made of it.
    pub fn with_index() -> Self {
        let place = Self::new();
        place.write("corpus.jsonl", ROWS);
        place.succeeds(&["build", "corpus.jsonl"]);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes a Parquet table of optional strings, several rows to a group.
    pub fn write_parquet(&self, name: &str, columns: &[(&str, Vec<Option<String>>)]) {
        let arrays = columns.iter().map(|(name, values)| {
            (
                *name,
                Arc::new(StringArray::from(values.clone())) as ArrayRef,
                true,
            )
        });
        let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
        let file = fs::File::create(self.path(name)).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    /// The program, in this folder, with the tiny model where it builds.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(INDEX);
        command.current_dir(self.folder.path()).args(arguments);
        let encodes = arguments
            .first()
            .is_some_and(|name| ["build", "add", "update"].contains(name));
        if encodes && !arguments.contains(&"--help") {
            if !arguments.contains(&"--backend") {
                command.args(["--backend", "candle"]);
            }
            if arguments[0] == "build" && !arguments.contains(&"--model") {
                command.args(["--model", "model"]);
            }
        }
        command
    }

    /// Runs it to the end with exit code 0; its stdout.
    pub fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            stderr(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it into one line of error with exit code 2, and nothing but what was there before; the
    /// error has all of `words`.
    pub fn fails(&self, arguments: &[&str], words: &[&str]) {
        let before = self.snapshot();
        let output = self.command(arguments).output().unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        let errors: Vec<&str> = message
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "one line of error: {message}");
        assert!(
            message.ends_with(&format!("{}\n", errors[0])),
            "nothing after the error: {message}"
        );
        for word in words {
            assert!(errors[0].contains(word), "{word:?} is not in {message}");
        }
        assert!(output.stdout.is_empty(), "no result on stdout");
        assert_eq!(self.snapshot(), before, "nothing half-written");
    }

    /// The last line of stdout as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(self.succeeds(arguments).lines().last().unwrap()).unwrap()
    }

    /// All files under the folder and their contents.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder.path(), &mut files);
        files
    }

    /// The files of `corpus.index`.
    pub fn index_files(&self) -> Vec<PathBuf> {
        let mut files = BTreeMap::new();
        collect(&self.path("corpus.index"), &mut files);
        files.into_keys().collect()
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => {
                files.insert(path.clone(), Vec::new());
                collect(&path, files);
            }
            path => drop(files.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
