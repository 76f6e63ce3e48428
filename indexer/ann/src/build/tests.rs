use super::*;
use crate::graph::{Graph, Neighbor, SearchOptions};
use crate::{MappedFile, RowSet, exact};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PARAMETERS: Parameters = Parameters {
    m: 16,
    ef_construction: 100,
    metric: Metric::Cosine,
    codes: Codes::Int8,
    builder: Builder::Batches,
};

/// Vectors around centres, of unit length where the metric asks for it.
fn clustered(count: usize, dimension: usize, metric: Metric) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let centres: Vec<f32> = (0..dimension * 20)
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    let mut numbers = Vec::with_capacity(count * dimension);
    for _ in 0..count {
        let centre = &centres[random.random_range(0..20) * dimension..][..dimension];
        let mut row: Vec<f32> = centre
            .iter()
            .map(|x| x + random.random_range(-0.7..0.7))
            .collect();
        if metric == Metric::Cosine {
            let length = crate::dot(&row, &row).sqrt();
            row.iter_mut().for_each(|x| *x /= length);
        }
        numbers.extend(row);
    }
    numbers
}

fn bytes(rows: Rows<'_>, parameters: Parameters) -> Vec<u8> {
    let frozen = build(rows, parameters, &mut |_| true).unwrap();
    let mut bytes = Vec::new();
    frozen.write(rows, &mut bytes).unwrap();
    bytes
}

fn stored(rows: Rows<'_>, parameters: Parameters) -> (tempfile::TempDir, Graph) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.bin");
    std::fs::write(&path, bytes(rows, parameters)).unwrap();
    let graph = Graph::open(MappedFile::open(&path).unwrap()).unwrap();
    (folder, graph)
}

/// The share of the 10 true neighbours that is found.
fn recall(graph: &Graph, rows: Rows<'_>, queries: Rows<'_>, ef: usize, accept: Option<&RowSet>) -> f64 {
    let (mut found, mut wanted) = (0, 0);
    for i in 0..queries.len() {
        let truth = exact(rows, graph.metric(), queries.row(i), 10, accept);
        let hits = graph
            .search(rows, queries.row(i), SearchOptions { k: 10, ef, accept })
            .unwrap()
            .neighbors;
        assert!(hits.is_sorted_by(|a, b| Neighbor::best_first(a, b).is_lt()));
        wanted += truth.len();
        found += truth.iter().filter(|truth| hits.contains(truth)).count();
    }
    found as f64 / wanted as f64
}

#[test]
fn all_codes_and_metrics_find_the_true_neighbours() {
    for metric in Metric::ALL {
        let numbers = clustered(3100, 48, metric);
        let (vectors, queries) = numbers.split_at(3000 * 48);
        let (rows, queries) = (Rows::new(vectors, 48, 48), Rows::new(queries, 48, 48));
        for (codes, least) in [
            (Codes::Float32, 0.99),
            (Codes::Float16, 0.99),
            (Codes::Int8, 0.98),
            (Codes::Binary, 0.6),
        ] {
            let (_folder, graph) = stored(
                rows,
                Parameters {
                    metric,
                    codes,
                    ..PARAMETERS
                },
            );
            assert_eq!((graph.len(), graph.dimension(), graph.codes()), (3000, 48, codes));
            assert_eq!(graph.reachable().unwrap().count(), 3000);
            let recall = recall(&graph, rows, queries, 100, None);
            assert!(recall >= least, "{metric:?} {codes:?}: {recall}");
            let recall = self::recall(&graph, rows, queries, 3000, None);
            assert!(recall >= 0.999, "{metric:?} {codes:?}: {recall} of all rows");
        }
    }
}

fn by_distance(codes: Codes) -> Parameters {
    Parameters {
        metric: Metric::Euclidean,
        codes,
        ..PARAMETERS
    }
}

/// Distances do not change when everything moves, and neither may what is found.
#[test]
fn neighbours_by_distance_are_found_far_from_the_origin() {
    for offset in [20.0, 100.0] {
        let mut numbers = clustered(3100, 48, Metric::Euclidean);
        numbers.iter_mut().for_each(|x| *x += offset);
        let (vectors, queries) = numbers.split_at(3000 * 48);
        let (rows, queries) = (Rows::new(vectors, 48, 48), Rows::new(queries, 48, 48));
        for codes in [Codes::Float32, Codes::Float16, Codes::Int8] {
            let (_folder, graph) = stored(rows, by_distance(codes));
            for (ef, least) in [(64, 0.95), (3000, 0.999)] {
                let recall = recall(&graph, rows, queries, ef, None);
                println!("{codes:?} {offset} from the origin, ef {ef}: {recall}");
                assert!(
                    recall >= least,
                    "{codes:?} {offset} from the origin, ef {ef}: {recall}"
                );
            }
        }
    }
}

/// Rows so near to each other that half of the numbers of a code say nothing: what is in doubt is compared in full.
#[test]
fn sixteen_bits_that_tell_too_little_are_not_relied_on() {
    for metric in Metric::ALL {
        let mut numbers = clustered(1100, 48, Metric::Euclidean);
        for row in numbers.chunks_mut(48) {
            row.iter_mut().for_each(|x| *x = 1.0 + 2e-3 * *x);
            if metric == Metric::Cosine {
                let length = crate::dot(row, row).sqrt();
                row.iter_mut().for_each(|x| *x /= length);
            }
        }
        let (vectors, queries) = numbers.split_at(1000 * 48);
        let (rows, queries) = (Rows::new(vectors, 48, 48), Rows::new(queries, 48, 48));
        let parameters = Parameters {
            metric,
            codes: Codes::Float16,
            ..PARAMETERS
        };
        let (_folder, graph) = stored(rows, parameters);
        let recall = recall(&graph, rows, queries, 1000, None);
        assert!(recall >= 0.99, "{metric:?}: {recall} of all rows");
    }
}

/// What is nearest to the origin, and to places that codes cannot tell from it.
#[test]
fn queries_of_zeros_and_tiny_ones_have_neighbours_by_distance() {
    let mut numbers = clustered(3000, 16, Metric::Euclidean);
    for (row, place) in numbers.chunks_mut(16).zip(0..) {
        row.iter_mut()
            .for_each(|x| *x *= 1.0 + (place * 37 % 101) as f32 / 20.0);
    }
    let rows = Rows::new(&numbers, 16, 16);
    for codes in [Codes::Float32, Codes::Float16, Codes::Int8] {
        let (_folder, graph) = stored(rows, by_distance(codes));
        for size in [0.0, 1e-40, 1e-30, 1e-9, 1e-5] {
            let query = [size; 16];
            let recall = recall(&graph, rows, Rows::new(&query, 16, 16), 300, None);
            assert!(recall >= 0.9, "{codes:?}, a query of {size:e}: {recall}");
        }
    }
}

/// At every width our graph finds at least as much as that of hnsw_rs does.
#[test]
fn hnsw_rs_builds_a_graph_that_is_searched_the_same_way() {
    let numbers = clustered(3100, 48, Metric::Cosine);
    let (vectors, queries) = numbers.split_at(3000 * 48);
    let (rows, queries) = (Rows::new(vectors, 48, 48), Rows::new(queries, 48, 48));
    let graphs = Builder::ALL.map(|builder| {
        stored(
            rows,
            Parameters {
                builder,
                ..PARAMETERS
            },
        )
    });
    for ef in [10, 20, 100] {
        let [ours, theirs] = graphs
            .each_ref()
            .map(|(_, graph)| recall(graph, rows, queries, ef, None));
        assert!(
            theirs > 0.7 && ours > theirs - 0.02,
            "ef {ef}: {ours} and {theirs}"
        );
    }
    assert!(
        graphs
            .iter()
            .all(|(_, graph)| graph.reachable().unwrap().count() == 3000)
    );
}

#[test]
fn filters_of_any_selectivity_keep_the_recall() {
    let numbers = clustered(4100, 32, Metric::Cosine);
    let (vectors, queries) = numbers.split_at(4000 * 32);
    let (rows, queries) = (Rows::new(vectors, 32, 32), Rows::new(queries, 32, 32));
    let (_folder, graph) = stored(rows, PARAMETERS);
    for part in [2, 10, 100, 1000] {
        let mut accept = RowSet::new(4000);
        for row in (0..4000).step_by(part) {
            accept.insert(row);
        }
        let recall = recall(&graph, rows, queries, 64, Some(&accept));
        assert!(recall >= 0.95, "one in {part}: {recall}");
    }
    let none = RowSet::new(4000);
    let options = SearchOptions {
        k: 5,
        ef: 10,
        accept: Some(&none),
    };
    assert!(
        graph
            .search(rows, queries.row(0), options)
            .unwrap()
            .neighbors
            .is_empty()
    );
}

#[test]
fn any_number_of_threads_builds_the_same_bytes() {
    let numbers = clustered(2500, 20, Metric::Euclidean);
    let rows = Rows::new(&numbers, 20, 20);
    let parameters = Parameters {
        metric: Metric::Euclidean,
        ..PARAMETERS
    };
    let built = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| bytes(rows, parameters))
    };
    let one = built(1);
    assert!(one == built(2) && one == built(5));
}

#[test]
fn tiny_sets_are_found_whole() {
    for (count, builder) in (1..=20).flat_map(|count| Builder::ALL.map(|builder| (count, builder))) {
        let numbers = clustered(count, 3, Metric::Cosine);
        let rows = Rows::new(&numbers, 3, 3);
        let (_folder, graph) = stored(
            rows,
            Parameters {
                builder,
                ..PARAMETERS
            },
        );
        for row in 0..count {
            let options = SearchOptions {
                k: 100,
                ef: 1,
                accept: None,
            };
            let found = graph.search(rows, rows.row(row), options).unwrap().neighbors;
            assert_eq!(
                found,
                exact(rows, Metric::Cosine, rows.row(row), 100, None),
                "{count} rows"
            );
            assert_eq!(found.len(), count);
        }
    }
}

#[test]
fn rows_that_are_all_the_same_or_zero_stay_reachable() {
    for (value, builder) in [1.0, 0.0]
        .into_iter()
        .flat_map(|value| Builder::ALL.map(|builder| (value, builder)))
    {
        let numbers = vec![value; 900];
        let (_folder, graph) = stored(
            Rows::new(&numbers, 1, 1),
            Parameters {
                builder,
                ..PARAMETERS
            },
        );
        assert_eq!(graph.reachable().unwrap().count(), 900);
    }
}

#[test]
fn nothing_comes_of_a_build_that_is_stopped() {
    let numbers = clustered(500, 4, Metric::Cosine);
    let mut rows = 0;
    let mut progress = |more| {
        rows += more;
        rows < 100
    };
    assert!(build(Rows::new(&numbers, 4, 4), PARAMETERS, &mut progress).is_none());
    assert!((100..200).contains(&rows));
}

/// Many rows that a graph cannot tell apart take nothing from the others, and are found as exact search finds them.
#[test]
fn rows_with_equal_codes_are_one_node() {
    const DISTINCT: usize = 1500;
    for builder in [Builder::Batches, Builder::HnswRs] {
        for metric in [Metric::Cosine, Metric::Euclidean] {
            let mut numbers = clustered(DISTINCT, 24, metric);
            for copy in 0..3000 {
                let of = copy % 3 * 500;
                numbers.extend_from_within(of * 24..(of + 1) * 24);
            }
            let rows = Rows::new(&numbers, 24, 24);
            let parameters = Parameters {
                metric,
                builder,
                ..PARAMETERS
            };
            let (_folder, graph) = stored(rows, parameters);
            assert_eq!((graph.len(), graph.nodes().unwrap().len()), (4500, DISTINCT));
            assert_eq!(graph.reachable().unwrap().count(), 4500);
            let some: Vec<f32> = (0..DISTINCT)
                .step_by(25)
                .flat_map(|row| rows.row(row).to_vec())
                .collect();
            let queries = Rows::new(&some, 24, 24);
            assert!(
                recall(&graph, rows, queries, 64, None) > 0.99,
                "{builder:?} {metric:?}"
            );
            // Of a thousand copies the first ones, and of those that are accepted, too.
            let mut accept = RowSet::new(4500);
            for row in 2000..4500 {
                accept.insert(row);
            }
            for accept in [None, Some(&accept)] {
                let options = SearchOptions {
                    k: 30,
                    ef: 64,
                    accept,
                };
                let found = graph.search(rows, rows.row(500), options).unwrap().neighbors;
                assert_eq!(found, exact(rows, metric, rows.row(500), 30, accept));
            }
        }
    }
}
