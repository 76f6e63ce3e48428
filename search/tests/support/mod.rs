//! A small index on disk, and the program run in its folder: what the tests of the command line share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use encoder::Encoder;
use encoder::corpus::Columns;
use encoder::testing::{HashEncoder, write_tiny_model};
use indexer::build::{BuildOptions, Unwatched, build};
use indexer::{HnswRecord, Metric};
use tempfile::TempDir;

/// Words of the tiny model's vocabulary, by topic; every fifth document has no topic, and each has a year.
const TOPICS: [(&str, &str); 4] = [
    ("diabetes", "diabetes thirst urine sugar blood weight tired"),
    ("heart", "heart chest pain pressure high risk sign"),
    ("infection", "virus fever cough throat rest infection swelling"),
    ("skin", "skin rash sore water treatment medicine mild"),
];

/// A folder to run `search` in.
pub struct Workplace {
    folder: TempDir,
}

impl Workplace {
    /// An empty folder.
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// `corpus.index` of 40 documents beside the tiny model that made it, `model`.
    pub fn with_index() -> Self {
        let place = Self::empty();
        write_tiny_model(&place.path("model"), 1).unwrap();
        let encoder = encoder::open_candle(&place.path("model")).unwrap();
        place.index("corpus.index", 40, &*encoder);
        place
    }

    /// `corpus.index` of so many documents for maps, whose vectors need no model.
    pub fn with_map_index(documents: usize) -> Self {
        let place = Self::empty();
        place.index("corpus.index", documents, &HashEncoder::new(32));
        place
    }

    /// Adds an index of `documents` made-up documents.
    pub fn index(&self, name: &str, documents: usize, encoder: &dyn Encoder) {
        self.index_of(name, &lines(documents), encoder);
    }

    /// Adds an index of the documents in `lines`, JSON Lines.
    pub fn index_of(&self, name: &str, lines: &str, encoder: &dyn Encoder) {
        self.index_by(Metric::Cosine, (name, lines), encoder);
    }

    /// Adds an index by `metric`: its name, and its documents as JSON Lines.
    pub fn index_by(&self, metric: Metric, (name, lines): (&str, &str), encoder: &dyn Encoder) {
        let input = self.path("corpus.jsonl");
        std::fs::write(&input, lines).unwrap();
        let options = BuildOptions {
            inputs: vec![input],
            columns: Columns::default(),
            out: self.path(name),
            force: false,
            model: self.path("model"),
            computing: "test".into(),
            memory: None,
            worth_keeping: Duration::MAX,
            hnsw: HnswRecord {
                m: 8,
                ef_construction: 64,
                metric,
                ..Default::default()
            },
        };
        build(&options, encoder, &mut Unwatched).unwrap();
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, to be run here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_search"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program here; panics unless it ends with `code`.
    pub fn run(&self, arguments: &[&str], code: i32) -> Ran {
        let output = self.command(arguments).output().unwrap();
        let ran = Ran::from(output);
        assert_eq!(
            ran.code,
            Some(code),
            "{arguments:?}\nstdout: {}\nstderr: {}",
            ran.stdout,
            ran.stderr
        );
        ran
    }

    /// Names of what lies in the folder, sorted.
    pub fn listing(&self) -> Vec<String> {
        let entries = self.folder.path().read_dir().unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The first `documents` made-up documents as JSON Lines.
pub fn lines(documents: usize) -> String {
    (0..documents).map(|number| document(number) + "\n").collect()
}

/// Document `number` as a line of JSON: a few words of its topic, turned by its number.
fn document(number: usize) -> String {
    let (topic, words) = TOPICS[number % TOPICS.len()];
    let mut words: Vec<&str> = words.split(' ').collect();
    let turned = number / TOPICS.len() % words.len();
    words.rotate_left(turned);
    let text = format!(
        "the {} of {} and {}, number{number}",
        words[0], words[1], words[2]
    );
    let mut line = serde_json::json!({"_id": format!("d{number}"), "title": format!("About {topic} </script>"), "text": text});
    if number % 5 != 4 {
        line["topic"] = topic.into();
    }
    line["year"] = (1980 + number).into();
    line.to_string()
}

/// Every file below `folder`.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}
