//! The sample data of `data/medical`: whole, and with test questions that training cannot have seen.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails its test")]

use encoder::beir::{Qrels, read_qrels, read_queries};
use encoder::tables::{self, Row};
use pipeline_tests::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const SPLITS: [&str; 2] = ["dev", "test"];

fn file(name: &str) -> PathBuf {
    root().join("data/medical").join(name)
}

fn rows(name: &str) -> Vec<Row> {
    tables::open(&file(name)).unwrap().map(Result::unwrap).collect()
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.values
        .get(column)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("row {}: {column}", row.number))
}

fn all(name: &str, column: &str) -> BTreeSet<String> {
    rows(name)
        .iter()
        .map(|row| text(row, column).to_owned())
        .collect()
}

/// A question as it is compared: case, punctuation and spaces do not make another one.
fn plain(question: &str) -> String {
    let letters = question
        .chars()
        .filter(|c| c.is_alphanumeric() || c.is_whitespace())
        .collect::<String>();
    letters
        .to_lowercase()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn json_lines_and_parquet_hold_the_same_corpus() {
    let (lines, parquet) = (rows("corpus.jsonl"), rows("corpus.parquet"));
    assert!(lines.len() >= 500, "{} passages", lines.len());
    assert_eq!(
        lines.len(),
        parquet.len(),
        "run the command of data/medical/README.md again"
    );
    for (line, row) in lines.iter().zip(&parquet) {
        assert_eq!(text(line, "_id"), text(row, "id"));
        for column in ["title", "text", "topic", "name", "kind", "aspect"] {
            assert_eq!(
                text(line, column),
                text(row, column),
                "{}: {column}",
                text(row, "id")
            );
        }
    }
}

#[test]
fn ids_are_unique_and_texts_are_not_empty() {
    let passages = rows("corpus.jsonl");
    assert_eq!(all("corpus.jsonl", "_id").len(), passages.len());
    assert_eq!(
        all("corpus.jsonl", "text").len(),
        passages.len(),
        "two passages have the same text"
    );
    assert!(passages.iter().all(|row| !text(row, "title").trim().is_empty()));
    for split in SPLITS {
        let queries = read_queries(&file(split).join("queries.jsonl")).unwrap();
        let ids: BTreeSet<_> = queries.iter().map(|query| &query.id).collect();
        assert_eq!(ids.len(), queries.len(), "{split}");
        assert!(
            queries.iter().all(|query| !query.text.trim().is_empty()),
            "{split}"
        );
    }
}

#[test]
fn there_is_enough_to_train_on() {
    let pairs = rows("train.jsonl");
    assert!(pairs.len() >= 300, "{} pairs", pairs.len());
    let topics = all("train.jsonl", "topic").len();
    assert!(topics >= 120, "{topics} topics");
    // Every answer is a passage, so that the corpus holds what training teaches to find.
    let corpus = rows("corpus.jsonl");
    let passages: BTreeMap<String, &str> = corpus
        .iter()
        .map(|row| {
            (
                format!("{} {}", text(row, "title"), text(row, "text")),
                text(row, "topic"),
            )
        })
        .collect();
    for pair in &pairs {
        let topic = passages.get(text(pair, "positive"));
        assert_eq!(
            topic,
            Some(&text(pair, "topic")),
            "pair {}: its answer is no such passage",
            pair.number
        );
    }
}

#[test]
fn judgements_point_at_questions_and_passages_that_exist() {
    let passages = all("corpus.jsonl", "_id");
    for split in SPLITS {
        let qrels: Qrels = read_qrels(&file(split).join("qrels.tsv")).unwrap();
        let queries = read_queries(&file(split).join("queries.jsonl")).unwrap();
        let asked: BTreeSet<_> = queries.iter().map(|query| query.id.clone()).collect();
        assert_eq!(
            asked,
            qrels.keys().cloned().collect(),
            "{split}: questions and judgements differ"
        );
        for (query, grades) in &qrels {
            assert!(
                grades.values().any(|grade| *grade > 0),
                "{split}: {query} has no answer"
            );
            for passage in grades.keys() {
                assert!(
                    passages.contains(passage),
                    "{split}: {query}: no passage {passage}"
                );
            }
        }
    }
}

#[test]
fn topics_of_training_dev_and_test_are_apart() {
    let [dev, test] = SPLITS.map(|split| all(&format!("{split}/queries.jsonl"), "topic"));
    let train = all("train.jsonl", "topic");
    for (name, one, other) in [
        ("dev", &train, &dev),
        ("test", &train, &test),
        ("dev and test", &dev, &test),
    ] {
        let shared: Vec<_> = one.intersection(other).collect();
        assert!(shared.is_empty(), "{name}: {shared:?}");
    }
    // The judged passages, too, are about topics of their own split.
    let corpus = rows("corpus.jsonl");
    let topics: BTreeMap<_, _> = corpus
        .iter()
        .map(|row| (text(row, "_id"), text(row, "topic")))
        .collect();
    for split in SPLITS {
        for passage in read_qrels(&file(split).join("qrels.tsv"))
            .unwrap()
            .values()
            .flat_map(BTreeMap::keys)
        {
            let topic = topics[passage.as_str()];
            assert!(
                !train.contains(topic),
                "{split}: {passage} answers, but training is about {topic}"
            );
        }
    }
}

#[test]
fn no_question_is_asked_twice() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let trained = rows("train.jsonl")
        .iter()
        .map(|row| text(row, "anchor").to_owned())
        .collect::<Vec<_>>();
    let asked = SPLITS.map(|split| read_queries(&file(split).join("queries.jsonl")).unwrap());
    let asked = asked.into_iter().flatten().map(|query| query.text);
    for question in trained.into_iter().chain(asked) {
        if let Some(earlier) = seen.insert(plain(&question), question.clone()) {
            panic!("asked twice: {earlier:?} and {question:?}");
        }
    }
}
