//! Files of fastText and gensim against their own answers (`tests/fixtures/make_fasttext_bin.py`), and damaged ones.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;

const FILES: [&str; 7] = [
    "fasttext.bin",
    "fasttext_characters.bin",
    "fasttext_odd_words.bin",
    "fasttext_words_only.bin",
    "gensim.bin",
    "gensim_characters.bin",
    "gensim_words_only.bin",
];

/// Where the fields of `fasttext.bin` start.
const VERSION: usize = 4;
const DIM: usize = 8;
const MODEL: usize = 36;
const BUCKET: usize = 40;
const MINN: usize = 44;
const MAXN: usize = 48;
const SIZE: usize = 64;
const WORDS: usize = 68;
const LABELS: usize = 72;
const TOKENS: usize = 76;
const PRUNED: usize = 84;
const FIRST_COUNT: usize = 97;
const FIRST_KIND: usize = 105;
const OUTPUT: usize = 1985 - 23 * 16;
const OUTPUT_ROWS: usize = OUTPUT - 16;
const INPUT: usize = OUTPUT - 17 - 73 * 16;
const COLUMNS: usize = INPUT - 8;
const ROWS: usize = INPUT - 16;
const QUANTIZED: usize = INPUT - 17;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/fasttext_bin")
        .join(name)
}

fn numbers_of(list: &Value) -> Vec<f32> {
    let numbers = list.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap() as f32).collect()
}

fn assert_near(found: &[f32], expected: &[f32], of: &str) {
    assert_eq!(found.len(), expected.len(), "{of}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-6,
            "{of}: {found}, expected {expected}"
        );
    }
}

/// Opens `fasttext.bin` with bytes replaced.
fn edited(edits: &[(usize, &[u8])]) -> Result<WordVectors> {
    let mut bytes = fs::read(fixture("fasttext.bin")).unwrap();
    for &(at, new) in edits {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    open_bytes(&bytes)
}

fn open_bytes(bytes: &[u8]) -> Result<WordVectors> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    open(file.path())
}

#[track_caller]
fn assert_refused(edits: &[(usize, &[u8])], message: &str) {
    let error = edited(edits).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

fn assert_finite(vectors: &WordVectors) {
    let subwords = vectors.subwords.as_ref().map(|subwords| &subwords.vectors);
    for table in [Some(&vectors.vectors), subwords].into_iter().flatten() {
        for row in 0..table.rows() {
            assert!(table.row(row).iter().all(|number| number.is_finite()));
        }
    }
}

#[test]
fn words_counts_and_vectors_are_those_of_the_library_that_wrote_the_file() {
    let expected = fs::read_to_string(fixture("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(expected.as_object().unwrap().len(), FILES.len());
    for file in FILES {
        let (found, expected) = (open(&fixture(file)).unwrap(), &expected[file]);
        assert_eq!(Value::from(found.vocabulary.words()), expected["words"], "{file}");
        assert_eq!(
            Value::from(found.vocabulary.counts()),
            expected["counts"],
            "{file}"
        );
        let vectors = expected["vectors"].as_array().unwrap();
        assert_eq!(found.vectors.rows(), vectors.len(), "{file}");
        for (row, vector) in vectors.iter().enumerate() {
            let of = format!("{file}: {}", found.vocabulary.words()[row]);
            assert_near(&found.vectors.row(row), &numbers_of(vector), &of);
        }
        for (word, vector) in expected["unknown"].as_object().unwrap() {
            assert_eq!(found.vocabulary.row(word), None, "{file}: {word}");
            match found.vector(word) {
                Some(found) => assert_near(&found, &numbers_of(vector), &format!("{file}: {word}")),
                None => assert!(vector.is_null(), "{file}: {word}"),
            }
        }
    }
}

#[test]
fn subwords_are_the_files_or_none() {
    for (file, shape) in [
        ("fasttext.bin", Some((3, 4, 50))),
        ("gensim.bin", Some((3, 4, 50))),
        ("gensim_characters.bin", Some((1, 2, 50))),
        ("fasttext_words_only.bin", None),
        ("gensim_words_only.bin", None),
    ] {
        let found = open(&fixture(file)).unwrap().subwords;
        let found = found.map(
            |SubwordVectors {
                 subwords,
                 buckets,
                 vectors,
             }| {
                assert_eq!(buckets, (0..50).collect::<Vec<u32>>(), "{file}");
                assert_eq!((vectors.rows(), vectors.dimension()), (50, 4), "{file}");
                (subwords.minn, subwords.maxn, subwords.buckets)
            },
        );
        assert_eq!(found, shape, "{file}");
    }
}

#[test]
fn the_end_of_a_line_has_its_own_row_alone() {
    let bytes = fs::read(fixture("fasttext.bin")).unwrap();
    let found = open(&fixture("fasttext.bin")).unwrap();
    assert_eq!(found.vocabulary.row("</s>"), Some(0));
    let own: Vec<f32> = numbers(&bytes[INPUT..INPUT + 16]).collect();
    assert_eq!(found.vectors.row(0).as_ref(), own);
}

#[test]
fn the_version_before_is_read_too() {
    let found = edited(&[(VERSION, &11_i32.to_le_bytes())]).unwrap();
    assert_eq!(found, open(&fixture("fasttext.bin")).unwrap());
}

#[test]
fn a_shortest_n_gram_of_no_character_is_one_of_one() {
    let found = [0_i32, 1].map(|minn| edited(&[(MINN, &minn.to_le_bytes())]).unwrap());
    assert_eq!(found[0], found[1]);
}

#[test]
fn without_an_n_gram_length_words_have_their_own_rows() {
    let found = edited(&[(MINN, &5_i32.to_le_bytes())]).unwrap();
    assert!(found.subwords.is_none());
    let bytes = fs::read(fixture("fasttext.bin")).unwrap();
    let cat: Vec<f32> = numbers(&bytes[INPUT + 2 * 16..INPUT + 3 * 16]).collect();
    assert_eq!(found.vector("cat").unwrap(), cat);
    assert_eq!(found.vector("cats"), None);
}

#[test]
fn the_largest_numbers_have_a_mean() {
    let largest = f32::MAX.to_le_bytes().repeat(73 * 4);
    let found = edited(&[(INPUT, &largest)]).unwrap();
    assert_eq!(found.vector("cat").unwrap(), [f32::MAX; 4]);
}

#[test]
fn numbers_that_are_not_finite_are_refused_by_the_name_of_their_row() {
    let row = |row: usize| INPUT + row * 16;
    assert_refused(&[(row(2) + 12, &f32::NAN.to_le_bytes())], "the word \"cat\"");
    assert_refused(&[(row(22), &f32::INFINITY.to_le_bytes())], "the word \"on\"");
    assert_refused(&[(row(23), &f32::NEG_INFINITY.to_le_bytes())], "of bucket 0;");
    assert_refused(&[(row(72), &f32::NAN.to_le_bytes())], "of bucket 49;");
}

#[test]
fn models_of_other_kinds_are_refused_with_what_to_use_instead() {
    assert_refused(
        &[(MODEL, &3_i32.to_le_bytes())],
        "expected a model learned with cbow or skipgram, found a supervised one; use its .vec file",
    );
    assert_refused(
        &[(QUANTIZED, &[1])],
        "found a quantized one; use the .bin or the .vec file that it was quantized from",
    );
    for pruned in [0_i64, 7] {
        assert_refused(&[(PRUNED, &pruned.to_le_bytes())], "whose dictionary was pruned");
    }
    for version in [10_i32, 13, -1] {
        assert_refused(
            &[(VERSION, &version.to_le_bytes())],
            &format!("expected version 11 or 12 of fastText's .bin files, found version {version}; "),
        );
    }
    assert_refused(
        &[(0, b"word")],
        "a fastText .bin file starts with, found 1685221239;",
    );
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let int = i32::to_le_bytes;
    let long = i64::to_le_bytes;
    for (at, new, message) in [
        (DIM, int(0), "expected dim: a number from 1 up, found 0;"),
        (DIM, int(-4), "expected dim: a number from 1 up, found -4;"),
        (
            DIM,
            int(5),
            "23 words + 50 buckets and 5 columns, found 73 rows and 4 columns;",
        ),
        (
            MODEL,
            int(0),
            "expected model: 1 (cbow), 2 (skipgram) or 3 (supervised), found 0;",
        ),
        (BUCKET, int(-1), "expected bucket: a number from 0 up, found -1;"),
        (BUCKET, int(0), "found maxn 4 and bucket 0;"),
        (BUCKET, int(i32::MAX), "found maxn 4 and bucket 2147483647;"),
        (
            BUCKET,
            int(51),
            "23 words + 51 buckets and 4 columns, found 73 rows",
        ),
        (MINN, int(-1), "expected minn: a number from 0 up, found -1;"),
        (MAXN, int(-1), "expected maxn: a number from 0 up, found -1;"),
        (MAXN, int(1_000_000), "found maxn 1000000 and bucket 50;"),
        (
            SIZE,
            int(-1),
            "expected the size of the dictionary: a number from 0 up, found -1;",
        ),
        (
            SIZE,
            int(24),
            "expected a dictionary of 23 words and 0 labels, found one of 24;",
        ),
        (
            WORDS,
            int(0),
            "expected the number of words: a number from 1 up, found 0;",
        ),
        (
            WORDS,
            int(22),
            "expected a dictionary of 22 words and 0 labels, found one of 23;",
        ),
        (
            LABELS,
            int(-1),
            "expected the number of labels: a number from 0 up, found -1;",
        ),
    ] {
        assert_refused(&[(at, &new)], message);
    }
    for (at, new, message) in [
        (
            TOKENS,
            long(-1),
            "expected the number of tokens: a number from 0 up, found -1;",
        ),
        (
            FIRST_COUNT,
            long(-6),
            "expected the count of word 1: a number from 0 up, found -6;",
        ),
        (
            ROWS,
            long(-73),
            "expected the rows of the input matrix: a number from 0 up, found -73;",
        ),
        (
            ROWS,
            long(i64::MAX),
            "found 9223372036854775807 rows and 4 columns;",
        ),
        (
            COLUMNS,
            long(-4),
            "expected the columns of the input matrix: a number from 0 up, found -4;",
        ),
        (
            OUTPUT_ROWS,
            long(i64::MAX),
            "the output matrix of 9223372036854775807 rows and 4 columns",
        ),
    ] {
        assert_refused(&[(at, &new)], message);
    }
    let many = int(i32::MAX);
    assert_refused(
        &[(SIZE, &many), (WORDS, &many)],
        "a dictionary of 2147483647 words at byte 92",
    );
    let columns = 1_i64 << 30;
    assert_refused(
        &[(DIM, &int(1 << 30)), (COLUMNS, &long(columns))],
        "the input matrix of 73 rows and 1073741824 columns at byte",
    );
}

#[test]
fn a_word_without_a_character_is_one() {
    let mut bytes = fs::read(fixture("fasttext.bin")).unwrap();
    bytes.drain(FIRST_COUNT - 5..FIRST_COUNT - 1);
    let found = open_bytes(&bytes).unwrap();
    assert_eq!(found.vocabulary.row(""), Some(0));
    assert_eq!(
        found.vectors.row(0),
        open(&fixture("fasttext.bin")).unwrap().vectors.row(0)
    );
}

#[test]
fn damaged_words_are_refused() {
    assert_refused(
        &[(FIRST_KIND, &[1])],
        "expected 0 for the kind of word 1 (0 for a word, 1 for a label)",
    );
    assert_refused(
        &[(QUANTIZED, &[2])],
        "expected the mark of a quantized model: 0 or 1, found 2;",
    );
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    for file in ["fasttext.bin", "fasttext_odd_words.bin", "gensim_words_only.bin"] {
        let bytes = fs::read(fixture(file)).unwrap();
        let shrinking = tempfile::NamedTempFile::new().unwrap();
        fs::write(shrinking.path(), &bytes).unwrap();
        for length in (1..bytes.len()).rev() {
            shrinking.as_file().set_len(length as u64).unwrap();
            let error = open(shrinking.path()).unwrap_err().to_string();
            assert!(
                error.contains("it was cut off or damaged"),
                "{file}, {length} bytes: {error}"
            );
        }
    }
}

#[test]
fn no_byte_of_a_file_makes_a_panic_or_a_number_that_is_not_finite() {
    let bytes = fs::read(fixture("fasttext_odd_words.bin")).unwrap();
    for at in 0..bytes.len() {
        for new in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] = new;
            if let Ok(vectors) = open_bytes(&bytes) {
                assert_finite(&vectors);
            }
        }
    }
}
