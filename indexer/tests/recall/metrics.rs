//! Inner products and distances, where the lengths of vectors count: found as exact search finds them, in one segment and
//! in several, with every kind of code, with deleted rows and filters.

use std::path::Path;

use encoder::vectors::{Neighbor, Vectors};
use indexer::build::{AddOptions, BuildOptions, IndexWriter, Known, TuneOptions, Unwatched, build};
use indexer::verify::verify;
use indexer::{Builder, Codes, Filter, HnswRecord, IndexReader, Metric};

use super::{TableEncoder, clustered, recall, support};

const DOCUMENTS: usize = 3_000;
const QUERIES: usize = 100;
const DIMENSION: usize = 48;

/// Clustered directions with lengths from `unit` to `range` times that, long ones seldom.
fn of_all_lengths(unit: f32, range: f32) -> TableEncoder {
    let directions = clustered(DOCUMENTS + QUERIES, DIMENSION, 60, 7);
    let mut vectors = Vectors::new(DIMENSION);
    for (row, direction) in directions.rows().enumerate() {
        let length = unit * range.powf((row * 37 % 101) as f32 / 100.0);
        vectors.push(&direction.iter().map(|x| x * length).collect::<Vec<_>>());
    }
    TableEncoder::new(vectors)
}

fn options(folder: &Path, hnsw: HnswRecord) -> BuildOptions {
    let options = BuildOptions {
        hnsw,
        ..support::options(folder, DOCUMENTS)
    };
    let rows: String = (0..DOCUMENTS)
        .map(|i| format!("{{\"id\":\"{i}\",\"text\":\"{i}\",\"tenth\":{}}}\n", i % 10))
        .collect();
    std::fs::write(&options.inputs[0], rows).unwrap();
    options
}

/// What is nearest by a computation of its own.
fn nearest(
    metric: Metric,
    encoder: &TableEncoder,
    query: &[f32],
    rows: impl Iterator<Item = usize>,
) -> Vec<Neighbor> {
    let score = |row: usize| -> f64 {
        let pairs = query.iter().zip(encoder.row(row));
        let pairs = pairs.map(|(x, y)| (f64::from(*x), f64::from(*y)));
        match metric {
            Metric::Euclidean => -pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>(),
            _ => pairs.map(|(x, y)| x * y).sum(),
        }
    };
    let mut all: Vec<Neighbor> = rows
        .map(|row| Neighbor {
            row: row as u32,
            score: score(row) as f32,
        })
        .collect();
    all.sort_by(Neighbor::best_first);
    all.truncate(10);
    all
}

/// Mean recall@10 of walks; and that exact search and filters agree with [`nearest`].
fn check(reader: &IndexReader, encoder: &TableEncoder, live: impl Fn(usize) -> bool) -> f64 {
    let metric = reader.manifest().hnsw.metric;
    let tenth = reader.matching(&Filter::parse("tenth = 3").unwrap()).unwrap();
    let mut sum = 0.0;
    for query in DOCUMENTS..DOCUMENTS + QUERIES {
        let query = encoder.row(query);
        let truth = nearest(metric, encoder, query, (0..DOCUMENTS).filter(|row| live(*row)));
        let exact = reader.search_exact(query, 10).unwrap();
        assert!(recall(&exact, &truth) >= 0.9, "{exact:?}, expected {truth:?}");
        for (found, right) in exact.iter().zip(&truth) {
            assert!(
                (found.score - right.score).abs() <= 1e-4 * right.score.abs(),
                "{found:?}, expected {right:?}"
            );
        }
        sum += recall(&reader.search_vectors(query, 10, 64).unwrap(), &exact);
        let among = nearest(
            metric,
            encoder,
            query,
            (3..DOCUMENTS).step_by(10).filter(|row| live(*row)),
        );
        let (found, _) = reader.search_vectors_among(query, 10, 64, &tenth).unwrap();
        assert!(recall(&found, &among) >= 0.7, "{found:?}, expected {among:?}");
    }
    sum / QUERIES as f64
}

/// How many times as long as the shortest row the longest is. One scale for all leaves a short row a step or two a
/// coordinate: those with equal codes are compared in full.
const RANGE: f32 = 64.0;

#[test]
fn every_metric_is_found_in_every_code() {
    for metric in [Metric::Dot, Metric::Euclidean] {
        // Binary codes know no lengths.
        for codes in [Codes::Int8, Codes::Float16, Codes::Float32] {
            for unit in [1.0, 1e-6, 1e6] {
                let folder = tempfile::tempdir().unwrap();
                let encoder = of_all_lengths(unit, RANGE);
                let hnsw = HnswRecord {
                    metric,
                    codes,
                    ..HnswRecord::default()
                };
                let options = options(folder.path(), hnsw);
                build(&options, &encoder, &mut Unwatched).unwrap();
                let reader = IndexReader::open(&options.out).unwrap();
                for row in [0, 17, 2999] {
                    assert_eq!(
                        reader.vector(row).unwrap(),
                        encoder.row(row as usize),
                        "stored as it came"
                    );
                }
                let mean = check(&reader, &encoder, |_| true);
                println!("{metric:?} {codes:?} times {unit:e}: recall@10 {mean:.4}");
                assert!(
                    mean >= 0.95,
                    "{metric:?} {codes:?} times {unit:e}: recall@10 is {mean}"
                );
            }
        }
    }
}

#[test]
fn segments_and_deleted_rows_keep_the_metric() {
    for metric in [Metric::Dot, Metric::Euclidean] {
        let folder = tempfile::tempdir().unwrap();
        let encoder = of_all_lengths(1.0, RANGE);
        let hnsw = HnswRecord {
            metric,
            ..HnswRecord::default()
        };
        let options = options(folder.path(), hnsw);
        let all = std::fs::read_to_string(&options.inputs[0]).unwrap();
        let (first, second) = all.split_at(all.find("{\"id\":\"2000\"").unwrap());
        std::fs::write(&options.inputs[0], first).unwrap();
        build(&options, &encoder, &mut Unwatched).unwrap();
        let more = folder.path().join("more.jsonl");
        std::fs::write(&more, second).unwrap();
        let adding = AddOptions {
            inputs: vec![more],
            columns: Default::default(),
            known: Known::Refuse,
            model: "table".into(),
            memory: None,
        };
        let writer = || IndexWriter::open(&options.out).unwrap();
        writer().add(&adding, &encoder, &mut Unwatched).unwrap();
        let gone: Vec<String> = (0..DOCUMENTS).step_by(3).map(|row| row.to_string()).collect();
        writer().delete(&gone, false).unwrap();
        let reader = IndexReader::open(&options.out).unwrap();
        assert_eq!(reader.manifest().segments.len(), 2);
        let mean = check(&reader, &encoder, |row| row % 3 != 0);
        assert!(mean >= 0.95, "{metric:?}: recall@10 is {mean}");
        let report = verify(&options.out, None, &mut Unwatched).unwrap();
        assert!(report.is_sound(), "{metric:?}: {:?}", report.faults.first());

        writer().compact(None, &mut Unwatched).unwrap();
        let reader = IndexReader::open(&options.out).unwrap();
        assert_eq!(
            (reader.manifest().segments.len(), reader.manifest().hnsw.metric),
            (1, metric)
        );
        assert_eq!(reader.vector(0).unwrap(), encoder.row(1));
    }
}

#[test]
fn hnsw_rs_links_by_distance_and_refuses_inner_products() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = of_all_lengths(1.0, RANGE);
    let hnsw = |metric| HnswRecord {
        metric,
        builder: Builder::HnswRs,
        ..HnswRecord::default()
    };
    let by_distance = options(folder.path(), hnsw(Metric::Euclidean));
    build(&by_distance, &encoder, &mut Unwatched).unwrap();
    let mean = check(&IndexReader::open(&by_distance.out).unwrap(), &encoder, |_| true);
    assert!(mean >= 0.95, "recall@10 is {mean}");
    let refused = options(folder.path(), hnsw(Metric::Dot)).check().unwrap_err();
    assert!(refused.to_string().contains("--builder hnsw_rs"), "{refused}");
}

#[test]
fn zeros_are_a_place_but_no_direction() {
    let folder = tempfile::tempdir().unwrap();
    let mut vectors = Vectors::new(2);
    for row in [[3.0, 0.0], [0.0, 0.0], [0.5, 0.5], [-1.0, 0.0]] {
        vectors.push(&row);
    }
    let encoder = TableEncoder::new(vectors);
    for (metric, to_zeros, to_right) in [
        (Metric::Cosine, vec![], vec![0, 2, 3]),
        (Metric::Dot, vec![], vec![0, 2, 1, 3]),
        (Metric::Euclidean, vec![1, 2, 3, 0], vec![2, 1, 0, 3]),
    ] {
        let hnsw = HnswRecord {
            metric,
            ..HnswRecord::default()
        };
        let options = BuildOptions {
            hnsw,
            ..support::options(folder.path(), 4)
        };
        build(&options, &encoder, &mut Unwatched).unwrap();
        let reader = IndexReader::open(&options.out).unwrap();
        let ask = |query: [f32; 2]| -> Vec<u32> {
            let walked = reader.search_vectors(&query, 4, 16).unwrap();
            assert_eq!(walked, reader.search_exact(&query, 4).unwrap(), "{metric:?}");
            walked.iter().map(|hit| hit.row).collect()
        };
        assert_eq!(ask([0.0, 0.0]), to_zeros, "{metric:?}");
        assert_eq!(ask([1.0, 0.0]), to_right, "{metric:?}");
        assert!(ask([f32::NAN, 0.0]).is_empty() && ask([1e30, 0.0]).is_empty());
        let report = verify(&options.out, None, &mut Unwatched).unwrap();
        assert!(report.is_sound(), "{metric:?}: {:?}", report.faults.first());
    }
}

#[test]
fn distances_are_found_far_from_the_origin() {
    for codes in [Codes::Int8, Codes::Float16, Codes::Float32] {
        for offset in [20.0, 100.0] {
            let folder = tempfile::tempdir().unwrap();
            let mut vectors = Vectors::new(DIMENSION);
            for row in clustered(DOCUMENTS + QUERIES, DIMENSION, 60, 7).rows() {
                vectors.push(&row.iter().map(|x| 4.0 * x + offset).collect::<Vec<_>>());
            }
            let encoder = TableEncoder::new(vectors);
            let hnsw = HnswRecord {
                metric: Metric::Euclidean,
                codes,
                ..HnswRecord::default()
            };
            let options = options(folder.path(), hnsw);
            build(&options, &encoder, &mut Unwatched).unwrap();
            let mean = check(&IndexReader::open(&options.out).unwrap(), &encoder, |_| true);
            println!("{codes:?}, {offset} from the origin: recall@10 {mean:.4}");
            assert!(
                mean >= 0.95,
                "{codes:?}, {offset} from the origin: recall@10 is {mean}"
            );
        }
    }
}

/// Rows of which half are rounded down in every number and half are rounded up, by one row that sets the scale: so much
/// is no chance, and more than any doubt allows for.
fn of_rounding_that_always_goes_one_way() -> TableEncoder {
    let mut vectors = Vectors::new(DIMENSION);
    vectors.push(&[127.0; DIMENSION]);
    let mut state = 7_u64;
    for row in 1..DOCUMENTS + QUERIES {
        let beyond = if row % 2 == 0 { 0.49 } else { 0.51 };
        let numbers = (0..DIMENSION).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            40.0 + (state >> 63) as f32 + beyond
        });
        vectors.push(&numbers.collect::<Vec<_>>());
    }
    TableEncoder::new(vectors)
}

#[test]
fn a_recall_that_no_width_reaches_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = of_rounding_that_always_goes_one_way();
    let hnsw = HnswRecord {
        metric: Metric::Dot,
        ..HnswRecord::default()
    };
    let options = options(folder.path(), hnsw);
    build(&options, &encoder, &mut Unwatched).unwrap();
    let wanted = TuneOptions { recall: 1.0, k: 10 };
    let writer = IndexWriter::open(&options.out).unwrap();
    let error = writer.tune(wanted, None, &mut Unwatched).unwrap_err().to_string();
    assert!(
        error.contains("expected a recall of 1, found 0.") && error.contains("ef 3000"),
        "{error}"
    );
    let reader = IndexReader::open(&options.out).unwrap();
    assert!(reader.manifest().tuning.is_none());
}
