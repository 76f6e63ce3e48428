//! Filters: nothing that they exclude is found, and of what they let through as much as without them, whether the index
//! is one segment or several with deleted rows.

use std::collections::BTreeSet;
use std::path::Path;

use encoder::vectors::{Neighbor, dot};
use indexer::build::{AddOptions, IndexWriter, Known, Unwatched, build};
use indexer::{Filter, IndexReader, Strategy};

use super::{DIMENSION, TableEncoder, clustered, recall, support};

/// So many that one in a thousand are ten.
const DOCUMENTS: usize = 12_000;
const QUERIES: usize = 100;

/// Rows of the table that the index is built of; the rest is added.
const BUILT: usize = 7_000;

/// Documents with columns: `half`, `tenth` … are 0 for that share of them, and `ahead` is true for those on one side of
/// the origin, far from which a walk can begin.
fn lines(encoder: &TableEncoder, rows: std::ops::Range<usize>) -> String {
    rows.map(|i| {
        let columns = serde_json::json!({"id": i.to_string(), "text": i.to_string(), "half": i % 2, "tenth": i % 10,
            "hundredth": i % 100, "thousandth": i % 1000, "ahead": encoder.row(i)[0] > 0.15});
        format!("{columns}\n")
    })
    .collect()
}

fn made(folder: &Path, built: usize) -> (IndexReader, TableEncoder) {
    let encoder = TableEncoder::new(clustered(DOCUMENTS + QUERIES, DIMENSION, 100, 7));
    let options = support::options(folder, built);
    std::fs::write(&options.inputs[0], lines(&encoder, 0..built)).unwrap();
    build(&options, &encoder, &mut Unwatched).unwrap();
    if built < DOCUMENTS {
        let more = folder.join("more.jsonl");
        std::fs::write(&more, lines(&encoder, built..DOCUMENTS)).unwrap();
        let adding = AddOptions {
            inputs: vec![more],
            columns: Default::default(),
            known: Known::Refuse,
            model: "table".into(),
            memory: None,
        };
        let writer = IndexWriter::open(&options.out).unwrap();
        writer.add(&adding, &encoder, &mut Unwatched).unwrap();
        // Every seventh document of both segments.
        let gone: Vec<String> = (0..DOCUMENTS).step_by(7).map(|row| row.to_string()).collect();
        IndexWriter::open(&options.out)
            .unwrap()
            .delete(&gone, false)
            .unwrap();
    }
    (IndexReader::open(&options.out).unwrap(), encoder)
}

/// The ten nearest of `rows`, each compared.
fn nearest(reader: &IndexReader, query: &[f32], rows: &BTreeSet<u32>) -> Vec<Neighbor> {
    let score = |row: &u32| Neighbor {
        row: *row,
        score: dot(query, reader.vector(*row).unwrap()),
    };
    let mut all: Vec<Neighbor> = rows.iter().map(score).collect();
    all.sort_by(Neighbor::best_first);
    all.truncate(10);
    all
}

/// Checks each filter on an index whose first `built` documents are its first segment; gives the figures.
fn check(built: usize) -> String {
    let mut figures = String::new();
    let folder = tempfile::tempdir().unwrap();
    let (reader, encoder) = made(folder.path(), built);
    let deleted = |row: u32| built < DOCUMENTS && row.is_multiple_of(7);
    let matches: [(&str, &dyn Fn(u32) -> bool); 7] = [
        ("half = 0", &|row| row.is_multiple_of(2)),
        ("tenth = 0", &|row| row.is_multiple_of(10)),
        ("hundredth = 3", &|row| row % 100 == 3),
        ("thousandth = 5", &|row| row % 1000 == 5),
        ("ahead = true", &|row| encoder.row(row as usize)[0] > 0.15),
        ("not ahead = true", &|row| encoder.row(row as usize)[0] <= 0.15),
        ("tenth = 1 and hundredth = 2", &|_| false),
    ];
    for (text, matches) in matches {
        let matching = reader.matching(&Filter::parse(text).unwrap()).unwrap();
        let rows: BTreeSet<u32> = (0..DOCUMENTS as u32)
            .filter(|row| matches(*row) && !deleted(*row))
            .collect();
        assert_eq!(matching.rows().collect::<BTreeSet<_>>(), rows, "{text}");
        assert_eq!(matching.count(), rows.len(), "{text}");
        let (mut sum, mut walked) = (0.0, 0);
        for query in (DOCUMENTS..DOCUMENTS + QUERIES).map(|query| encoder.row(query)) {
            let (found, strategy) = reader.search_vectors_among(query, 10, 64, &matching).unwrap();
            let exact = nearest(&reader, query, &rows);
            assert!(
                found.len() == exact.len() && found.iter().all(|hit| rows.contains(&hit.row)),
                "{text}"
            );
            assert!(found.is_sorted_by(|a, b| Neighbor::best_first(a, b).is_lt()));
            sum += if exact.is_empty() {
                1.0
            } else {
                recall(&found, &exact)
            };
            match strategy {
                Strategy::Exact => assert!(exact.is_empty() || recall(&found, &exact) == 1.0, "{text}"),
                Strategy::Walk => walked += 1,
            }
        }
        let mean = sum / QUERIES as f64;
        figures += &format!(
            "{text}: {} documents, recall@10 {mean:.4}, {walked} of {QUERIES} walked\n",
            rows.len()
        );
        assert!(mean >= 0.95, "{text}: recall@10 is {mean}");
    }
    assert!(
        reader
            .search_vectors_among(encoder.row(1), 0, 9, &all(&reader))
            .unwrap()
            .0
            .is_empty()
    );
    assert!(
        reader
            .search_vectors_among(&[0.0; DIMENSION], 9, 9, &all(&reader))
            .unwrap()
            .0
            .is_empty()
    );
    assert!(
        reader
            .search_vectors_among(&[1.0], 9, 9, &all(&reader))
            .unwrap()
            .0
            .is_empty()
    );
    figures
}

fn all(reader: &IndexReader) -> indexer::Matching {
    reader.matching(&Filter::parse("exists(half)").unwrap()).unwrap()
}

#[test]
fn in_one_segment() {
    print!("{}", check(DOCUMENTS));
}

#[test]
fn in_two_segments_with_deleted_rows() {
    print!("{}", check(BUILT));
}

#[test]
fn words_have_the_scores_that_they_have_without_a_filter() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, _) = made(folder.path(), BUILT);
    let query = "41 141 3041 4141";
    let every = reader.search_words(query, 100).unwrap();
    let matching = reader
        .matching(&Filter::parse("hundredth = 41").unwrap())
        .unwrap();
    let found = reader.search_words_among(query, 100, &matching).unwrap();
    assert!(found.len() >= 3, "{found:?}");
    assert_eq!(found, every);
    let matching = reader
        .matching(&Filter::parse("thousandth = 141").unwrap())
        .unwrap();
    let rows: BTreeSet<u32> = matching.rows().collect();
    let expected: Vec<Neighbor> = every.into_iter().filter(|hit| rows.contains(&hit.row)).collect();
    assert_eq!(
        reader.search_words_among(query, 100, &matching).unwrap(),
        expected
    );
    assert!(!expected.is_empty());
}
