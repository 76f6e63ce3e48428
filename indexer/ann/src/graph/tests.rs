use super::*;
use crate::Builder;
use crate::build::{Parameters, build};
use crate::rows::Rows;

fn whole() -> (Vec<f32>, Vec<u8>) {
    let numbers: Vec<f32> = (0..20 * 3)
        .map(|i| ((i * 7919) % 101) as f32 / 50.0 - 1.0)
        .collect();
    let rows = Rows::new(&numbers, 3, 3);
    let parameters = Parameters {
        m: 4,
        ef_construction: 20,
        metric: Metric::Euclidean,
        codes: Codes::Int8,
        builder: Builder::Batches,
    };
    let mut bytes = Vec::new();
    let frozen = build(rows, parameters, &mut |_| true).unwrap();
    frozen.write(rows, &mut bytes).unwrap();
    (numbers, bytes)
}

#[test]
fn no_damage_to_the_file_can_do_more_than_spoil_the_result() {
    let (numbers, whole) = whole();
    let rows = Rows::new(&numbers, 3, 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.bin");
    for offset in 0..whole.len() {
        for value in [0x00, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[offset] = value;
            std::fs::write(&path, &bytes).unwrap();
            let Ok(graph) = Graph::open(&path) else { continue };
            graph.reachable();
            let query = vec![0.5; graph.dimension().min(100)];
            let options = SearchOptions {
                k: 5,
                ef: 8,
                accept: None,
            };
            let found = graph.search(rows, &query, options).neighbors;
            assert!(found.iter().all(|found| (found.row as usize) < rows.len()));
        }
    }
}

#[test]
fn a_file_that_is_cut_is_refused() {
    let (_, whole) = whole();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.bin");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(Graph::open(&path).is_err(), "{length} bytes");
    }
}

#[test]
fn queries_of_another_dimension_find_nothing() {
    let (numbers, whole) = whole();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.bin");
    std::fs::write(&path, whole).unwrap();
    let graph = Graph::open(&path).unwrap();
    for query in [&[1.0; 2][..], &[1.0; 4]] {
        let options = SearchOptions {
            k: 5,
            ef: 8,
            accept: None,
        };
        assert!(
            graph
                .search(Rows::new(&numbers, 3, 3), query, options)
                .neighbors
                .is_empty()
        );
    }
    let zero = SearchOptions {
        k: 0,
        ef: 8,
        accept: None,
    };
    assert!(
        graph
            .search(Rows::new(&numbers, 3, 3), &[1.0; 3], zero)
            .neighbors
            .is_empty()
    );
}
