//! Damage in files of many blocks: an index opens, answers what it can answer, and says where it cannot.
#![cfg(feature = "build")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use indexer::build::{Unwatched, build};
use indexer::{IndexReader, Result};
use support::{TableEncoder, clustered};

const DOCUMENTS: usize = 6_000;

/// The answers to one question.
fn ask(reader: &IndexReader, encoder: &TableEncoder, number: u32) -> Result<String> {
    let query = encoder.row(number as usize);
    let near = reader.search_vectors(query, 10, 40)?;
    let words = reader.search_words(&number.to_string(), 3)?;
    let (document, row) = (reader.document(number)?, reader.find(&number.to_string())?);
    Ok(format!("{near:?} {words:?} {document:?} {row:?}"))
}

fn largest_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(largest_files(&path)),
            path if fs::metadata(&path).unwrap().len() > 2 << 14 => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

#[test]
fn no_answer_changes_and_an_error_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = TableEncoder::new(clustered(DOCUMENTS, 64, 100, 3));
    let options = support::options(folder.path(), DOCUMENTS);
    build(&options, &encoder, &mut Unwatched).unwrap();
    let whole = IndexReader::open(&options.out).unwrap();
    let asked: Vec<u32> = (0..12).map(|i| i * 499).collect();
    let expected: Vec<String> = asked
        .iter()
        .map(|number| ask(&whole, &encoder, *number).unwrap())
        .collect();
    let files = largest_files(&options.out);
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let content = fs::read(&file).unwrap();
        let (mut right, mut refused) = (0, 0);
        for at in (0..content.len()).step_by(content.len() / 23) {
            let mut bytes = content.clone();
            bytes[at] ^= 4;
            // Another file, because the whole index is open.
            fs::remove_file(&file).unwrap();
            fs::write(&file, &bytes).unwrap();
            let opened = IndexReader::open(&options.out);
            for (number, expected) in asked.iter().zip(&expected) {
                let answer = match &opened {
                    Ok(reader) => ask(reader, &encoder, *number).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                match answer {
                    Ok(answer) => {
                        assert!(
                            answer == *expected,
                            "{name}, byte {at}: another answer to {number}"
                        );
                        right += 1;
                    }
                    Err(error) => {
                        assert!(error.contains(name), "{name}, byte {at}: {error}");
                        refused += 1;
                    }
                }
            }
        }
        fs::remove_file(&file).unwrap();
        fs::write(&file, &content).unwrap();
        println!(
            "{name}, {} bytes: {right} right answers, {refused} refused",
            content.len()
        );
        assert!(refused > 0, "{name}: the damage was never met");
        if ["vectors.bin", "graph.bin"].contains(&name) {
            assert!(right > 0, "{name}: all is refused for one block");
        }
    }
    ask(&IndexReader::open(&options.out).unwrap(), &encoder, 0).unwrap();
}
