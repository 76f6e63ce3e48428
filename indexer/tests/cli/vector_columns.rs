//! Columns of vectors in the documents of a build: left out, with a word.

use indexer::IndexReader;

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
    let note = "note: all.parquet: the column vector has lists of floats and is not stored with the documents; \
                `index import`";
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
