//! `search eval`: the table, and judgements that do not fit.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // tests fail by panicking

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use indexer::build::IndexWriter;
use support::Workplace;

const EVAL: [&str; 5] = ["eval", "--queries", "q.jsonl", "--qrels", "r.tsv"];

fn judged(queries: &[(&str, &str)], judgements: &[(&str, &str)]) -> Workplace {
    let place = Workplace::with_index();
    let queries = queries
        .iter()
        .map(|(id, text)| format!("{{\"_id\": \"{id}\", \"text\": \"{text}\"}}\n"));
    std::fs::write(place.path("q.jsonl"), queries.collect::<String>()).unwrap();
    let judgements = judgements
        .iter()
        .map(|(query, document)| format!("{query}\t{document}\t1\n"));
    let table = format!("query-id\tcorpus-id\tscore\n{}", judgements.collect::<String>());
    std::fs::write(place.path("r.tsv"), table).unwrap();
    place
}

#[test]
fn a_table_with_all_modes_goes_to_stdout() {
    let place = judged(&[("a", "number3"), ("b", "number4")], &[("a", "d3"), ("b", "d4")]);
    let ran = place.run(&EVAL, 0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "2 queries, 40 documents");
    assert_eq!(
        lines[2],
        "mode      nDCG@10    MRR@10  recall@1 recall@10 recall@100"
    );
    assert_eq!(
        lines[3],
        "bm25       1.0000    1.0000    1.0000    1.0000     1.0000"
    );
    assert!(
        lines[4].starts_with("vector ") && lines[5].starts_with("hybrid "),
        "{}",
        ran.stdout
    );
    // 40 documents are fewer than the 100 fetched: the vectors reach all of them.
    assert!(lines[4].ends_with(" 1.0000"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn judged_queries_that_are_not_asked_are_left_out_with_a_warning() {
    let place = judged(&[("a", "number3")], &[("a", "d3"), ("b", "d4"), ("c", "d5")]);
    let ran = place.run(&EVAL, 0);
    assert!(
        ran.stderr
            .contains("warning: 2 of 3 judged queries are not in q.jsonl"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.starts_with("1 query, 40 documents"), "{}", ran.stdout);
}

#[test]
fn judged_documents_that_are_not_indexed_count_as_missed_with_a_warning() {
    let place = judged(&[("a", "number3")], &[("a", "d3"), ("a", "gone")]);
    let ran = place.run(&EVAL, 0);
    assert!(
        ran.stderr
            .contains("warning: 1 of 2 relevant documents are not in corpus.index"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.contains("0.5000"),
        "half of the relevant are found: {}",
        ran.stdout
    );
}

#[test]
fn a_deleted_document_is_not_indexed_any_more() {
    let place = judged(&[("a", "number3"), ("b", "number4")], &[("a", "d3"), ("b", "d4")]);
    let writer = || IndexWriter::open(&place.path("corpus.index")).unwrap();
    writer().delete(&["d3".to_owned()], false).unwrap();
    let ran = place.run(&EVAL, 0);
    assert!(
        ran.stderr
            .contains("warning: 1 of 2 relevant documents are not in corpus.index"),
        "{}",
        ran.stderr
    );
    writer().delete(&["d4".to_owned()], false).unwrap();
    let ran = place.run(&EVAL, 2);
    assert!(
        ran.stderr
            .contains("none of the 2 documents that r.tsv calls relevant is in corpus.index")
            && ran.stderr.contains("(judged: d3; indexed: d0)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn nothing_in_common_is_an_error() {
    let place = judged(&[("a", "number3")], &[("b", "d3")]);
    let ran = place.run(&EVAL, 2);
    assert!(
        ran.stderr
            .contains("r.tsv judges none of the 1 queries of q.jsonl"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("(judged: b; asked: a)"), "{}", ran.stderr);
    let place = judged(&[("a", "number3")], &[("a", "x3")]);
    let ran = place.run(&EVAL, 2);
    assert!(
        ran.stderr
            .contains("none of the 1 documents that r.tsv calls relevant"),
        "{}",
        ran.stderr
    );
}

#[test]
fn missing_files_are_named() {
    let place = Workplace::with_index();
    let ran = place.run(&EVAL, 2);
    assert!(
        ran.stderr.starts_with("error: ") && ran.stderr.contains("q.jsonl"),
        "{}",
        ran.stderr
    );
}

#[test]
fn queries_that_cannot_be_used_are_refused_by_file_and_row() {
    let place = judged(&[("a", "number3")], &[("a", "d3")]);
    let sound = "{\"_id\":\"a\",\"text\":\"number3\"}\n";
    let cases: [(Vec<u8>, &[&str]); 7] = [
        (Vec::new(), &["empty file"]),
        (b"\n\n".to_vec(), &["expected rows", "empty lines alone"]),
        (
            format!("{sound}{{\"_id\":\"b\",").into_bytes(),
            &["row 2", "JSON"],
        ),
        (b"PK\x03\x04 no text\n".to_vec(), &["row 1", "JSON"]),
        (
            b"{\"_id\":\"a\",\"text\":\"caf\xe9\"}\n".to_vec(),
            &["row 1", "UTF-8"],
        ),
        (
            format!("{sound}{{\"_id\":\"b\",\"text\":null}}\n").into_bytes(),
            &["row 2", "column text", "null"],
        ),
        (sound.repeat(2).into_bytes(), &["row 2", "\"a\"", "row 1"]),
    ];
    for (bytes, parts) in cases {
        std::fs::write(place.path("q.jsonl"), bytes).unwrap();
        let ran = place.run(&EVAL, 2);
        assert_eq!(ran.stdout, "", "no table");
        assert!(ran.stderr.starts_with("error: q.jsonl: "), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{part:?} is not in {}", ran.stderr);
        }
    }
}
