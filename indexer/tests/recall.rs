//! The graph against exact search, on seeded clustered unit vectors: what a corpus looks like.
#![cfg(feature = "build")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "recall/filters.rs"]
mod filters;
#[path = "recall/metrics.rs"]
mod metrics;
mod support;

use std::path::Path;

use encoder::vectors::Neighbor;
use indexer::IndexReader;
use indexer::build::{IndexWriter, TuneOptions, Unwatched, build};
use support::{TableEncoder, clustered};

const DOCUMENTS: usize = 5_000;
const QUERIES: usize = 200;
const DIMENSION: usize = 64;
const CLUSTERS: usize = 100;

fn made(folder: &Path) -> (IndexReader, TableEncoder) {
    // Queries lie in the clusters of the documents, and are none of them.
    let all = clustered(DOCUMENTS + QUERIES, DIMENSION, CLUSTERS, 7);
    let encoder = TableEncoder::new(all);
    let options = support::options(folder, DOCUMENTS);
    build(&options, &encoder, &mut Unwatched).unwrap();
    (IndexReader::open(&options.out).unwrap(), encoder)
}

fn recall(found: &[Neighbor], exact: &[Neighbor]) -> f64 {
    let hits = found
        .iter()
        .filter(|hit| exact.iter().any(|right| right.row == hit.row))
        .count();
    hits as f64 / exact.len() as f64
}

#[test]
fn recall_at_10_is_at_least_95_percent_at_ef_64() {
    const AT_LEAST: f64 = 0.95;
    let folder = tempfile::tempdir().unwrap();
    let (reader, encoder) = made(folder.path());
    let mean = |ef: usize| -> f64 {
        let sum: f64 = (DOCUMENTS..DOCUMENTS + QUERIES)
            .map(|query| encoder.row(query))
            .map(|query| {
                recall(
                    &reader.search_vectors(query, 10, ef).unwrap(),
                    &reader.search_exact(query, 10).unwrap(),
                )
            })
            .sum();
        sum / QUERIES as f64
    };
    let found = mean(64);
    println!(
        "recall@10 of {QUERIES} queries: ef 16 {:.4}, ef 64 {found:.4}, ef 200 {:.4}",
        mean(16),
        mean(200)
    );
    assert!(
        found >= AT_LEAST,
        "recall@10 is {found}, expected at least {AT_LEAST}"
    );
}

#[test]
fn deleting_costs_no_recall_whatever_share_is_deleted() {
    for kept in [2, 10, 100] {
        let folder = tempfile::tempdir().unwrap();
        let (reader, encoder) = made(folder.path());
        let gone: Vec<String> = (0..DOCUMENTS)
            .filter(|row| row % kept != 0)
            .map(|row| row.to_string())
            .collect();
        let writer = IndexWriter::open(&folder.path().join("made.index")).unwrap();
        writer.delete(&gone, false).unwrap();
        let reader = reader.refresh().unwrap().unwrap();
        let mut sum = 0.0;
        for query in DOCUMENTS..DOCUMENTS + QUERIES {
            let found = reader.search_vectors(encoder.row(query), 10, 64).unwrap();
            assert!(found.len() == 10 && found.iter().all(|hit| (hit.row as usize).is_multiple_of(kept)));
            sum += recall(&found, &reader.search_exact(encoder.row(query), 10).unwrap());
        }
        let mean = sum / QUERIES as f64;
        println!("1 in {kept} left: recall@10 {mean:.4}");
        assert!(mean >= 0.95, "recall@10 is {mean} where 1 in {kept} is left");
    }
}

#[test]
fn scores_are_cosines_and_hits_are_ranked_with_ties_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, encoder) = made(folder.path());
    for query in DOCUMENTS..DOCUMENTS + 20 {
        let query = encoder.row(query);
        let found = reader.search_vectors(query, 25, 100).unwrap();
        assert_eq!(found.len(), 25);
        assert!(found.is_sorted_by(|a, b| Neighbor::best_first(a, b).is_lt()));
        for hit in found {
            let cosine = encoder::vectors::dot(query, reader.vector(hit.row).unwrap());
            assert!((hit.score - cosine).abs() < 1e-5);
        }
    }
}

#[test]
fn opened_again_the_index_gives_the_same_hits_and_every_document_finds_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, encoder) = made(folder.path());
    let again = IndexReader::open(&folder.path().join("made.index")).unwrap();
    for query in 0..DOCUMENTS + QUERIES {
        let query = encoder.row(query);
        assert_eq!(
            reader.search_vectors(query, 10, 64).unwrap(),
            again.search_vectors(query, 10, 64).unwrap()
        );
    }
    let lost = (0..DOCUMENTS)
        .filter(|i| reader.search_vectors(encoder.row(*i), 1, 64).unwrap()[0].row != *i as u32)
        .count();
    assert!(
        lost <= DOCUMENTS / 200,
        "{lost} of {DOCUMENTS} documents do not find themselves"
    );
}

#[test]
fn odd_requests_have_plain_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, encoder) = made(folder.path());
    let query = encoder.row(0);
    assert!(reader.search_vectors(query, 0, 64).unwrap().is_empty());
    assert!(reader.search_exact(query, 0).unwrap().is_empty());
    assert_eq!(reader.search_vectors(query, 3, 0).unwrap().len(), 3);
    assert_eq!(reader.search_exact(query, usize::MAX).unwrap().len(), DOCUMENTS);
    assert!(
        reader.search_vectors(&query[1..], 3, 64).unwrap().is_empty(),
        "another dimension"
    );
    for odd in [f32::NAN, f32::INFINITY] {
        assert!(
            reader
                .search_vectors(&[odd; DIMENSION], 3, 64)
                .unwrap()
                .is_empty()
        );
        assert!(reader.search_exact(&[odd; DIMENSION], 3).unwrap().is_empty());
    }
    assert!(
        reader
            .search_vectors(&[0.0; DIMENSION], 3, 64)
            .unwrap()
            .is_empty(),
        "no direction"
    );
    assert!(reader.document(DOCUMENTS as u32).is_err());
    let doubled: Vec<f32> = query.iter().map(|value| value * 2.0).collect();
    assert!((reader.search_vectors(&doubled, 1, 64).unwrap()[0].score - 1.0).abs() < 1e-5);
}

#[test]
fn one_to_five_documents_are_all_found() {
    for count in 1..=5 {
        let folder = tempfile::tempdir().unwrap();
        let encoder = TableEncoder::new(clustered(count, 8, 2, 3));
        let options = support::options(folder.path(), count);
        build(&options, &encoder, &mut Unwatched).unwrap();
        let reader = IndexReader::open(&options.out).unwrap();
        assert_eq!(
            reader.search_vectors(encoder.row(0), 10, 64).unwrap().len(),
            count
        );
        assert_eq!(
            reader.search_vectors(encoder.row(0), 10, 64).unwrap(),
            reader.search_exact(encoder.row(0), 10).unwrap()
        );
    }
}

/// Numbers for people, not a test of anything: `cargo test --release -p indexer --test recall -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement of 15,000 random vectors in 384 dimensions"]
fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let count = 15_000;
    for (name, clusters) in [("random", count + QUERIES), ("clustered", 300)] {
        let encoder = TableEncoder::new(clustered(count + QUERIES, 384, clusters, 11));
        let options = support::options(folder.path(), count);
        let summary = build(&options, &encoder, &mut Unwatched).unwrap();
        let start = std::time::Instant::now();
        let reader = IndexReader::open(&options.out).unwrap();
        let opened = start.elapsed();
        println!(
            "{name}: graph {:.1} s, total {:.1} s, opened in {opened:.2?}",
            summary.link_seconds, summary.total_seconds
        );
        println!(
            "  {} links added, {} bytes",
            summary.repaired_links, summary.bytes
        );
        let queries: Vec<&[f32]> = (count..count + QUERIES).map(|i| encoder.row(i)).collect();
        let start = std::time::Instant::now();
        let exact: Vec<_> = queries
            .iter()
            .map(|query| reader.search_exact(query, 10).unwrap())
            .collect();
        println!("  exact: {:.2?} a query", start.elapsed() / QUERIES as u32);
        for ef in [16, 64, 128, 256] {
            let start = std::time::Instant::now();
            let found: Vec<_> = queries
                .iter()
                .map(|query| reader.search_vectors(query, 10, ef).unwrap())
                .collect();
            let time = start.elapsed() / QUERIES as u32;
            let sum: f64 = found
                .iter()
                .zip(&exact)
                .map(|(found, exact)| recall(found, exact))
                .sum();
            println!(
                "  ef {ef}: recall@10 {:.4}, {time:.2?} a query",
                sum / QUERIES as f64
            );
        }
    }
}

/// The width found on documents serves for queries that are none, too.
#[test]
fn a_recall_that_was_asked_for_is_had() {
    const ASKED: f64 = 0.98;
    let folder = tempfile::tempdir().unwrap();
    let (reader, encoder) = made(folder.path());
    let index = support::options(folder.path(), 0).out;
    let tune = |recall| {
        let options = TuneOptions { recall, k: 10 };
        IndexWriter::open(&index)
            .unwrap()
            .tune(options, None, &mut Unwatched)
    };
    let tuning = tune(ASKED).unwrap();
    assert!(tuning.recall >= ASKED && tuning.ef < 200, "{tuning:?}");
    let newest = reader.refresh().unwrap().expect("a new state");
    assert_eq!(newest.manifest().tuning.as_ref(), Some(&tuning));
    let queries = DOCUMENTS..DOCUMENTS + QUERIES;
    let sum: f64 = queries
        .map(|query| encoder.row(query))
        .map(|query| {
            recall(
                &newest.search_vectors(query, 10, tuning.ef).unwrap(),
                &newest.search_exact(query, 10).unwrap(),
            )
        })
        .sum();
    assert!(sum / QUERIES as f64 >= ASKED - 0.02, "{}", sum / QUERIES as f64);
}
