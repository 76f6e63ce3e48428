use super::*;
use crate::Builder;
use crate::blocks::{BLOCK_BYTES, hash_block};
use crate::build::{Parameters, build};
use crate::rows::Rows;

/// The file of 20 rows; with `copies` of the first one, which are its node.
fn whole(copies: usize) -> (Vec<f32>, Vec<u8>) {
    let mut numbers: Vec<f32> = (0..20 * 3)
        .map(|i| ((i * 7919) % 101) as f32 / 50.0 - 1.0)
        .collect();
    (0..copies).for_each(|_| numbers.extend_from_within(..3));
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
    for copies in [0, 5] {
        let (numbers, whole) = whole(copies);
        damage_cannot_do_more(Rows::new(&numbers, 3, 3), &whole);
    }
}

fn damage_cannot_do_more(rows: Rows<'_>, whole: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.bin");
    for offset in 0..whole.len() {
        for value in [0x00, 0x7f, 0xff] {
            let mut bytes = whole.to_vec();
            bytes[offset] = value;
            std::fs::write(&path, &bytes).unwrap();
            let Ok(graph) = MappedFile::open(&path).and_then(Graph::open) else {
                continue;
            };
            graph.reachable().unwrap();
            if let Ok(nodes) = graph.nodes() {
                assert!(
                    nodes
                        .iter()
                        .flat_map(|node| &node.rows)
                        .all(|row| (*row as usize) < rows.len())
                );
            }
            let query = vec![0.5; graph.dimension().min(100)];
            let options = SearchOptions {
                k: 5,
                ef: 8,
                accept: None,
            };
            let found = graph.search(rows, &query, options).unwrap().neighbors;
            assert!(found.iter().all(|found| (found.row as usize) < rows.len()));
        }
    }
}

#[test]
fn a_file_that_is_cut_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.bin");
    for copies in [0, 5] {
        let (_, whole) = whole(copies);
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(
                MappedFile::open(&path).and_then(Graph::open).is_err(),
                "{length} bytes"
            );
        }
    }
}

#[test]
fn queries_of_another_dimension_find_nothing() {
    let (numbers, whole) = whole(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.bin");
    std::fs::write(&path, whole).unwrap();
    let graph = Graph::open(MappedFile::open(&path).unwrap()).unwrap();
    for query in [&[1.0; 2][..], &[1.0; 4]] {
        let options = SearchOptions {
            k: 5,
            ef: 8,
            accept: None,
        };
        assert!(
            graph
                .search(Rows::new(&numbers, 3, 3), query, options)
                .unwrap()
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
            .unwrap()
            .neighbors
            .is_empty()
    );
}

/// Every search of a file whose blocks are checked finds what it found in the whole one, or says that the file is damaged.
#[test]
fn a_byte_that_flips_is_noticed_before_it_changes_what_is_found() {
    let numbers: Vec<f32> = (0..3000 * 16)
        .map(|i| ((i * 7919) % 48_017) as f32 / 24_000.0 - 1.0)
        .collect();
    let rows = Rows::new(&numbers, 16, 16);
    for metric in Metric::ALL {
        let parameters = Parameters {
            m: 4,
            ef_construction: 20,
            metric,
            codes: Codes::Int8,
            builder: Builder::Batches,
        };
        let mut whole = Vec::new();
        let frozen = build(rows, parameters, &mut |_| true).unwrap();
        frozen.write(rows, &mut whole).unwrap();
        let hashes: Vec<_> = whole.chunks(BLOCK_BYTES).map(hash_block).collect();
        assert!(hashes.len() > 10);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.bin");
        let ask = |bytes: &[u8]| -> Result<(Vec<Neighbor>, RowSet)> {
            std::fs::write(&path, bytes).unwrap();
            let graph = Graph::open(MappedFile::open_checked(&path, hashes.clone())?)?;
            let mut found = Vec::new();
            for query in [0, 1400, 2999] {
                let options = SearchOptions {
                    k: 10,
                    ef: 400,
                    accept: None,
                };
                found.extend(graph.search(rows, rows.row(query), options)?.neighbors);
            }
            Ok((found, graph.reachable()?))
        };
        let expected = ask(&whole).unwrap();
        let mut noticed = 0;
        for at in (0..whole.len()).step_by(whole.len() / 97) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            match ask(&bytes) {
                Ok(found) => assert_eq!(found, expected, "{metric:?}, byte {at}"),
                Err(error) => {
                    let start = at / BLOCK_BYTES * BLOCK_BYTES;
                    let place = format!("of the {BLOCK_BYTES} bytes from byte {start}");
                    assert!(error.to_string().contains(&place), "byte {at}: {error}");
                    noticed += 1;
                }
            }
        }
        assert!(noticed > 60, "{noticed}");
        assert!(ask(&whole[..BLOCK_BYTES]).is_err());
    }
}
