//! Files of word vectors: written and read again, other programs' files, and files that are wrong.
//!
//! `fixtures/make_formats.py` made gensim's files, and checked that gensim reads the files written here.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use encoder::vectors::Vectors;
use serde_json::{Value, json};
use trainer_words::corpus::Vocabulary;
use trainer_words::formats::{Format, NATIVE_FILE, open, write};
use trainer_words::subwords::Subwords;
use trainer_words::{SubwordVectors, WordVectors};

const FORMATS: [(Format, &str); 4] = [
    (Format::Native, "version1.safetensors"),
    (Format::Word2VecText, "ours.txt"),
    (Format::Word2VecBinary, "ours.bin"),
    (Format::FastTextVec, "ours.vec"),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/formats")
        .join(name)
}

fn word_vectors(words: &[(&str, u64)], rows: &[f32]) -> WordVectors {
    WordVectors {
        vocabulary: Vocabulary::from_counts(words.iter().map(|&(word, count)| (word.to_owned(), count))),
        vectors: Vectors::from_rows(rows.len() / words.len(), rows.to_vec()).into(),
        subwords: None,
    }
}

/// Numbers of all sizes, and words of all scripts.
fn ours() -> WordVectors {
    let rows = [
        0.1,
        -0.25,
        1e-7,
        3.4e38,
        f32::MIN_POSITIVE,
        f32::from_bits(1),
        0.0,
        16_777_216.0,
        -1.0 / 3.0,
        123_456.79,
        1e-4,
        -9.999_999e6,
    ];
    let words = [("the", 1 << 40), ("naïve", 3), ("東京", 2), ("e-mail", 1)];
    let mut vectors = word_vectors(&words, &rows);
    vectors.subwords = Some(SubwordVectors {
        subwords: Subwords {
            minn: 2,
            maxn: 4,
            buckets: 50,
        },
        buckets: vec![0, 7, 49],
        vectors: Vectors::from_rows(3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]).into(),
    });
    vectors
}

/// What the other programs' formats keep.
fn without_counts_and_subwords(vectors: &WordVectors) -> WordVectors {
    let words = vectors.vocabulary.words().iter();
    WordVectors {
        vocabulary: Vocabulary::from_counts(words.map(|word| (word.clone(), 0))),
        vectors: vectors.vectors.clone(),
        subwords: None,
    }
}

fn in_file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn read(content: impl AsRef<[u8]>) -> WordVectors {
    let (_folder, path) = in_file(content);
    open(&path).unwrap()
}

/// The error names the file and has all the parts.
fn refused(content: impl AsRef<[u8]>, parts: &[&str]) {
    let (_folder, path) = in_file(content);
    let message = open(&path).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{}: ", path.display())), "{message}");
    assert!(!message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} in {message}");
    }
}

fn binary(header: &str, rows: &[(&str, &[f32])], end: &str) -> Vec<u8> {
    let mut bytes = header.as_bytes().to_vec();
    for (word, row) in rows {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(b' ');
        bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend_from_slice(end.as_bytes());
    }
    bytes
}

#[test]
fn every_format_comes_back_as_written() {
    let folder = tempfile::tempdir().unwrap();
    for (format, name) in FORMATS {
        let path = folder.path().join(name);
        write(&path, &ours(), format).unwrap();
        let expected = match format {
            Format::Native => ours(),
            _ => without_counts_and_subwords(&ours()),
        };
        let found = open(&path).unwrap();
        assert_eq!(found, expected, "{name}");
        write(&path, &found, format).unwrap();
        assert_eq!(open(&path).unwrap(), expected, "{name} over itself");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        4,
        "no file is left aside"
    );
}

#[test]
fn files_written_are_those_that_gensim_has_read() {
    let folder = tempfile::tempdir().unwrap();
    let all = ours();
    let rows = (0..all.vectors.rows()).map(|row| all.vectors.row(row).to_vec());
    let described = json!({
        "words": all.vocabulary.words(),
        "counts": all.vocabulary.counts(),
        "vectors": rows.collect::<Vec<_>>(),
        "buckets": all.subwords.as_ref().unwrap().buckets,
    });
    let to_fixtures = std::env::var_os("WRITE_FIXTURES").is_some();
    if to_fixtures {
        fs::write(fixture("ours.json"), format!("{described:#}\n")).unwrap();
    }
    for (format, name) in FORMATS {
        let path = folder.path().join(name);
        write(&path, &all, format).unwrap();
        if to_fixtures {
            fs::copy(&path, fixture(name)).unwrap();
        }
        assert_eq!(
            fs::read(&path).unwrap(),
            fs::read(fixture(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn version_one_is_read() {
    assert_eq!(open(&fixture("version1.safetensors")).unwrap(), ours());
}

#[test]
fn vectors_of_sextants_files_are_borrowed_from_the_map() {
    let vectors = open(&fixture("version1.safetensors")).unwrap();
    assert!(matches!(vectors.vectors.row(1), std::borrow::Cow::Borrowed(_)));
    let subwords = vectors.subwords.unwrap();
    assert!(matches!(subwords.vectors.row(1), std::borrow::Cow::Borrowed(_)));
}

#[test]
fn gensims_files_are_read() {
    let expected: Value =
        serde_json::from_str(&fs::read_to_string(fixture("expected.json")).unwrap()).unwrap();
    let words: Vec<String> = serde_json::from_value(expected["words"].clone()).unwrap();
    let rows: Vec<Vec<f32>> = serde_json::from_value(expected["vectors"].clone()).unwrap();
    for name in ["gensim.txt", "gensim.bin"] {
        let found = open(&fixture(name)).unwrap();
        assert_eq!(found.vocabulary.words(), words, "{name}");
        for (row, expected) in rows.iter().enumerate() {
            assert_eq!(&found.vectors.row(row)[..], &expected[..], "{name}, row {row}");
        }
    }
}

#[test]
fn names_of_formats_are_those_of_configurations() {
    for (format, name) in [
        (Format::Word2VecText, "word2vec-text"),
        (Format::Word2VecBinary, "word2vec-binary"),
        (Format::FastTextVec, "fasttext-vec"),
    ] {
        assert_eq!(json!(format), json!(name));
        assert_eq!(serde_json::from_value::<Format>(json!(name)).unwrap(), format);
    }
    assert!(serde_json::from_value::<Format>(json!("native")).is_err());
}

#[test]
fn text_is_read_with_and_without_a_header() {
    let expected = word_vectors(&[("the", 0), ("of", 0)], &[1.0, -2.5, 3e-2, 4.0]);
    for text in [
        "2 2\nthe 1 -2.5\nof 3e-2 4\n",
        "2 2\nthe 1 -2.5 \nof 3e-2 4 ",
        "2 2\r\nthe 1 -2.5\r\nof 3e-2 4\r\n\r\n",
        "2 2 \nthe\t1\t-2.5\nof\t3e-2\t4\n",
        "\u{feff}2 2\nthe 1 -2.5\nof 3e-2 4\n",
        "the 1 -2.5\nof 3e-2 4\n",
        "the 1 -2.5\nof 3e-2 4",
        "\u{feff}the 1 -2.5\nof 3e-2 4",
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
}

#[test]
fn words_of_gloves_may_have_blanks_and_be_numbers() {
    let found = read("the 1 2\n. . 3 4\n1 1/2 5 6\n7 7 8\n");
    let words = [("the", 0), (". .", 0), ("1 1/2", 0), ("7", 0)];
    assert_eq!(
        found,
        word_vectors(&words, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    );
}

#[test]
fn text_longer_than_a_chunk_is_read_and_its_errors_have_their_line() {
    let line = |row: usize| format!("word{row} {row} {} 0.5\n", row as f32 / 8.0);
    let mut text: String = (0..200_000).map(line).collect();
    let found = read(&text);
    assert_eq!(found.vocabulary.len(), 200_000);
    for row in [0, 77_777, 199_999] {
        assert_eq!(found.vocabulary.words()[row], format!("word{row}"));
        assert_eq!(found.vectors.row(row)[..], [row as f32, row as f32 / 8.0, 0.5]);
    }
    text = text.replace("word150000 150000", "word150000 none");
    refused(text, &["line 150001", "\"none\" as number 1"]);
}

#[test]
fn binary_is_read_with_and_without_newlines_between_vectors() {
    // The first vector begins with the byte of a newline.
    let first = [f32::from_le_bytes(*b"\n5 \x3d"), 2.0];
    let rows: [(&str, &[f32]); 2] = [("the", &first), ("naïve", &[-1.5, 0.0])];
    let expected = word_vectors(&[("the", 0), ("naïve", 0)], &[first[0], 2.0, -1.5, 0.0]);
    for end in ["", "\n"] {
        assert_eq!(read(binary("2 2\n", &rows, end)), expected);
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced_and_equal_words_keep_their_rows() {
    let text = read(b"3 1\n\xffa 1\nb 2\nb 3\n");
    assert_eq!(text.vocabulary.words(), ["\u{fffd}a", "b", "b"]);
    assert_eq!(text.vector("b").unwrap(), [2.0]);
    assert_eq!(text.vectors.row(2)[..], [3.0]);
    let binary = read(b"1 1\n\xffa \x00\x00\x80\x3f");
    assert_eq!(binary.vector("\u{fffd}a").unwrap(), [1.0]);
}

#[test]
fn text_of_wrong_lines_is_refused_with_the_line() {
    for (text, parts) in [
        ("2 2\na 1 2\n", &["2 words, as line 1 says", "found 1"][..]),
        (
            "2 2\na 1 2\nb 1 2\nc 1 2\n",
            &["2 words, as line 1 says", "found 3"],
        ),
        (
            "2 2\na 1 2\nb 1\n",
            &["a word and 2 finite numbers in line 3", "found 1 number: \"b 1\""],
        ),
        ("a 1 2\nb 1 2 3\n", &["line 2", "found 3 numbers"]),
        ("a 1 2\n\nb 1 2\n", &["line 2", "an empty line"]),
        ("2 2\na 1 x\nb 1 2\n", &["line 2", "\"x\" as number 2"]),
        ("2 2\na 1 é\nb 1 2\n", &["line 2", "\"é\" as number 2"]),
        ("2 300\nдом 1 2\nи 3 4\n", &["line 2", "found 2 numbers"]),
        (
            "2 2\na 1 2\nb nan 2\n",
            &["finite numbers in line 3", "\"nan\" as number 1"],
        ),
        ("a 1 2\nb 1 -inf\n", &["line 2", "\"-inf\""]),
        ("a 1 2\nb 1 1e99\n", &["line 2", "\"1e99\""]),
        (
            "1 999999999999\na 1 2\n",
            &["999999999999 finite numbers in line 2"],
        ),
        (
            "999999999999 2\na 1 2\n",
            &["999999999999 words, as line 1 says", "found 1"],
        ),
        (
            "99999999999999999999999 2\na 1 2\n",
            &["line 1", "99999999999999999999999 2"],
        ),
        ("0 2\n", &["line 1", "\"0 2\""]),
        ("2 0\n", &["line 1", "\"2 0\""]),
        ("3 2", &["3 words", "found 0"]),
        ("not vectors\n", &["text that begins with \"not vectors\""]),
        ("the 100\nof 80\n", &["text that begins with"]),
    ] {
        refused(text, parts);
    }
}

#[test]
fn binary_files_that_are_damaged_are_refused_with_the_row() {
    let rows: [(&str, &[f32]); 2] = [("the", &[1.0, 2.0]), ("of", &[3.0, 4.0])];
    let whole = binary("2 2\n", &rows, "\n");
    for length in 4 + 4 + 8..whole.len() - 1 {
        refused(&whole[..length], &["row 2", "2 words of 2 numbers"]);
    }
    refused(&whole[..11], &["row 1", "the end of the file"]);
    refused(
        binary("1 2\n", &rows, "\n"),
        &["1 words of 2 numbers", "more bytes behind row 1"],
    );
    refused(binary("2 3\n", &rows, ""), &["the end of the file"]);
    refused(
        binary("2 2\n", &[("the", &[1.0, f32::NAN]), rows[1]], ""),
        &["finite numbers in row 1", "NaN as number 2"],
    );
    for header in ["2 999999999999\n", "2 18446744073709551615\n"] {
        refused(binary(header, &rows, ""), &["row 1", "the end of the file"]);
    }
    refused(binary("18446744073709551615 2\n", &rows, ""), &["row 3"]);
}

#[test]
fn other_files_are_named() {
    refused("", &["an empty file"]);
    refused(b"PK\x03\x04rest", &["zip", "unpack"]);
    refused(b"\x1f\x8b\x08rest", &["gzip", "unpack"]);
    refused(b"\x89PNG\r\n\x1a\n", &["PNG"]);
    refused(b"\x00\x01\x02\x03 4 5\n", &["binary file of another kind"]);
    refused(b"\xff\xfe2\x00 \x002\x00", &["UTF-16"]);
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let message = open(&missing).unwrap_err().to_string();
    assert!(message.contains("missing: cannot be read"), "{message}");
}

#[test]
fn sextants_files_that_are_damaged_or_newer_are_refused() {
    let whole = fs::read(fixture("version1.safetensors")).unwrap();
    let changed = |from: &str, to: &str| {
        let at = whole
            .windows(from.len())
            .position(|part| part == from.as_bytes())
            .unwrap();
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    for at in [whole.len() - 1, whole.len() / 2, whole.len() - 60] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let (_folder, path) = in_file(bytes);
        open(&path).unwrap_err();
    }
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() ^= 1;
    refused(bytes, &["BLAKE3 checksum", "damaged"]);
    refused(
        changed(r#""version":"1""#, r#""version":"2""#),
        &["version 1", "found version 2", "update"],
    );
    refused(changed("sextant-word", "another-word"), &["another kind"]);
    refused(
        changed(r#""dimension":"3""#, r#""dimension":"4""#),
        &["vectors of 4 numbers", "found 3"],
    );
    refused(changed(r#""minn":"2""#, r#""minn":"9""#), &["minn"]);
    for length in [9, 100, whole.len() - 1] {
        refused(&whole[..length], &["damaged or cut off"]);
    }
}

#[test]
fn words_that_a_format_cannot_have_are_refused_and_the_old_file_stays() {
    let (_folder, path) = in_file("old");
    for (format, word) in [
        (Format::Word2VecText, "new york"),
        (Format::Word2VecBinary, "new\nyork"),
        (Format::FastTextVec, ""),
        (Format::Native, "new\nyork"),
    ] {
        let vectors = word_vectors(&[("the", 2), (word, 1)], &[1.0, 2.0]);
        let message = write(&path, &vectors, format).unwrap_err().to_string();
        assert!(message.contains(&format!("{word:?} in row 2")), "{message}");
    }
    let endless = word_vectors(&[("the", 2)], &[1.0, f32::INFINITY]);
    let message = write(&path, &endless, Format::Native).unwrap_err().to_string();
    assert!(message.contains("inf as number 2"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn a_failure_to_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    fs::create_dir(&path).unwrap();
    let message = write(&path, &ours(), Format::Native).unwrap_err().to_string();
    assert!(message.contains("vectors: cannot be written"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn files_cut_or_changed_anywhere_are_read_or_refused_but_never_a_panic() {
    let (_folder, path) = in_file("");
    for name in ["ours.txt", "ours.bin", "version1.safetensors"] {
        let whole = fs::read(fixture(name)).unwrap();
        for at in 0..whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            let _ = open(&path);
            let mut changed = whole.clone();
            changed[at] = [0, b'\n', b' ', b'9', 0xff][at % 5];
            fs::write(&path, &changed).unwrap();
            let _ = open(&path);
        }
    }
}

/// A model as sentence-transformers saves it: four rows, named by a tokenizer.
fn static_model(folder: &Path, module: &str, tokenizer: &Value) {
    let kind = "sentence_transformers.models.StaticEmbedding";
    let modules = json!([{"idx": 0, "name": "0", "path": module, "type": kind}]);
    fs::write(folder.join("modules.json"), modules.to_string()).unwrap();
    let module = folder.join(module);
    fs::create_dir_all(&module).unwrap();
    fs::write(module.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let numbers: Vec<u8> = (0..8).flat_map(|value| (value as f32).to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![4, 2], &numbers).unwrap();
    let file = safetensors::serialize([("embedding.weight", view)], None).unwrap();
    fs::write(module.join("model.safetensors"), file).unwrap();
}

#[test]
fn folders_of_static_models_are_read() {
    let words = json!({"of": 1, "the": 0, "new york": 2, "[UNK]": 3});
    let added = json!([{"id": 2, "content": "new york"}]);
    for module in ["", "0_StaticEmbedding"] {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = json!({"model": {"type": "WordLevel", "vocab": words}, "added_tokens": added});
        static_model(folder.path(), module, &tokenizer);
        let found = open(folder.path()).unwrap();
        assert_eq!(found.vocabulary.words(), ["the", "of", "new york", "[UNK]"]);
        assert_eq!(found.vector("new york").unwrap(), [4.0, 5.0]);
    }
}

#[test]
fn rows_without_a_word_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    static_model(folder.path(), "", &json!({"model": {"vocab": {"a": 3, "b": 1}}}));
    let found = open(folder.path()).unwrap();
    assert_eq!(found, word_vectors(&[("b", 0), ("a", 0)], &[2.0, 3.0, 6.0, 7.0]));
}

#[test]
fn the_vectors_as_learned_come_before_the_models_table() {
    let folder = tempfile::tempdir().unwrap();
    static_model(folder.path(), "", &json!({"model": {"vocab": {"a": 0}}}));
    write(&folder.path().join(NATIVE_FILE), &ours(), Format::Native).unwrap();
    assert_eq!(open(folder.path()).unwrap(), ours());
}

#[test]
fn folders_without_word_vectors_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |parts: &[&str]| {
        let message = open(folder.path()).unwrap_err().to_string();
        for part in [&[folder.path().to_str().unwrap()], parts].concat() {
            assert!(message.contains(part), "{part:?} in {message}");
        }
    };
    refused(&["found neither file"]);
    static_model(folder.path(), "", &json!({"model": {"vocab": {"a": 4}}}));
    refused(&["tokenizer.json", "rows below 4", "4 for \"a\""]);
    static_model(folder.path(), "", &json!({"model": {"vocab": [["a", 0.5]]}}));
    refused(&["tokenizer.json", "model.vocab"]);
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    refused(&["model.safetensors: cannot be read"]);
    let kinds = ["sentence_transformers.models.Transformer", "x.Pooling"];
    let modules = json!([{"type": kinds[0], "path": ""}, {"type": kinds[1], "path": "1_Pooling"}]);
    fs::write(folder.path().join("modules.json"), modules.to_string()).unwrap();
    refused(&["without word vectors (Transformer, Pooling)"]);
    fs::write(folder.path().join("modules.json"), "{").unwrap();
    refused(&["modules.json", "a list of modules"]);
}
