//! Answers of word vectors against gensim's, and correlations against scipy's (`fixtures/make_similar.py`).
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use trainer_words::WordVectors;
use trainer_words::similar::{Expression, WordSpace};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/similar")
        .join(name)
}

fn vectors() -> WordVectors {
    trainer_words::formats::open(&fixture("words.txt")).unwrap()
}

fn expected() -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixture("expected.json")).unwrap()).unwrap()
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap())
}

#[test]
fn correlations_and_pairs_used_are_gensims() {
    let vectors = vectors();
    for expected in expected()["evaluated"].as_array().unwrap() {
        let limit = expected["restrict_vocab"].as_u64().unwrap() as usize;
        let space = WordSpace::new(&vectors).restricted(limit);
        let scores = space.word_pairs(&fixture("pairs.tsv"), false).unwrap();
        assert_eq!(scores.pairs as u64, expected["pairs"].as_u64().unwrap());
        assert_eq!(scores.used as u64, expected["used"].as_u64().unwrap());
        for (found, name) in [(scores.spearman, "spearman"), (scores.pearson, "pearson")] {
            let expected = expected[name].as_f64().unwrap();
            assert!(
                (found.unwrap() - expected).abs() < 1e-6,
                "{name}: {found:?}, gensim {expected}"
            );
        }
    }
}

#[test]
fn words_that_gensim_does_not_find_are_named() {
    let vectors = vectors();
    let scores = WordSpace::new(&vectors)
        .word_pairs(&fixture("pairs.tsv"), false)
        .unwrap();
    assert_eq!(scores.not_found, ["atlantis", "el dorado"]);
}

#[test]
fn analogies_are_right_in_the_sections_and_as_often_as_gensims() {
    let vectors = vectors();
    for expected in expected()["evaluated"].as_array().unwrap() {
        let limit = expected["restrict_vocab"].as_u64().unwrap() as usize;
        let scores = WordSpace::new(&vectors)
            .restricted(limit)
            .analogies(&fixture("analogies.txt"))
            .unwrap();
        let sections = expected["sections"].as_array().unwrap();
        assert_eq!(scores.sections.len(), sections.len());
        for (found, expected) in scores.sections.iter().zip(sections) {
            assert_eq!(found.name, expected["name"].as_str().unwrap());
            assert_eq!(
                found.correct as u64,
                expected["correct"].as_u64().unwrap(),
                "{}",
                found.name
            );
            let answered = (found.questions - found.skipped) as u64;
            assert_eq!(answered, expected["answered"].as_u64().unwrap(), "{}", found.name);
        }
    }
}

#[test]
fn nearest_words_and_sums_of_words_are_gensims() {
    let vectors = vectors();
    let space = WordSpace::new(&vectors);
    for question in expected()["most_similar"].as_array().unwrap() {
        let positive = strings(&question["positive"]).map(|word| format!("+ {word}"));
        let negative = strings(&question["negative"]).map(|word| format!("- {word}"));
        let text = positive.chain(negative).collect::<Vec<_>>().join(" ");
        let answer = space.analogy(&Expression::parse(&text).unwrap(), 5).unwrap();
        let expected = question["nearest"].as_array().unwrap();
        assert_eq!(answer.nearest.len(), expected.len());
        for (found, expected) in answer.nearest.iter().zip(expected) {
            assert_eq!(found.word, expected[0].as_str().unwrap(), "{text}");
            assert!(
                (f64::from(found.cosine) - expected[1].as_f64().unwrap()).abs() < 1e-6,
                "{text}"
            );
        }
    }
}
