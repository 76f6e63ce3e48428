//! Text of every kind becomes the same integers.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up fails with the panic's own message"
)]

mod phrases;
mod refusals;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, DictionaryArray, Int64Array, LargeStringArray, RecordBatch, StringArray};
use arrow::array::{BinaryArray, StringViewArray};
use arrow::datatypes::Int32Type;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use trainer_words::corpus::{
    CorpusSettings, InvalidUtf8, PhraseSettings, PreparedCorpus, Tokenization, prepare,
};
use trainer_words::{Observer, Progress, Stage, Unobserved, WordsError};

const LINES: [&str; 5] = [
    "The fever rose, the cough stayed.",
    "",
    "Fever! COUGH? fever…",
    "Ödem und o\u{308}dem; the end",
    "the the",
];

/// A folder with the files of a test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn parquet(&self, name: &str, text: ArrayRef) -> PathBuf {
        let ids = Arc::new(Int64Array::from_iter_values(0..text.len() as i64)) as ArrayRef;
        let batch =
            RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("text", text, true)]).unwrap();
        let path = self.path().join(name);
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    }

    fn prepare(&self, files: &[PathBuf], settings: &CorpusSettings) -> Result<PreparedCorpus, WordsError> {
        let scratch = tempfile::tempdir_in(self.path()).unwrap();
        let prepared = prepare(files, settings, scratch.path(), &Unobserved);
        let left: Vec<_> = std::fs::read_dir(scratch.path())
            .unwrap()
            .map(|file| file.unwrap())
            .collect();
        assert!(
            left.iter().all(|file| file.file_name() == "corpus.u32"),
            "nothing else is left: {left:?}"
        );
        prepared
    }

    fn refused(&self, files: &[PathBuf], settings: &CorpusSettings) -> String {
        match self.prepare(files, settings) {
            Ok(prepared) => panic!("not refused: {:?}", prepared.report),
            Err(error) => error.to_string(),
        }
    }
}

fn all_words() -> CorpusSettings {
    CorpusSettings {
        min_count: 1,
        ..CorpusSettings::default()
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn sentences(prepared: &PreparedCorpus) -> Vec<String> {
    let corpus = &prepared.corpus;
    let words = prepared.vocabulary.words();
    let rows = corpus.chunks().iter().flat_map(|&chunk| corpus.sentences(chunk));
    rows.map(|sentence| {
        let words: Vec<&str> = sentence.iter().map(|&row| words[row as usize].as_str()).collect();
        words.join(" ")
    })
    .collect()
}

#[test]
fn words_are_ordered_by_count_then_spelling_and_sentences_keep_their_order() {
    let folder = Folder::new();
    let file = folder.write("a.txt", LINES.join("\n"));
    let prepared = folder.prepare(&[file], &all_words()).unwrap();
    let counted: Vec<(&str, u64)> = prepared
        .vocabulary
        .words()
        .iter()
        .map(String::as_str)
        .zip(prepared.vocabulary.counts().iter().copied())
        .collect();
    assert_eq!(
        counted,
        [
            ("the", 5),
            ("fever", 3),
            ("cough", 2),
            ("ödem", 2),
            ("end", 1),
            ("rose", 1),
            ("stayed", 1),
            ("und", 1)
        ]
    );
    assert_eq!(
        sentences(&prepared),
        [
            "the fever rose the cough stayed",
            "fever cough fever",
            "ödem und ödem the end",
            "the the"
        ]
    );
    let report = prepared.report;
    assert_eq!(
        (report.sentences, report.words, report.kept, report.distinct),
        (4, 16, 16, 8)
    );
    assert_eq!(report.bytes, LINES.join("\n").len() as u64);
}

#[test]
fn rare_words_and_words_beyond_the_cap_are_left_out() {
    let folder = Folder::new();
    let file = folder.write("a.txt", LINES.join("\n"));
    let mut settings = all_words();
    settings.min_count = 2;
    let prepared = folder.prepare(std::slice::from_ref(&file), &settings).unwrap();
    assert_eq!(prepared.vocabulary.words(), ["the", "fever", "cough", "ödem"]);
    assert_eq!((prepared.report.words, prepared.report.kept), (16, 12));
    settings.max_vocabulary = Some(2);
    let prepared = folder.prepare(&[file], &settings).unwrap();
    assert_eq!(
        sentences(&prepared),
        ["the fever the", "fever fever", "the", "the the"]
    );
}

#[test]
fn packed_text_and_parquet_are_the_same_text() {
    let folder = Folder::new();
    let text = LINES.join("\n") + "\n";
    let (first, second) = text.split_at(text.len() / 3);
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let frames = [zstd(first.as_bytes()), zstd(second.as_bytes())].concat();
    let rows = || {
        LINES
            .iter()
            .map(|line| Some(*line).filter(|line| !line.is_empty()))
    };
    let files = [
        folder.write("a.txt", &text),
        folder.write("crlf.txt", text.replace('\n', "\r\n")),
        folder.write("bom.txt", format!("\u{feff}{text}")),
        folder.write("a.txt.gz", &members),
        folder.write("no-ending", &members),
        folder.write("a.txt.zst", &frames),
        folder.parquet("a.parquet", Arc::new(rows().collect::<StringArray>())),
        folder.parquet("large.parquet", Arc::new(rows().collect::<LargeStringArray>())),
        folder.parquet("view.parquet", Arc::new(rows().collect::<StringViewArray>())),
        folder.parquet(
            "dictionary.parquet",
            Arc::new(rows().collect::<DictionaryArray<Int32Type>>()),
        ),
        folder.parquet(
            "bytes.parquet",
            Arc::new(rows().map(|row| row.map(str::as_bytes)).collect::<BinaryArray>()),
        ),
    ];
    for tokenizer in [Tokenization::Unicode, Tokenization::Whitespace] {
        let settings = CorpusSettings {
            tokenizer,
            ..all_words()
        };
        let plain = folder.prepare(&files[..1], &settings).unwrap();
        for file in &files {
            let prepared = folder.prepare(std::slice::from_ref(file), &settings).unwrap();
            assert_eq!(prepared.vocabulary, plain.vocabulary, "{}", file.display());
            assert_eq!(
                prepared.corpus.tokens(),
                plain.corpus.tokens(),
                "{}",
                file.display()
            );
        }
    }
    let twice = folder
        .prepare(&[files[0].clone(), files[4].clone()], &all_words())
        .unwrap();
    assert_eq!(twice.report.words, 32);
}

#[test]
fn a_column_is_read_by_name_and_a_missing_one_is_named() {
    let folder = Folder::new();
    let text = Arc::new(StringArray::from(LINES.to_vec()));
    let file = folder.parquet("a.parquet", text);
    let mut settings = all_words();
    settings.column = "body".to_owned();
    let error = folder.refused(std::slice::from_ref(&file), &settings);
    assert!(
        error.contains("no column body") && error.contains("id, text"),
        "{error}"
    );
    settings.column = "id".to_owned();
    let error = folder.refused(&[file], &settings);
    assert!(error.contains("Int64"), "{error}");
}

#[test]
fn a_line_of_several_mebibytes_is_cut_at_white_space_wherever_it_comes_from() {
    let folder = Folder::new();
    let words: String = (0..600_000)
        .map(|number| {
            format!(
                "w{}{}",
                number % 1000,
                if number % 7 == 0 { "\u{3000}" } else { " " }
            )
        })
        .collect();
    let text = format!("one two\n{words}\nthree four\n");
    assert!(words.len() > 2 << 20);
    let files = [
        folder.write("a.txt", &text),
        folder.write("a.gz", gzip(text.as_bytes())),
        folder.write("a.zst", zstd(text.as_bytes())),
        folder.parquet(
            "a.parquet",
            Arc::new(text.lines().map(Some).collect::<StringArray>()),
        ),
    ];
    let plain = folder.prepare(&files[..1], &all_words()).unwrap();
    assert_eq!((plain.report.lines_cut, plain.report.words), (1, 600_004));
    assert_eq!(plain.report.distinct, 1004, "no word is cut in two");
    assert_eq!(plain.report.sentences, 2 + words.len().div_ceil(1 << 20) as u64);
    for file in files {
        let prepared = folder.prepare(&[file], &all_words()).unwrap();
        assert_eq!(prepared.corpus.tokens(), plain.corpus.tokens());
    }
}

#[test]
fn a_line_without_white_space_is_cut_between_characters() {
    let folder = Folder::new();
    let file = folder.write("a.txt", format!("a b\n{}", "é".repeat(2 << 20)));
    let prepared = folder.prepare(&[file], &all_words()).unwrap();
    assert_eq!(
        (prepared.report.lines_cut, prepared.report.lines_replaced),
        (1, 0)
    );
    assert!(
        prepared
            .vocabulary
            .words()
            .iter()
            .all(|word| !word.contains('\u{fffd}'))
    );
}

#[test]
fn the_same_text_gives_the_same_vocabulary_phrases_and_integers() {
    let folder = Folder::new();
    let text: String = (0..60_000_u32)
        .map(|number| {
            format!(
                "w{} v{} x{}\n",
                number * number % 97,
                number % 89,
                number * 7 % 83
            )
        })
        .collect();
    let file = folder.write("a.txt", text);
    let settings = CorpusSettings {
        phrases: Some(PhraseSettings {
            passes: 2,
            threshold: 0.5,
            min_count: 2,
        }),
        ..all_words()
    };
    let once = folder.prepare(std::slice::from_ref(&file), &settings).unwrap();
    let again = folder.prepare(&[file], &settings).unwrap();
    assert!(once.phrases.len() > 100);
    assert_eq!(once.vocabulary, again.vocabulary);
    assert_eq!(once.phrases, again.phrases);
    assert_eq!(once.corpus.tokens(), again.corpus.tokens());
    assert_eq!(once.report, again.report);
}

/// Notes what it is told and stops after some questions.
struct Watch {
    done: AtomicU64,
    total: AtomicU64,
    questions_left: AtomicU64,
}

impl Observer for Watch {
    fn progress(&self, progress: &Progress) {
        assert_eq!(progress.stage, Stage::Reading);
        self.done.store(progress.done, Ordering::Relaxed);
        self.total.store(progress.total, Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        let before = self.questions_left.load(Ordering::Relaxed);
        self.questions_left
            .store(before.saturating_sub(1), Ordering::Relaxed);
        before == 0
    }
}

#[test]
fn progress_is_in_bytes_of_the_files_and_a_stop_is_heard() {
    let folder = Folder::new();
    let text = LINES.join("\n").repeat(40_000);
    let files = [
        folder.write("a.txt", &text),
        folder.write("b.gz", gzip(text.as_bytes())),
    ];
    let size: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    for (questions, is_done) in [(u64::MAX, true), (3, false)] {
        let watch = Watch {
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            questions_left: AtomicU64::new(questions),
        };
        let scratch = tempfile::tempdir_in(folder.path()).unwrap();
        let prepared = prepare(&files, &all_words(), scratch.path(), &watch);
        assert_eq!(watch.total.load(Ordering::Relaxed), size);
        assert_eq!(watch.done.load(Ordering::Relaxed) == size, is_done);
        assert_eq!(matches!(prepared, Err(WordsError::Interrupted)), !is_done);
    }
}
