//! What is built, of which inputs, and what is said about it.

use std::fs;

use indexer::{IndexReader, Snippet};

use super::workplace::{INDEX, ROWS, Workplace, stderr};

fn ids(place: &Workplace, index: &str) -> Vec<String> {
    let reader = IndexReader::open(&place.path(index)).unwrap();
    (0..reader.len() as u32)
        .map(|row| reader.document(row).unwrap().id)
        .collect()
}

#[test]
fn json_lines_become_an_index_in_the_current_folder() {
    let place = Workplace::new();
    place.write("data/corpus.jsonl", ROWS);
    let said = place.succeeds(&["build", "data/corpus.jsonl"]);
    assert!(
        said.starts_with("corpus.index: 4 documents, 32 dimensions"),
        "{said}"
    );
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    assert_eq!(ids(&place, "corpus.index"), ["gout", "flu", "rest", "ecg"]);
    let document = reader.document(1).unwrap();
    assert_eq!(
        (document.title.as_str(), document.text.as_str()),
        ("Flu", "A virus causes fever and cough.")
    );
    assert_eq!(document.fields["kind"], "disease");
    assert_eq!(reader.search_words("what causes a FEVER?", 5).unwrap()[0].row, 1);
    assert_eq!(reader.search_words("gout flu ecg", 5).unwrap().len(), 3);
    assert!(reader.search_words("(AND \"", 5).unwrap().len() <= 4);
    let snippet = Snippet::of(&reader.document(0).unwrap().text, "swollen joints", 200);
    assert_eq!(&snippet.text[snippet.marks[0].clone()], "joint");
    for row in 0..4 {
        assert_eq!(
            reader.search_vectors(reader.vector(row).unwrap(), 1, 10).unwrap()[0].row,
            row
        );
    }
    let record = &reader.manifest().model;
    assert_eq!(record.path, place.path("model").canonicalize().unwrap());
}

#[test]
fn the_vectors_are_those_of_the_encoder_whatever_the_order_of_encoding() {
    let place = Workplace::new();
    let rows: String = (0..1500)
        .map(|i| {
            format!(
                "{{\"id\":{i},\"text\":\"{} {}\"}}\n",
                "pain ".repeat(i % 7),
                ["gout", "heart"][i % 2]
            )
        })
        .collect();
    place.write("corpus.jsonl", rows);
    place.succeeds(&["build", "corpus.jsonl", "--threads", "2"]);
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    let encoder = encoder::open_candle(&place.path("model")).unwrap();
    for row in [0, 1, 5, 1023, 1024, 1499] {
        let passage = reader.document(row).unwrap().passage();
        let expected = encoder.encode_documents(&[&passage]).unwrap().vectors;
        let nearness = encoder::vectors::dot(expected.row(0), reader.vector(row).unwrap());
        assert!(nearness > 0.99999, "row {row}: {nearness}");
    }
}

#[test]
fn csv_tsv_json_and_parquet_are_read_by_their_endings() {
    let place = Workplace::new();
    place.write("a.csv", "id,title,text\n1,Gout,\"Pain, mostly\"\n");
    place.write("b.tsv", "id\ttext\n2\tFever\n");
    place.write("c.json", "[{\"id\":\"3\",\"text\":\"Cough\"}]");
    let some = |text: &str| vec![Some(text.to_owned())];
    place.write_parquet(
        "d.parquet",
        &[("id", some("4")), ("text", some("Rest")), ("year", some("1999"))],
    );
    place.succeeds(&[
        "build",
        "a.csv",
        "b.tsv",
        "c.json",
        "d.parquet",
        "--out",
        "all.index",
    ]);
    assert_eq!(ids(&place, "all.index"), ["1", "2", "3", "4"]);
    let reader = IndexReader::open(&place.path("all.index")).unwrap();
    assert_eq!(reader.document(3).unwrap().fields["year"], "1999");
}

#[test]
fn globs_are_sorted_and_columns_can_have_any_name() {
    let place = Workplace::new();
    place.write("parts/2.csv", "key,head,body\nb,B,Fever\n");
    place.write("parts/1.csv", "key,head,body\na,A,Cough\n");
    let columns = ["--id", "key", "--title", "head", "--text", "body"];
    place.succeeds(&[&["build", "parts/*.csv", "-o", "parts.index"], &columns[..]].concat());
    assert_eq!(ids(&place, "parts.index"), ["a", "b"]);
    let reader = IndexReader::open(&place.path("parts.index")).unwrap();
    assert_eq!(reader.manifest().columns.text.as_deref(), Some("body"));
    assert_eq!(reader.document(1).unwrap().title, "B");
}

#[test]
fn force_replaces_and_counts_generations() {
    let place = Workplace::with_index();
    place.write("corpus.jsonl", "{\"id\":\"new\",\"text\":\"Rest\"}\n");
    place.succeeds(&["build", "corpus.jsonl", "--force"]);
    assert_eq!(ids(&place, "corpus.index"), ["new"]);
    let info = place.json(&["info", "--json"]);
    assert_eq!((&info["generation"], &info["documents"]), (&2.into(), &1.into()));
    assert_eq!(
        fs::read_dir(place.path("corpus.index/segments")).unwrap().count(),
        1
    );
}

#[test]
fn truncated_documents_are_counted_and_said() {
    let place = Workplace::new();
    place.write(
        "corpus.csv",
        format!("id,text\na,{}\nb,short\n", "pain ".repeat(1000)),
    );
    let output = place.command(&["build", "corpus.csv"]).output().unwrap();
    assert!(
        stderr(&output).contains("1 document of 2 longer than the 128 tokens"),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.json(&["info", "corpus.index", "--json"])["truncated"], 1);
    let summary = place.json(&["build", "corpus.csv", "--json", "--force"]);
    assert_eq!(
        (&summary["type"], &summary["truncated"]),
        (&"summary".into(), &1.into())
    );
}

#[test]
fn json_output_is_json_lines_with_types() {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    let said = place.succeeds(&[
        "build",
        "corpus.jsonl",
        "--json",
        "--m",
        "8",
        "--ef-construction",
        "50",
    ]);
    let objects: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<&str> = objects
        .iter()
        .map(|object| object["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["model", "summary"]);
    assert_eq!(
        (&objects[1]["index"], &objects[1]["documents"]),
        (&"corpus.index".into(), &4.into())
    );
    let info = place.json(&["info", "--json"]);
    assert_eq!(
        (&info["type"], &info["m"], &info["ef_construction"]),
        (&"info".into(), &8.into(), &50.into())
    );
    assert_eq!(info["fingerprint"], objects[0]["fingerprint"]);
    assert_eq!(info["bytes"], objects[1]["bytes"]);
    assert!(
        info["committed"].is_string() && info["created"].is_null(),
        "{info}"
    );
}

#[test]
fn info_says_what_is_in_the_only_index_of_the_folder() {
    let place = Workplace::with_index();
    let said = place.succeeds(&["info"]);
    for word in [
        "documents    4",
        "dimension    32",
        "graph        M 16",
        "format       3, generation 1",
        "committed    2",
        "vectors.bin",
    ] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    fs::create_dir(place.path("other.index")).unwrap();
    place.fails(&["info"], &["several indexes", "corpus.index, other.index"]);
    fs::remove_dir_all(place.path("corpus.index")).unwrap();
    fs::remove_dir_all(place.path("other.index")).unwrap();
    place.fails(&["info"], &["no *.index"]);
}

#[test]
fn an_index_on_a_read_only_disk_is_read() {
    let place = Workplace::with_index();
    let before = place.snapshot();
    place.succeeds(&["info"]);
    assert_eq!(
        place.snapshot(),
        before,
        "reading writes nothing, not even a lock"
    );
}

#[test]
fn help_has_examples_and_exit_codes() {
    let place = Workplace::new();
    let help = place.succeeds(&["--help"]);
    assert!(
        help.contains("index build data/medical/corpus.parquet") && help.contains("130 interrupted"),
        "{help}"
    );
    let help = place.succeeds(&["build", "--help"]);
    for flag in [
        "--out",
        "--model",
        "--truncate-dim",
        "--device",
        "--backend",
        "--id",
        "--title",
        "--text",
        "--m",
        "--force",
        "--json",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
    assert!(help.contains("Exit codes"));
}

#[test]
fn an_output_that_nobody_reads_is_no_error() {
    let place = Workplace::with_index();
    let line = format!("'{INDEX}' info corpus.index | true; exit ${{PIPESTATUS[0]}}");
    let status = std::process::Command::new("bash")
        .current_dir(place.path(""))
        .args(["-c", &line])
        .status()
        .unwrap();
    assert!(status.success());
}
