//! An index of cut vectors: queries are cut as it says, whatever the model's folder says, and a model that cannot be
//! cut so is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // tests fail by panicking

use encoder::testing::{write_tiny_model, write_tiny_static_model};
use encoder::vectors::dot;

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use support::Workplace;

/// `corpus.index` of 40 documents in 8 of 32 numbers, beside the model that made it, `model`.
fn place(write: fn(&std::path::Path, u64) -> encoder::Result<()>) -> Workplace {
    let place = Workplace::empty();
    write(&place.path("model"), 1).unwrap();
    let encoder = encoder::open_truncated(&place.path("model"), 8).unwrap();
    place.index("corpus.index", 40, &*encoder);
    place
}

fn say(place: &Workplace, truncate_dim: usize) {
    let config = format!("{{\"truncate_dim\": {truncate_dim}}}");
    std::fs::write(place.path("model/config_sentence_transformers.json"), config).unwrap();
}

#[test]
fn a_query_is_cut_as_the_index_whatever_the_folder_says() {
    for write in [write_tiny_model, write_tiny_static_model] {
        let place = place(write);
        let query = "thirst and sugar";
        let encoder = encoder::open(&place.path("model")).unwrap();
        let whole = encoder.encode_queries(&[query]).unwrap().vectors;
        let first = &whole.row(0)[..8];
        let reader = indexer::IndexReader::open(&place.path("corpus.index")).unwrap();
        let best = reader.search_exact(first, 1).unwrap()[0];
        let id = reader.document(best.row).unwrap().id;
        let expected = dot(first, reader.vector(best.row).unwrap()) / dot(first, first).sqrt();
        let answers = [None, Some(4), Some(16)].map(|truncate_dim| {
            if let Some(length) = truncate_dim {
                say(&place, length);
            }
            let ran = place.run(&[query, "--mode", "vector", "-k", "1", "--json"], 0);
            let line = ran.stdout.lines().find(|line| line.contains("\"type\":\"hit\""));
            let hit: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
            assert_eq!(hit["id"], id.as_str(), "{hit}");
            assert!((hit["score"].as_f64().unwrap() - f64::from(expected)).abs() < 1e-5);
            hit.to_string()
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
}

#[test]
fn an_evaluation_and_a_map_need_no_flag() {
    let place = place(write_tiny_static_model);
    std::fs::write(
        place.path("queries.jsonl"),
        "{\"_id\":\"1\",\"text\":\"thirst and sugar\"}\n",
    )
    .unwrap();
    std::fs::write(place.path("qrels.tsv"), "query-id\tcorpus-id\tscore\n1\td0\t1\n").unwrap();
    let ran = place.run(&["eval", "--queries", "queries.jsonl", "--qrels", "qrels.tsv"], 0);
    assert!(ran.stdout.contains("\nvector "), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    place.run(&["tsne", "--out", "map.csv", "--perplexity", "5"], 0);
    let map = std::fs::read_to_string(place.path("map.csv")).unwrap();
    assert_eq!(map.lines().count(), 41);
}

#[test]
fn a_model_that_is_another_or_too_short_is_refused() {
    let place = place(write_tiny_static_model);
    write_tiny_static_model(&place.path("other"), 2).unwrap();
    let ran = place.run(&["thirst", "--model", "other"], 2);
    assert!(ran.stderr.contains("its weights is"), "{}", ran.stderr);

    // An index of whole vectors of a longer model, in a folder that was cut down since.
    let whole = encoder::testing::HashEncoder::new(64);
    std::fs::remove_dir_all(place.path("corpus.index")).unwrap();
    place.index("corpus.index", 40, &whole);
    let ran = place.run(&["thirst"], 2);
    assert!(
        ran.stderr.contains("is not the model that made"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_length_is_named_where_it_alone_differs() {
    let place = place(write_tiny_static_model);
    let at = |dimension| encoder::open_truncated(&place.path("model"), dimension).unwrap();
    let record = indexer::Manifest::read(&place.path("corpus.index"))
        .unwrap()
        .model;
    assert_eq!(record.fingerprint.difference(at(8).fingerprint()), None);
    for (dimension, found) in [(4, "4 of 32"), (32, "32")] {
        let difference = record
            .fingerprint
            .difference(at(dimension).fingerprint())
            .unwrap();
        assert_eq!(
            (difference.field, &*difference.left, &*difference.right),
            ("dimension", "8 of 32", found)
        );
    }
}
