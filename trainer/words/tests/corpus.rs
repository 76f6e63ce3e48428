//! Text of every kind becomes the same integers; text that cannot be used is refused with its reason.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up fails with the panic's own message"
)]

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
fn invalid_utf8_is_refused_with_its_line_or_replaced_and_counted() {
    let folder = Folder::new();
    let file = folder.write(
        "latin1.txt",
        b"one two three\nna\xefve na\xefve\nfour\nfa\xe7ade one\n",
    );
    let error = folder.refused(std::slice::from_ref(&file), &all_words());
    assert!(
        error.contains("latin1.txt") && error.contains("line 2"),
        "{error}"
    );
    let settings = CorpusSettings {
        invalid_utf8: InvalidUtf8::Replace,
        ..all_words()
    };
    let prepared = folder.prepare(&[file], &settings).unwrap();
    assert_eq!(prepared.report.lines_replaced, 2);
    assert_eq!(
        sentences(&prepared),
        ["one two three", "na ve na ve", "four", "fa ade one"]
    );
}

#[test]
fn binary_files_and_other_tables_are_refused_once() {
    let folder = Folder::new();
    for (name, bytes, expected) in [
        ("a.txt", &b"one two\nthree\0four\n"[..], "a NUL byte in line 2"),
        ("b.txt", b"\xff\xfe\xfa\xfb\xfc\xfd ab", "6 of the first 9 bytes"),
        ("c.jsonl", b"{}", "the ending .jsonl"),
        ("c.csv.gz", &gzip(b"x"), "the ending .csv"),
        ("d.gz", b"one two", "gzip data, as its name says"),
        ("d.zst", b"", "zstd data, as its name says"),
        ("d.parquet", b"one two", "a Parquet file, as its name says"),
        ("e.parquet", b"PAR1 and no more", "a damaged one"),
    ] {
        let file = folder.write(name, bytes);
        let settings = CorpusSettings {
            invalid_utf8: InvalidUtf8::Replace,
            ..all_words()
        };
        let error = folder.refused(&[file], &settings);
        assert!(error.contains(name) && error.contains(expected), "{error}");
    }
    let error = folder.refused(&[folder.path().to_owned()], &all_words());
    assert!(error.contains("a folder"), "{error}");
    let error = folder.refused(&[folder.path().join("missing.txt")], &all_words());
    assert!(error.contains("missing.txt"), "{error}");
}

#[test]
fn broken_packed_data_is_refused_with_its_place() {
    let folder = Folder::new();
    let text: String = (0..50_000)
        .map(|number| format!("line {}\n", number * 7919))
        .collect();
    for (name, packed) in [("a.gz", gzip(text.as_bytes())), ("a.zst", zstd(text.as_bytes()))] {
        let mut flipped = packed.clone();
        let middle = packed.len() / 2;
        flipped[middle..middle + 60].fill(0x55);
        for broken in [&packed[..middle], &flipped] {
            let file = folder.write(name, broken);
            let error = folder.refused(&[file], &all_words());
            assert!(
                error.contains(name) && error.contains("broken data in line") && error.contains("near byte"),
                "{error}"
            );
        }
    }
    let file = folder.write(
        "garbage.gz",
        [gzip(text.as_bytes()), b"garbage".to_vec()].concat(),
    );
    let error = folder.refused(&[file], &all_words());
    assert!(error.contains("line 50001"), "{error}");
    let rows = text.lines().map(Some).collect::<StringArray>();
    let file = folder.parquet("a.parquet", Arc::new(rows));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 400].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let error = folder.refused(&[file], &all_words());
    assert!(error.contains("a.parquet") && error.contains("broken"), "{error}");
}

#[test]
fn text_that_teaches_nothing_is_refused_with_the_counts() {
    let folder = Folder::new();
    let empty = folder.write("empty.txt", "");
    let signs = folder.write("signs.txt", " … \n--\n");
    let error = folder.refused(&[empty, signs], &all_words());
    assert!(
        error.contains("no word in 9 bytes") && error.contains("empty.txt"),
        "{error}"
    );
    assert!(folder.refused(&[], &all_words()).contains("no word"));

    let text = folder.write("a.txt", "a b c\nd a\na b a");
    let mut settings = CorpusSettings::default();
    let error = folder.refused(std::slice::from_ref(&text), &settings);
    assert!(
        error.contains("of 4 distinct words none was seen 5 times or more"),
        "{error}"
    );
    settings.min_count = 4;
    settings.max_vocabulary = Some(0);
    let error = folder.refused(&[text], &settings);
    assert!(error.contains("max_vocabulary is 0"), "{error}");

    let lone = folder.write("lone.txt", "a\na x\na\na y\na");
    let error = folder.refused(&[lone], &CorpusSettings::default());
    assert!(
        error.contains("of 3 distinct words only \"a\" was seen 5 times or more"),
        "{error}"
    );
}

#[test]
fn phrases_are_joined_where_the_score_is_above_the_threshold() {
    let folder = Folder::new();
    // "new york" 4 times, "new" 5, "york" 4, 34 words: (4 - 2) / (5 * 4) * 34 = 3.4.
    let filler = "x y z x z y x x z z y y\n";
    let text = format!("{filler}in new york\nnew york is\nold new york new york\nnew {filler}x a\n");
    let file = folder.write("a.txt", text);
    let settings = |threshold| CorpusSettings {
        phrases: Some(PhraseSettings {
            passes: 1,
            threshold,
            min_count: 2,
        }),
        ..all_words()
    };
    let at = |threshold| {
        folder
            .prepare(std::slice::from_ref(&file), &settings(threshold))
            .unwrap()
    };
    let words = at(3.0).report.words;
    let score = 2.0 / 20.0 * words as f64;
    let below = at(score - 1e-9);
    assert_eq!(below.report.phrases, 1);
    assert_eq!(below.phrases[0].joined, "new_york");
    assert_eq!(below.phrases[0].words, "new york");
    assert_eq!(below.report.kept, words - 4);
    let row = below.vocabulary.row("new_york").unwrap();
    assert_eq!(below.vocabulary.counts()[row as usize], 4);
    assert_eq!(below.vocabulary.row("york"), None, "it is in the phrase alone");
    assert_eq!(
        sentences(&below)[1..4],
        ["in new_york", "new_york is", "old new_york new_york"]
    );
    assert!(
        at(score).phrases.is_empty(),
        "the score must be above the threshold"
    );
}

#[test]
fn a_second_pass_joins_phrases_and_rare_phrases_are_taken_apart() {
    let folder = Folder::new();
    let mut lines = vec!["p q r s t u v w"; 20];
    lines.extend(["new york city hall"; 6]);
    lines.extend(["new york"; 3]);
    let file = folder.write("a.txt", lines.join("\n"));
    let settings = |passes, min_count| CorpusSettings {
        min_count,
        phrases: Some(PhraseSettings {
            passes,
            threshold: 10.0,
            min_count: 2,
        }),
        ..all_words()
    };
    let joined = |passes, min_count| {
        let prepared = folder
            .prepare(std::slice::from_ref(&file), &settings(passes, min_count))
            .unwrap();
        let joined: Vec<String> = prepared.phrases.into_iter().map(|phrase| phrase.joined).collect();
        (joined, prepared.vocabulary)
    };
    assert_eq!(joined(1, 1).0, ["new_york", "city_hall"]);
    let (phrases, _) = joined(2, 1);
    assert_eq!(phrases, ["new_york_city_hall", "new_york"]);
    // Seen by themselves only 3 times, "new york" are two words again, as is the one that has them twice.
    let (phrases, vocabulary) = joined(2, 6);
    assert_eq!(phrases, ["new_york_city_hall"]);
    assert_eq!(vocabulary.row("new"), None, "3 times left");
    let (phrases, vocabulary) = joined(2, 7);
    assert_eq!(phrases, ["new_york"]);
    assert_eq!(
        vocabulary.counts()[vocabulary.row("new_york").unwrap() as usize],
        9
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

#[test]
fn a_phrase_never_takes_the_name_of_a_word() {
    let folder = Folder::new();
    let mut lines = vec!["p q r s t u v w"; 20];
    lines.extend(["new york"; 6]);
    lines.push("new_york x");
    let file = folder.write("a.txt", lines.join("\n"));
    let settings = CorpusSettings {
        tokenizer: Tokenization::Whitespace,
        phrases: Some(PhraseSettings {
            threshold: 10.0,
            ..PhraseSettings::default()
        }),
        ..all_words()
    };
    let prepared = folder.prepare(&[file], &settings).unwrap();
    assert!(prepared.phrases.is_empty());
}

#[test]
fn phrase_settings_out_of_range_are_refused() {
    let folder = Folder::new();
    let file = folder.write("a.txt", "a b");
    for (passes, threshold, expected) in [
        (0, 1.0, "passes is 0"),
        (9, 1.0, "passes is 9"),
        (1, f64::NAN, "threshold is NaN"),
    ] {
        let settings = CorpusSettings {
            phrases: Some(PhraseSettings {
                passes,
                threshold,
                min_count: 5,
            }),
            ..all_words()
        };
        let error = folder.refused(std::slice::from_ref(&file), &settings);
        assert!(error.contains(expected), "{error}");
    }
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
