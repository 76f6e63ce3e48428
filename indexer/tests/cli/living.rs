//! `index add`, `update`, `delete` and `compact` from the outside.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use indexer::IndexReader;
use serde_json::Value;

use super::workplace::{Workplace, stderr};

fn ids(place: &Workplace) -> Vec<String> {
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    let rows = reader.live_rows();
    rows.map(|row| reader.document(row).unwrap().id).collect()
}

/// With an index of four documents, and two more in `more.jsonl`.
fn with_more() -> Workplace {
    let place = Workplace::with_index();
    place.write(
        "more.jsonl",
        "{\"id\":\"eye\",\"title\":\"Eye\",\"text\":\"The eye is red and itches.\"}\n{\"id\":\"cough\",\"text\":\"A cough at night.\"}\n",
    );
    place
}

#[test]
fn documents_are_added_replaced_deleted_and_the_index_compacted() {
    let place = with_more();
    let said = place.succeeds(&["add", "corpus.index", "more.jsonl"]);
    assert!(
        said.starts_with("corpus.index: 2 documents added in ")
            && said.contains("now 6 documents in 2 segments, "),
        "{said}"
    );
    assert_eq!(ids(&place), ["gout", "flu", "rest", "ecg", "eye", "cough"]);
    place.write(
        "changed.jsonl",
        "{\"id\":\"flu\",\"text\":\"Another text on sleep.\"}\n{\"id\":\"new\",\"text\":\"New.\"}\n",
    );
    let said = place.succeeds(&["update", "corpus.index", "changed.jsonl"]);
    assert!(
        said.starts_with("corpus.index: 1 document replaced, 1 added in "),
        "{said}"
    );
    let said = place.succeeds(&["delete", "corpus.index", "gout", "new", "gout"]);
    assert_eq!(said, "corpus.index: 2 documents deleted; now 5 documents\n");
    assert_eq!(ids(&place), ["rest", "ecg", "eye", "cough", "flu"]);
    let info = place.succeeds(&["info", "corpus.index"]);
    for line in [
        "documents    5",
        "segments     3, with 3 rows deleted",
        "format       3, generation 4",
    ] {
        assert!(info.contains(line), "{line:?} is not in {info}");
    }
    let said = place.succeeds(&["compact", "corpus.index"]);
    assert!(
        said.starts_with("corpus.index: 5 documents in 1 segment of ") && said.contains(" with 3 deleted"),
        "{said}"
    );
    assert_eq!(ids(&place), ["rest", "ecg", "eye", "cough", "flu"]);
    let said = place.succeeds(&["compact", "corpus.index"]);
    assert!(said.contains("nothing to do"), "{said}");
    let left = fs::read_dir(place.path("corpus.index")).unwrap().count();
    assert_eq!(left, 2, "no lock, no deleted rows");
    place.succeeds(&["delete", "corpus.index", "rest", "ecg", "eye", "cough", "flu"]);
    let said = place.succeeds(&["compact", "corpus.index"]);
    assert_eq!(
        said,
        "corpus.index: no documents, and so no segments; nothing to do\n"
    );
}

#[test]
fn json_says_the_same_for_machines() {
    let place = with_more();
    let said = place.succeeds(&["add", "corpus.index", "more.jsonl", "--json"]);
    let objects: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((objects[0]["type"].as_str(), objects.len()), (Some("model"), 2));
    let summary = &objects[1];
    assert_eq!(
        (
            &summary["type"],
            &summary["added"],
            &summary["replaced"],
            &summary["documents"],
            &summary["segments"]
        ),
        (&"summary".into(), &2.into(), &0.into(), &6.into(), &2.into())
    );
    let summary = place.json(&["update", "corpus.index", "more.jsonl", "--json"]);
    assert_eq!((&summary["added"], &summary["replaced"]), (&0.into(), &2.into()));
    let summary = place.json(&[
        "delete",
        "corpus.index",
        "eye",
        "no",
        "--ignore-missing",
        "--json",
    ]);
    assert_eq!(
        (&summary["deleted"], &summary["missing"], &summary["documents"]),
        (&1.into(), &serde_json::json!(["no"]), &5.into())
    );
    let info = place.json(&["info", "corpus.index", "--json"]);
    assert_eq!(
        (
            &info["deleted"],
            &info["documents"],
            &info["segments"][1]["deleted"]
        ),
        (&1.into(), &5.into(), &1.into())
    );
    let summary = place.json(&["compact", "corpus.index", "--json"]);
    assert_eq!(
        (&summary["dropped"], &summary["segments"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn ids_that_are_there_or_are_not_are_errors_that_name_them() {
    let place = with_more();
    place.write(
        "again.jsonl",
        "{\"id\":\"one\",\"text\":\"x\"}\n{\"id\":\"flu\",\"text\":\"y\"}\n",
    );
    place.fails(
        &["add", "corpus.index", "again.jsonl"],
        &[
            "again.jsonl: row 2",
            "\"flu\"",
            "corpus.index has already",
            "index update",
        ],
    );
    place.write(
        "twice.jsonl",
        "{\"id\":\"one\",\"text\":\"x\"}\n{\"id\":\"one\",\"text\":\"y\"}\n",
    );
    for command in ["add", "update"] {
        place.fails(
            &[command, "corpus.index", "twice.jsonl"],
            &["twice.jsonl: row 2", "\"one\""],
        );
        place.fails(&[command, "corpus.index", "none.jsonl"], &["none.jsonl"]);
    }
    place.fails(
        &["delete", "corpus.index", "gout", "no", "none"],
        &["corpus.index", "\"no\"", "1 other id", "--ignore-missing"],
    );
    place.fails(
        &["delete", "corpus.index", "--ids", "ids.txt"],
        &["ids.txt", "an id a line"],
    );
    place.write("ids.txt", "\u{feff}flu\r\n \nrest\n\n");
    place.succeeds(&["delete", "corpus.index", "gout", "--ids", "ids.txt"]);
    assert_eq!(ids(&place), ["ecg"]);
}

#[test]
fn only_the_model_of_the_index_can_encode_more() {
    let place = with_more();
    encoder::testing::write_tiny_model(&place.path("other"), 2).unwrap();
    place.fails(
        &["add", "corpus.index", "more.jsonl", "--model", "other"],
        &[
            "other is not the model that made corpus.index",
            "weights",
            "--model DIR",
        ],
    );
    let output = place
        .command(&["add", "corpus.index", "more.jsonl", "--model", "other"])
        .output();
    let said = stderr(&output.unwrap());
    assert!(!said.contains("the index's own"), "{said}");
    fs::rename(place.path("model"), place.path("moved")).unwrap();
    place.fails(
        &["add", "corpus.index", "more.jsonl"],
        &["its model was at", "--model DIR"],
    );
    place.succeeds(&["add", "corpus.index", "more.jsonl", "--model", "moved"]);
}

#[test]
fn the_columns_and_the_length_of_vectors_are_the_index_s_own() {
    let place = Workplace::new();
    place.write("corpus.csv", "key,body\na,Fever\n");
    place.write("more.csv", "key,body\nb,Cough\n");
    place.write("others.csv", "id,text\nc,Pain\n");
    place.succeeds(&[
        "build",
        "corpus.csv",
        "--id",
        "key",
        "--text",
        "body",
        "--truncate-dim",
        "8",
    ]);
    place.succeeds(&["add", "corpus.index", "more.csv"]);
    place.fails(&["add", "corpus.index", "others.csv"], &["others.csv", "key"]);
    place.succeeds(&[
        "add",
        "corpus.index",
        "others.csv",
        "--id",
        "id",
        "--text",
        "text",
    ]);
    assert_eq!(ids(&place), ["a", "b", "c"]);
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    assert_eq!(reader.vector(2).unwrap().len(), 8);
    assert_eq!(reader.manifest().sources.len(), 3);
}

#[test]
fn what_is_no_index_is_not_written_to() {
    let place = with_more();
    for command in [
        &["add", "model", "more.jsonl"][..],
        &["delete", "model", "x"],
        &["compact", "model"],
    ] {
        place.fails(command, &["model", "without MANIFEST"]);
    }
    place.fails(&["compact", "nothing"], &["nothing"]);
}

/// With an index of the first format, which has one segment.
fn with_old_index() -> Workplace {
    let place = Workplace::new();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1");
    let status = std::process::Command::new("cp")
        .arg("-r")
        .args([&old, &place.path("corpus.index")])
        .status();
    assert!(status.unwrap().success());
    place
}

#[test]
fn an_index_of_an_older_format_is_changed_into_one_of_today() {
    let place = with_old_index();
    place.succeeds(&["delete", "corpus.index", "gout"]);
    assert_eq!(ids(&place).len(), 7);
    let manifest = fs::read_to_string(place.path("corpus.index/MANIFEST")).unwrap();
    assert!(manifest.starts_with("sextant-index 3 "), "{manifest}");
    place.succeeds(&["compact", "corpus.index"]);
    assert_eq!(ids(&place).len(), 7);
}

#[test]
fn compacting_makes_what_an_older_format_did_not_have() {
    let place = with_old_index();
    let index = place.path("corpus.index");
    let filter = indexer::Filter::parse("number < 3").unwrap();
    let error = IndexReader::open(&index).unwrap().matching(&filter).unwrap_err();
    assert!(error.to_string().contains("`index compact`"), "{error}");
    place.fails(
        &["export", "--out", "g.hnsw"],
        &["a graph of an earlier format", "`index compact`"],
    );
    let all = || -> Vec<_> {
        let reader = IndexReader::open(&index).unwrap();
        let row = |row| {
            (
                reader.document(row).unwrap(),
                reader.vector(row).unwrap().to_vec(),
            )
        };
        (0..8).map(row).collect()
    };
    let before = all();
    let said = place.succeeds(&["compact", "corpus.index"]);
    assert!(
        said.starts_with("corpus.index: 8 documents in 1 segment of ")
            && said.contains(" with 0 deleted and 1 of an earlier version, in "),
        "{said}"
    );
    let new = IndexReader::open(&index).unwrap();
    assert_eq!(new.matching(&filter).unwrap().count(), 3);
    assert_eq!(all(), before);
    let files = &new.manifest().segments[0].files;
    assert!(files.iter().any(|file| file.path == "blocks.bin"), "{files:?}");
    place.succeeds(&["export", "--out", "g.hnsw"]);
    let said = place.succeeds(&["compact", "corpus.index"]);
    assert!(said.contains("nothing to do"), "{said}");
}

/// Enough rows that the tiny model needs a while.
fn long_input(place: &Workplace) {
    let text = "fever and pain in the joint ".repeat(16);
    let rows: String = (0..20_000)
        .map(|i| format!("{{\"id\":\"{i}\",\"text\":\"{text}{i}\"}}\n"))
        .collect();
    place.write("long.jsonl", rows);
}

/// Starts to add many documents, and waits until it has begun to write.
fn started(place: &Workplace) -> std::process::Child {
    let mut command = place.command(&["add", "corpus.index", "long.jsonl"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while fs::read_dir(place.path("corpus.index/segments")).unwrap().count() < 2 {
        assert!(std::time::Instant::now() < limit, "it never began to write");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child
}

fn signal(child: &std::process::Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_second_writer_is_told_who_the_first_is_and_readers_go_on() {
    let place = with_more();
    long_input(&place);
    let mut child = started(&place);
    let holder = format!("process {} (index add) since ", child.id());
    for command in [
        &["add", "corpus.index", "more.jsonl"][..],
        &["delete", "corpus.index", "gout"],
        &["compact", "corpus.index"],
        &["build", "corpus.jsonl", "--force"],
    ] {
        let output = place.command(command).output().unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        let error = message.lines().last().unwrap();
        assert!(
            error.starts_with("error: corpus.index: ") && error.contains(&holder),
            "{message}"
        );
    }
    assert_eq!(place.json(&["info", "corpus.index", "--json"])["documents"], 4);
    // Killed, it holds nothing any more, whatever its lock's file says.
    signal(&child, "KILL");
    child.wait().unwrap();
    assert_eq!(ids(&place).len(), 4);
    assert!(place.path("corpus.index/LOCK").exists());
    place.succeeds(&["add", "corpus.index", "more.jsonl"]);
    assert_eq!(ids(&place).len(), 6);
    let segments = fs::read_dir(place.path("corpus.index/segments")).unwrap().count();
    assert_eq!(segments, 2, "what the killed one wrote is gone");
    assert!(!place.path("corpus.index/LOCK").exists());
}

#[test]
fn ctrl_c_leaves_the_index_as_it_was() {
    let place = with_more();
    long_input(&place);
    let before = place.snapshot();
    let child = started(&place);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("error: interrupted; nothing was changed"));
    assert_eq!(place.snapshot(), before);
}

#[test]
fn damage_to_a_file_of_deleted_rows_is_refused() {
    let place = Workplace::with_index();
    place.succeeds(&["delete", "corpus.index", "gout"]);
    let folder = place.path("corpus.index/deleted");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    for place_of_damage in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place_of_damage] ^= 1;
        fs::write(&file, bytes).unwrap();
        let error = IndexReader::open(&place.path("corpus.index"))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(name) && error.contains("checksum"), "{error}");
    }
    fs::remove_file(&file).unwrap();
    place.fails(&["delete", "corpus.index", "flu"], &[name, "found nothing"]);
    fs::write(&file, whole).unwrap();
    place.succeeds(&["delete", "corpus.index", "flu"]);
}
