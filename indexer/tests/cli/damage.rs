//! Indexes that are not as they were written: refused, with the file and what to do.

use std::fs;

use indexer::{IndexReader, MANIFEST_NAME};

use super::workplace::Workplace;

/// Does `damage` to each file in turn; the index must be refused, by a message with the file's name.
fn refused_for_each_file(damage: impl Fn(&[u8]) -> Vec<u8>) {
    let place = Workplace::with_index();
    let files: Vec<_> = place
        .index_files()
        .into_iter()
        .filter(|path| path.is_file())
        .collect();
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        let whole = fs::read(&file).unwrap();
        fs::write(&file, damage(&whole)).unwrap();
        let error = IndexReader::open(&place.path("corpus.index"))
            .err()
            .expect("damage is noticed")
            .to_string();
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(
            error.contains(name) && error.contains("expected") && error.contains("found"),
            "{error}"
        );
        assert!(error.contains("rebuild"), "{error}");
        fs::write(&file, whole).unwrap();
    }
    IndexReader::open(&place.path("corpus.index")).expect("all is as it was");
}

#[test]
fn a_flipped_byte_in_any_file() {
    for part in [0, 2, 3, 4] {
        refused_for_each_file(|whole| {
            let mut bytes = whole.to_vec();
            let place = (bytes.len() - 1) * part / 4;
            bytes[place] ^= 0x10;
            bytes
        });
    }
}

#[test]
fn any_file_cut_off() {
    refused_for_each_file(|whole| whole[..whole.len() - 1].to_vec());
    refused_for_each_file(|whole| whole[..whole.len() / 2].to_vec());
    refused_for_each_file(|_| Vec::new());
}

#[test]
fn any_file_missing() {
    let place = Workplace::with_index();
    for file in place.index_files().into_iter().filter(|path| path.is_file()) {
        let whole = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        place.fails(&["info", "corpus.index"], &[name]);
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn a_missing_segment() {
    let place = Workplace::with_index();
    let segment = fs::read_dir(place.path("corpus.index/segments"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    fs::remove_dir_all(segment.path()).unwrap();
    place.fails(
        &["info", "corpus.index"],
        &["a segment of the index", "found nothing", "--force"],
    );
    place.succeeds(&["build", "corpus.jsonl", "--force"]);
    place.succeeds(&["info", "corpus.index"]);
}

#[test]
fn a_newer_format() {
    let place = Workplace::with_index();
    let file = place.path("corpus.index").join(MANIFEST_NAME);
    let text = fs::read_to_string(&file).unwrap();
    let (today, newer) = (indexer::FORMAT_VERSION, indexer::FORMAT_VERSION + 1);
    let line = text.replacen("sextant-index 3 ", &format!("sextant-index {newer} "), 1);
    fs::write(&file, line).unwrap();
    place.fails(
        &["info"],
        &[
            "MANIFEST",
            "made by a newer Sextant",
            &format!("expected index format {today}, found {newer}"),
            "upgrade",
        ],
    );
}

#[test]
fn a_folder_or_a_file_that_is_no_index() {
    let place = Workplace::with_index();
    place.fails(&["info", "model"], &["model", "without MANIFEST", "index build"]);
    place.fails(&["info", "corpus.jsonl"], &["found a file"]);
    place.fails(&["info", "nothing"], &["found nothing"]);
}

#[test]
fn a_damaged_index_can_be_replaced() {
    let place = Workplace::with_index();
    place.write("corpus.index/MANIFEST", "nonsense");
    place.fails(&["info"], &["MANIFEST", "first line"]);
    place.succeeds(&["build", "corpus.jsonl", "--force"]);
    assert_eq!(place.json(&["info", "--json"])["documents"], 4);
}
