//! What Parquet holds and documents do not: left out, with a word.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use indexer::IndexReader;
use parquet::arrow::ArrowWriter;

use super::workplace::{Workplace, stderr};

/// Runs the program and gives what it says on stderr.
fn said(place: &Workplace, arguments: &[&str]) -> String {
    let output = place.command(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stderr(&output)
}

#[test]
fn the_vectors_of_an_export_are_not_stored_as_a_column_of_documents() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "all.parquet"]);
    let note = "note: all.parquet: the column vector has lists of floats, which are vectors and not stored with \
                the documents";
    for line in [
        &["build", "all.parquet", "-o", "again.index"][..],
        &["update", "corpus.index", "all.parquet"],
    ] {
        let said = said(&place, line);
        assert_eq!(said.matches(note).count(), 1, "{line:?}: {said}");
    }
    let imported = said(&place, &["import", "all.parquet", "--model", "model"]);
    assert!(!imported.contains("note:"), "{imported}");
    for index in ["again.index", "corpus.index", "all.index"] {
        let reader = IndexReader::open(&place.path(index)).unwrap();
        for row in reader.live_rows() {
            let document = reader.document(row).unwrap();
            assert_eq!(document.fields.keys().collect::<Vec<_>>(), ["kind"], "{index}");
        }
    }
}

#[test]
fn values_that_json_has_no_place_for_are_missing_with_a_word() {
    let place = Workplace::new();
    let texts = StringArray::from(vec!["Fever.", "Cough.", "Gout."]);
    let scores = Float64Array::from(vec![f64::NAN, 1.5, f64::NAN]);
    let pictures = BinaryArray::from_vec(vec![b"\x89PNG", b"text", b"\xff"]);
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("text", Arc::new(texts)),
        ("score", Arc::new(scores)),
        ("picture", Arc::new(pictures)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(place.path("odd.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let said = said(&place, &["build", "odd.parquet"]);
    for note in [
        "odd.parquet: 2 values of the column score are NaN and are kept as missing",
        "odd.parquet: 2 values of the column picture are bytes that are not UTF-8 and are kept as missing",
    ] {
        assert_eq!(said.matches(note).count(), 1, "{said}");
    }
    let reader = IndexReader::open(&place.path("odd.index")).unwrap();
    assert_eq!(reader.document(1).unwrap().fields["picture"], "text");
    place.fails(
        &["build", "odd.parquet", "-o", "x.index", "--text", "picture"],
        &["row 1", "text in column picture", "bytes that are not UTF-8"],
    );
}

#[test]
fn a_column_of_vectors_is_no_text() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "all.parquet"]);
    place.fails(
        &["build", "all.parquet", "-o", "x.index", "--text", "vector"],
        &[
            "there is no column vector; the columns are id, title, text, kind; vector has lists of floats",
            "--text",
        ],
    );
}
