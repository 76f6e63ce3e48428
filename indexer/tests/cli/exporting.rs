//! `index export`: what is written, and what is not replaced.

use std::fs;

use super::workplace::Workplace;

#[test]
fn an_export_replaces_no_file_by_accident() {
    let place = Workplace::with_index();
    for name in ["v.npy", "v.parquet"] {
        place.write(name, "mine");
        place.fails(&["export", "--out", name], &[name, "--force"]);
        place.succeeds(&["export", "--out", name, "--force"]);
        assert_ne!(fs::read(place.path(name)).unwrap(), b"mine");
    }
    fs::remove_file(place.path("v.npy")).unwrap();
    place.fails(&["export", "--out", "v.npy"], &["v.npy.ids.jsonl", "--force"]);
    place.fails(
        &["export", "--out", "v.csv"],
        &["v.csv", ".parquet, .npy or .hnsw"],
    );
    place.fails(
        &["export", "--out", "nowhere/v.npy"],
        &["nowhere/v.npy: there is no folder nowhere", "another --out"],
    );
}

#[test]
fn the_ids_of_an_array_are_not_those_of_a_graph_of_the_same_name() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "v.npy"]);
    let ids = fs::read(place.path("v.npy.ids.jsonl")).unwrap();
    place.succeeds(&["delete", "corpus.index", "flu"]);
    place.succeeds(&["compact", "corpus.index"]);
    place.succeeds(&["export", "--out", "v.hnsw"]);
    assert_eq!(fs::read(place.path("v.npy.ids.jsonl")).unwrap(), ids);
    assert_ne!(fs::read(place.path("v.hnsw.ids.jsonl")).unwrap(), ids);
}

#[test]
fn deleted_documents_are_not_exported() {
    let place = Workplace::with_index();
    place.succeeds(&["delete", "corpus.index", "flu"]);
    place.succeeds(&["export", "--out", "v.npy"]);
    let ids = fs::read_to_string(place.path("v.npy.ids.jsonl")).unwrap();
    assert_eq!(ids, "{\"id\":\"gout\"}\n{\"id\":\"rest\"}\n{\"id\":\"ecg\"}\n");
    let bytes = fs::read(place.path("v.npy")).unwrap();
    assert!(String::from_utf8_lossy(&bytes[..64]).contains("'shape': (3, "));
}
