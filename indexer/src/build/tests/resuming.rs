//! A build that was stopped is gone on with, to the same index.

use std::cell::Cell;
use std::time::Duration;

use encoder::model::Fingerprint;
use encoder::{Encoded, Encoder};

use super::super::{Observer, Phase};
use super::*;

const DOCUMENTS: usize = 20_000;

/// Counts the texts that it encodes.
struct Counting {
    encoder: HashEncoder,
    texts: Cell<usize>,
}

impl Counting {
    fn new() -> Self {
        Self {
            encoder: HashEncoder::new(DIMENSION),
            texts: Cell::new(0),
        }
    }
}

impl Encoder for Counting {
    fn dimension(&self) -> usize {
        self.encoder.dimension()
    }

    fn max_length(&self) -> usize {
        self.encoder.max_length()
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.encoder.fingerprint()
    }

    fn encode_queries(&self, texts: &[&str]) -> encoder::Result<Encoded> {
        self.encoder.encode_queries(texts)
    }

    fn encode_documents(&self, texts: &[&str]) -> encoder::Result<Encoded> {
        self.texts.set(self.texts.get() + texts.len());
        self.encoder.encode_documents(texts)
    }
}

/// Stops when so many documents are encoded, and remembers what it is told.
struct StopAfter {
    documents: usize,
    encoded: usize,
    encoding: bool,
    notes: Vec<String>,
}

impl StopAfter {
    fn new(documents: usize) -> Self {
        Self {
            documents,
            encoded: 0,
            encoding: false,
            notes: Vec::new(),
        }
    }
}

impl Observer for StopAfter {
    fn begin(&mut self, phase: Phase, _total: Option<u64>) {
        self.encoding = phase == Phase::Encode;
    }

    fn note(&mut self, message: &str) {
        self.notes.push(message.to_owned());
    }

    fn advance(&mut self, documents: u64) {
        self.encoded += usize::from(self.encoding) * documents as usize;
    }

    fn stopped(&self) -> bool {
        self.encoded >= self.documents
    }
}

fn options(folder: &Path, memory: Option<u64>) -> BuildOptions {
    let input = folder.join("input.jsonl");
    if !input.exists() {
        let rows: String = (0..DOCUMENTS)
            .map(|i| format!("{{\"id\":\"{i}\",\"text\":\"pain {} number{i}\"}}\n", i % 97))
            .collect();
        fs::write(&input, rows).unwrap();
    }
    BuildOptions {
        inputs: vec![input],
        columns: Default::default(),
        out: folder.join("c.index"),
        force: false,
        model: PathBuf::from("model"),
        computing: "hash".into(),
        memory,
        worth_keeping: Duration::ZERO,
        hnsw: HnswRecord {
            m: 4,
            ef_construction: 8,
            ..Default::default()
        },
    }
}

/// Bytes that make four segments.
const MEMORY: u64 = (400 << 20) + 1_250_000;

fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (IndexReader::open(one).unwrap(), IndexReader::open(other).unwrap());
    assert_eq!((one.len(), other.len()), (DOCUMENTS, DOCUMENTS));
    for row in 0..DOCUMENTS as u32 {
        assert_eq!(one.vector(row).unwrap(), other.vector(row).unwrap(), "row {row}");
    }
    for row in (0..DOCUMENTS as u32).step_by(101) {
        assert_eq!(one.document(row).unwrap(), other.document(row).unwrap());
    }
    let [one, other] = [&one, &other].map(|index| index.search_words("number7 pain", 30).unwrap());
    assert_eq!(one, other);
}

#[test]
fn an_interrupted_build_goes_on_where_it_was() {
    let whole = tempfile::tempdir().unwrap();
    let summary = build(&options(whole.path(), None), &Counting::new(), &mut Unwatched).unwrap();
    assert_eq!((summary.segments, summary.resumed), (1, 0));
    for (memory, segments) in [(None, 1), (Some(MEMORY), 4)] {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path(), memory);
        let mut observer = StopAfter::new(17_500);
        let first = Counting::new();
        let error = build(&options, &first, &mut observer).unwrap_err();
        assert!(matches!(error, IndexError::Interrupted), "{error}");
        assert!(
            observer.notes[0].contains("the same command goes on"),
            "{:?}",
            observer.notes
        );
        assert!(!options.out.exists());
        let (mut observer, second) = (StopAfter::new(usize::MAX), Counting::new());
        let summary = build(&options, &second, &mut observer).unwrap();
        assert!(
            observer.notes[0].contains("going on with a build"),
            "{:?}",
            observer.notes
        );
        assert_eq!(summary.segments, segments);
        assert!(summary.resumed >= 16_384 && summary.tokens == 3 * DOCUMENTS as u64);
        assert!(
            second.texts.get() <= DOCUMENTS - 16_384
                && first.texts.get() + second.texts.get() <= DOCUMENTS + 1024,
            "{} and {}",
            first.texts.get(),
            second.texts.get()
        );
        assert_same(&options.out, &whole.path().join("c.index"));
        assert_eq!(names(folder.path()), ["c.index", "input.jsonl"]);
    }
}

#[test]
fn other_documents_or_options_start_anew() {
    let folder = tempfile::tempdir().unwrap();
    let begun = options(folder.path(), None);
    let begin = || {
        let error = build(&begun, &Counting::new(), &mut StopAfter::new(17_500)).unwrap_err();
        assert!(matches!(error, IndexError::Interrupted), "{error}");
    };
    begin();
    let mut other = begun.clone();
    other.hnsw.m = 5;
    let starts_anew = |options: &BuildOptions| {
        let (mut observer, encoder) = (StopAfter::new(usize::MAX), Counting::new());
        let summary = build(options, &encoder, &mut observer).unwrap();
        assert_eq!(
            (summary.resumed, encoder.texts.get()),
            (0, summary.documents as usize)
        );
        assert!(
            observer.notes[0].contains("is not gone on with"),
            "{:?}",
            observer.notes
        );
        fs::remove_dir_all(&options.out).unwrap();
    };
    starts_anew(&other);
    begin();
    let mut text = fs::read_to_string(&begun.inputs[0]).unwrap();
    text += "{\"id\":\"more\",\"text\":\"more\"}\n";
    fs::write(&begun.inputs[0], text).unwrap();
    starts_anew(&begun);
}

#[test]
fn little_work_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = BuildOptions {
        worth_keeping: Duration::MAX,
        ..options(folder.path(), None)
    };
    build(&options, &Counting::new(), &mut StopAfter::new(3_000)).unwrap_err();
    assert_eq!(names(folder.path()), ["input.jsonl"]);
}

#[test]
fn what_a_stopped_build_had_left_is_kept_by_one_that_stops_soon() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), None);
    build(&options, &Counting::new(), &mut StopAfter::new(3_000)).unwrap_err();
    options.worth_keeping = Duration::MAX;
    build(&options, &Counting::new(), &mut StopAfter::new(1)).unwrap_err();
    let second = Counting::new();
    let summary = build(&options, &second, &mut Unwatched).unwrap();
    assert!(summary.resumed >= 2_048, "{}", summary.resumed);
    assert!(second.texts.get() <= DOCUMENTS - 2_048, "{}", second.texts.get());
}

/// Stops at the first look in a phase.
struct StopIn(Phase, bool);

impl Observer for StopIn {
    fn begin(&mut self, phase: Phase, _total: Option<u64>) {
        self.1 = phase == self.0;
    }

    fn note(&mut self, _message: &str) {}

    fn advance(&mut self, _documents: u64) {}

    fn stopped(&self) -> bool {
        self.1
    }
}

#[test]
fn what_a_stopped_build_had_left_is_kept_by_one_that_fails_before_it_encodes() {
    let folder = tempfile::tempdir().unwrap();
    let begun = options(folder.path(), None);
    build(&begun, &Counting::new(), &mut StopAfter::new(3_000)).unwrap_err();
    let later = BuildOptions {
        worth_keeping: Duration::MAX,
        ..begun.clone()
    };
    let staged = folder.path().join(".c.index.building");
    let fails = |options: &BuildOptions, observer: &mut dyn Observer| {
        let error = build(options, &Counting::new(), observer).unwrap_err();
        assert!(staged.join("PROGRESS").exists(), "{error}");
        let journal = fs::metadata(staged.join("encoded-0")).unwrap();
        assert!(journal.len() > 2_048 * 4 * DIMENSION as u64, "{error}");
        error
    };
    let error = fails(&later, &mut StopIn(Phase::Check, false));
    assert!(matches!(error, IndexError::Interrupted), "{error}");
    let small = BuildOptions {
        memory: Some(1 << 20),
        ..later.clone()
    };
    let error = fails(&small, &mut Unwatched);
    assert!(matches!(error, IndexError::Memory { .. }), "{error}");
    // A full disk refuses the same file.
    fs::create_dir(staged.join("PROGRESS.new")).unwrap();
    let mut observer = StopAfter::new(usize::MAX);
    let error = fails(&later, &mut observer);
    assert!(matches!(error, IndexError::Write { .. }), "{error}");
    assert!(
        observer.notes[0].contains("had encoded is kept in"),
        "{:?}",
        observer.notes
    );
    fs::remove_dir(staged.join("PROGRESS.new")).unwrap();
    let whole = fs::read_to_string(&later.inputs[0]).unwrap();
    fs::write(
        &later.inputs[0],
        format!("{whole}{{\"id\":\"more\",\"text\":\"\"}}\n"),
    )
    .unwrap();
    let error = fails(&later, &mut Unwatched);
    assert!(matches!(error, IndexError::Row { .. }), "{error}");
    fs::write(&later.inputs[0], whole).unwrap();
    let second = Counting::new();
    let summary = build(&later, &second, &mut Unwatched).unwrap();
    assert!(summary.resumed >= 2_048, "{}", summary.resumed);
    assert!(second.texts.get() <= DOCUMENTS - 2_048, "{}", second.texts.get());
    assert_eq!(names(folder.path()), ["c.index", "input.jsonl"]);
}

#[test]
fn segments_of_other_documents_are_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), Some(MEMORY));
    let whole = fs::read_to_string(&options.inputs[0]).unwrap();
    // Checked as it is, encoded as it is for a moment, killed before the end of the file is reached.
    struct Rewrite<'a>(&'a Path, String, StopAfter);
    impl Observer for Rewrite<'_> {
        fn begin(&mut self, phase: Phase, total: Option<u64>) {
            if phase == Phase::Encode {
                fs::write(self.0, &self.1).unwrap();
            }
            self.2.begin(phase, total);
        }
        fn note(&mut self, _message: &str) {}
        fn advance(&mut self, documents: u64) {
            self.2.advance(documents);
        }
        fn stopped(&self) -> bool {
            self.2.stopped()
        }
    }
    let other = whole.replacen("number6000", "another", 1);
    let mut observer = Rewrite(&options.inputs[0], other, StopAfter::new(17_500));
    let error = build(&options, &Counting::new(), &mut observer).unwrap_err();
    assert!(matches!(error, IndexError::Interrupted), "{error}");
    fs::write(&options.inputs[0], whole).unwrap();
    let again = Counting::new();
    let error = build(&options, &again, &mut Unwatched).unwrap_err();
    assert!(matches!(error, IndexError::Changed { .. }), "{error}");
    assert_eq!(again.texts.get(), 0);
    // The first segment is of what is there now, and the others are made anew.
    let encoder = Counting::new();
    let summary = build(&options, &encoder, &mut Unwatched).unwrap();
    assert_eq!((summary.resumed, encoder.texts.get()), (5_000, 15_000));
    let reader = IndexReader::open(&options.out).unwrap();
    assert_eq!(reader.document(6_000).unwrap().text, "pain 83 number6000");
}
