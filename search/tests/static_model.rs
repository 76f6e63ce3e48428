//! Searching with a static model: the index names it, and what it does not know is said once.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // tests fail by panicking

use encoder::testing::write_tiny_static_model;
use indexer::Metric;

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use support::Workplace;

/// `corpus.index` of 40 documents beside the static model that made it, `model`.
fn place() -> Workplace {
    let place = Workplace::empty();
    write_tiny_static_model(&place.path("model"), 1).unwrap();
    let encoder = encoder::open(&place.path("model")).unwrap();
    place.index("corpus.index", 40, &*encoder);
    place
}

#[test]
fn a_query_finds_hits_in_every_mode() {
    let place = place();
    for mode in ["hybrid", "vector", "bm25"] {
        let ran = place.run(&["thirst and sugar", "--mode", mode, "-k", "3"], 0);
        assert!(
            ran.stdout.starts_with(" 1  About diabetes"),
            "{mode}: {}",
            ran.stdout
        );
        assert!(!ran.stderr.contains("note"), "{mode}: {}", ran.stderr);
    }
}

#[test]
fn a_query_without_a_known_word_is_answered_by_its_words_with_a_note() {
    let place = place();
    // No word of the model's, but one of a document's.
    let ran = place.run(&["number7", "-k", "3"], 0);
    assert!(ran.stdout.starts_with(" 1  About skin"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("vector #"), "{}", ran.stdout);
    assert!(
        ran.stderr
            .ends_with("note: the model knows no word of the query; words (BM25) alone answered\n"),
        "{}",
        ran.stderr
    );
    let ran = place.run(&["zyzzyva"], 1);
    assert!(
        ran.stderr.starts_with("no hits among 40 documents"),
        "{}",
        ran.stderr
    );
}

/// Where lengths count, zeros are a place that has neighbours; a query of which nothing is known has none all the same.
#[test]
fn a_query_without_a_known_word_is_never_asked_of_vectors() {
    for metric in [Metric::Dot, Metric::Euclidean] {
        let place = Workplace::empty();
        write_tiny_static_model(&place.path("model"), 1).unwrap();
        let encoder = encoder::open(&place.path("model")).unwrap();
        place.index_by(metric, ("corpus.index", &support::lines(40)), &*encoder);
        let ran = place.run(&["number7", "-k", "3"], 0);
        assert!(
            ran.stdout.starts_with(" 1  About skin"),
            "{metric:?}: {}",
            ran.stdout
        );
        assert!(!ran.stdout.contains("vector #"), "{metric:?}: {}", ran.stdout);
        let filtered = ["number7", "--where", "year >= 1980"];
        for arguments in [&filtered[..], &["number7", "--mode", "vector"]] {
            let ran = place.run(arguments, i32::from(arguments[1] == "--mode"));
            assert!(!ran.stdout.contains("vector #"), "{metric:?}: {}", ran.stdout);
            assert!(ran.stderr.contains("knows no word"), "{metric:?}: {}", ran.stderr);
        }
        let ran = place.run(&["thirst and sugar", "-k", "3"], 0);
        assert!(ran.stdout.contains("vector #"), "{metric:?}: {}", ran.stdout);
    }
}

/// A text without a known word has the vector zeros, which by distance would be nearer than all that points elsewhere.
#[test]
fn a_document_without_a_known_word_is_never_found_by_vectors() {
    let lines = support::lines(40) + "{\"_id\":\"unknown\",\"text\":\"zyzzyva\"}\n";
    for metric in Metric::ALL {
        let place = Workplace::empty();
        write_tiny_static_model(&place.path("model"), 1).unwrap();
        let encoder = encoder::open(&place.path("model")).unwrap();
        place.index_by(metric, ("corpus.index", &lines), &*encoder);
        let ran = place.run(&["thirst and sugar", "--mode", "vector", "-k", "50", "--json"], 0);
        assert!(!ran.stdout.contains("\"unknown\""), "{metric:?}: {}", ran.stdout);
        assert_eq!(
            ran.stdout.matches("\"id\":\"d").count(),
            40,
            "{metric:?}: {}",
            ran.stdout
        );
        let ran = place.run(&["zyzzyva", "-k", "1", "--json"], 0);
        assert!(ran.stdout.contains("\"unknown\""), "{metric:?}: {}", ran.stdout);
    }
}

#[test]
fn vectors_alone_find_nothing_for_a_query_without_a_known_word() {
    let place = place();
    let ran = place.run(&["number7", "--mode", "vector"], 1);
    assert_eq!(ran.stdout, "");
    let notes: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("knows no word"))
        .collect();
    assert_eq!(notes.len(), 1, "{}", ran.stderr);
    assert!(notes[0].contains("--mode bm25"), "{}", ran.stderr);
    let ran = place.run(&["number7", "--mode", "vector", "--json"], 1);
    assert!(ran.stdout.contains("\"query_unknown\":true"), "{}", ran.stdout);
}

#[test]
fn a_phrase_is_another_thing_than_its_words() {
    let place = place();
    let vector = |query: &str| {
        let encoder = encoder::open(&place.path("model")).unwrap();
        encoder.encode_queries(&[query]).unwrap().vectors.row(0).to_vec()
    };
    assert_ne!(vector("high pressure"), vector("pressure high"));
    assert_eq!(vector("High Pressure zyzzyva"), vector("high pressure"));
}

#[test]
fn queries_that_the_model_does_not_know_are_counted_in_an_evaluation() {
    let place = place();
    let queries = "{\"_id\":\"1\",\"text\":\"sugar\"}\n{\"_id\":\"2\",\"text\":\"number7\"}\n";
    std::fs::write(place.path("queries.jsonl"), queries).unwrap();
    std::fs::write(
        place.path("qrels.tsv"),
        "query-id\tcorpus-id\tscore\n1\td0\t1\n2\td7\t1\n",
    )
    .unwrap();
    let ran = place.run(&["eval", "--queries", "queries.jsonl", "--qrels", "qrels.tsv"], 0);
    assert!(
        ran.stderr
            .contains("note: 1 query has no word that the model knows"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_map_says_how_many_documents_have_no_place() {
    let place = Workplace::empty();
    write_tiny_static_model(&place.path("model"), 1).unwrap();
    let encoder = encoder::open(&place.path("model")).unwrap();
    let text = |number: usize| {
        if number.is_multiple_of(4) {
            "zyzzyva"
        } else {
            "thirst and sugar"
        }
    };
    let line = |number| format!("{{\"id\":\"{number}\",\"text\":\"{}\"}}\n", text(number));
    place.index_of("corpus.index", &(0..8).map(line).collect::<String>(), &*encoder);
    let ran = place.run(&["tsne", "--out", "map.csv", "--perplexity", "2"], 0);
    assert!(
        ran.stderr
            .starts_with("note: 2 of 8 documents have no word that the model knows"),
        "{}",
        ran.stderr
    );
}
