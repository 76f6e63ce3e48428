//! `--where`: only documents that match are found, counted and drawn; what cannot be a filter is refused at its place.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // tests fail by panicking

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use std::collections::BTreeSet;
use std::path::Path;

use support::Workplace;

/// The numbers of the documents found, whose ids are `d` and a number.
fn found(place: &Workplace, arguments: &[&str]) -> BTreeSet<usize> {
    let ran = place.run(&[arguments, &["--json", "-k", "100"]].concat(), 0);
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .filter(|line| line["type"] == "hit")
        .map(|line| line["id"].as_str().unwrap()[1..].parse().unwrap())
        .collect()
}

#[test]
fn every_mode_finds_what_matches_and_nothing_else() {
    let place = Workplace::with_index();
    for (filter, matches) in [
        (
            "topic = heart",
            (|number| number % 4 == 1 && number % 5 != 4) as fn(usize) -> bool,
        ),
        ("not exists(topic)", |number| number % 5 == 4),
        ("topic in (heart, skin) and year >= 2000", |number| {
            number % 2 == 1 && number % 5 != 4 && number >= 20
        }),
        ("year > 1990 and year <= 1992 or year = 2019", |number| {
            [11, 12, 39].contains(&number)
        }),
    ] {
        let expected: BTreeSet<usize> = (0..40).filter(|number| matches(*number)).collect();
        for mode in ["vector", "hybrid", "bm25"] {
            // The title's word `about` is in every document.
            assert_eq!(
                found(&place, &["about heart pain", "--mode", mode, "--where", filter]),
                expected,
                "{mode} {filter}"
            );
        }
    }
}

#[test]
fn a_filter_changes_no_score() {
    let place = Workplace::with_index();
    let lines = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let ran = place.run(&[arguments, &["--json", "-k", "100"]].concat(), 0);
        let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &serde_json::Value| line["type"] == "hit")
            .collect()
    };
    for mode in ["vector", "bm25"] {
        let all = lines(&["about skin rash", "--mode", mode]);
        let some = lines(&["about skin rash", "--mode", mode, "--where", "topic = skin"]);
        let expected: Vec<_> = all
            .iter()
            .filter(|hit| hit["fields"]["topic"] == "skin")
            .collect();
        assert_eq!(some.len(), expected.len());
        for (some, expected) in some.iter().zip(expected) {
            assert_eq!(
                (&some["id"], &some["score"]),
                (&expected["id"], &expected["score"]),
                "{mode}"
            );
        }
    }
}

#[test]
fn the_answer_says_how_many_match_and_how_they_were_searched() {
    let place = Workplace::with_index();
    let ran = place.run(&["fever", "--where", "topic = infection"], 0);
    assert!(
        ran.stderr
            .contains("\n8 documents match the filter; vectors: exact search among them"),
        "{}",
        ran.stderr
    );
    let ran = place.run(&["about", "--mode", "bm25", "--where", "year = 1990"], 0);
    assert!(
        ran.stderr.contains("\n1 document matches the filter\n"),
        "{}",
        ran.stderr
    );
    let ran = place.run(&["fever", "--where", "topic = nothing"], 1);
    assert!(
        ran.stderr.starts_with("no hits among 40 documents"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("\n0 documents match the filter"),
        "{}",
        ran.stderr
    );
    assert!(!place.run(&["fever"], 0).stderr.contains("match"));
}

#[test]
fn what_is_no_filter_is_refused_at_its_place() {
    let place = Workplace::with_index();
    for (filter, refusal) in [
        (
            "topic = heart adn year > 3",
            "error: filter: expected `and`, `or` or the end, found `adn`\n  topic = heart adn year > 3\n                ^^^\n",
        ),
        (
            "yaer > 3",
            "error: filter: no document has a column \"yaer\"; did you mean year? (columns: topic, year)\n  yaer > 3\n  ^^^^\n",
        ),
        ("", "error: filter: expected a column, found the end\n  \n  ^\n"),
    ] {
        for arguments in [
            &["fever"][..],
            &["eval", "--queries", "q.jsonl", "--qrels", "r.tsv"],
            &["tsne", "--out", "m.csv"],
        ] {
            judged(&place);
            let ran = place.run(&[arguments, &["--where", filter]].concat(), 2);
            assert_eq!(
                (ran.stdout.as_str(), ran.stderr.as_str()),
                ("", refusal),
                "{arguments:?}"
            );
        }
    }
}

fn judged(place: &Workplace) {
    std::fs::write(
        place.path("q.jsonl"),
        "{\"_id\": \"q\", \"text\": \"number1\"}\n{\"_id\": \"r\", \"text\": \"number2\"}\n",
    )
    .unwrap();
    std::fs::write(
        place.path("r.tsv"),
        "query-id\tcorpus-id\tscore\nq\td1\t1\nq\td3\t1\nr\td2\t1\n",
    )
    .unwrap();
}

#[test]
fn an_evaluation_is_of_the_documents_that_match() {
    let place = Workplace::with_index();
    judged(&place);
    let eval = ["eval", "--queries", "q.jsonl", "--qrels", "r.tsv"];
    let ran = place.run(&[&eval[..], &["--where", "topic = heart"]].concat(), 0);
    assert!(ran.stdout.starts_with("1 query, 8 documents\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("bm25       1.0000    1.0000    1.0000"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr
            .contains("8 of 40 documents match the filter; 1 of 2 queries have a relevant one among them"),
        "{}",
        ran.stderr
    );
    let ran = place.run(&[&eval[..], &["--where", "year = 2000"]].concat(), 2);
    assert!(
        ran.stderr
            .contains("r.tsv calls no document relevant that matches the filter (1 match)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_map_is_of_the_documents_that_match() {
    let place = Workplace::with_index();
    let ran = place.run(
        &[
            "tsne",
            "--out",
            "m.csv",
            "--where",
            "year < 2000",
            "--perplexity",
            "4",
        ],
        0,
    );
    assert!(
        ran.stderr.contains("20 of 40 documents match the filter"),
        "{}",
        ran.stderr
    );
    let table = std::fs::read_to_string(place.path("m.csv")).unwrap();
    let ids: BTreeSet<&str> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().trim_matches('"'))
        .collect();
    let expected: Vec<String> = (0..20).map(|number| format!("d{number}")).collect();
    assert_eq!(ids, expected.iter().map(String::as_str).collect());
    let ran = place.run(&["tsne", "--out", "n.csv", "--where", "year < 1985"], 2);
    assert!(ran.stderr.contains("5 documents are too few"), "{}", ran.stderr);
}

#[test]
fn an_index_of_an_earlier_version_is_searched_but_not_filtered() {
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("../indexer/tests/fixtures/format-2");
    let place = Workplace::empty();
    let search = ["virus", "--mode", "bm25", "--index", old.to_str().unwrap()];
    place.run(&search, 0);
    let ran = place.run(&[&search[..], &["--where", "number = 1"]].concat(), 2);
    assert!(
        ran.stderr
            .contains("kept no columns to filter by; `index compact` makes them"),
        "{}",
        ran.stderr
    );
}
