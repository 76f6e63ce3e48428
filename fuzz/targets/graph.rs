//! A graph's file with parts overwritten opens or does not, and what is found in it are rows that there are.
#![no_main]

use std::sync::OnceLock;

use indexer_ann::build::{Parameters, build};
use indexer_ann::{Builder, Codes, Graph, MappedFile, Metric, RowSet, Rows, SearchOptions};
use libfuzzer_sys::fuzz_target;

const COUNT: usize = 300;
const DIMENSION: usize = 24;

/// Numbers between -1 and 1 from a linear congruential generator.
fn vectors() -> Vec<f32> {
    let mut state = 7_u64;
    (0..COUNT * DIMENSION)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// The vectors and, for each form of codes, a whole file.
fn whole() -> &'static (Vec<f32>, Vec<Vec<u8>>) {
    static WHOLE: OnceLock<(Vec<f32>, Vec<Vec<u8>>)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let vectors = vectors();
        let rows = Rows::new(&vectors, DIMENSION, DIMENSION);
        let files = [Codes::Float32, Codes::Float16, Codes::Int8, Codes::Binary].map(|codes| {
            let parameters = Parameters {
                m: 6,
                ef_construction: 40,
                metric: Metric::Dot,
                codes,
                builder: Builder::Batches,
            };
            let mut file = Vec::new();
            let frozen = build(rows, parameters, &mut |_| true).unwrap();
            frozen.write(rows, &mut file).unwrap();
            file
        });
        (vectors, files.into())
    })
}

fuzz_target!(|input: (u8, u16, Vec<(u32, u32)>)| {
    let (which, cut, patches) = input;
    let (vectors, files) = whole();
    let mut file = files[usize::from(which) % files.len()].clone();
    for (at, number) in patches {
        // Every other one into the header.
        let end = if at % 2 == 0 { 128 } else { file.len() - 4 };
        let at = (at / 2) as usize % end;
        file[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    if cut % 8 == 0 {
        file.truncate(file.len() - usize::from(cut) % file.len());
    }
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = folder.path().join("graph.bin");
    std::fs::write(&path, &file).unwrap();
    let Ok(graph) = MappedFile::open(&path).and_then(Graph::open) else { return };
    let mut half = RowSet::new(COUNT);
    for row in (0..COUNT as u32).step_by(2) {
        half.insert(row);
    }
    for accept in [None, Some(&half)] {
        let options = SearchOptions { k: 5, ef: 30, accept };
        let found = graph.search(
            Rows::new(vectors, DIMENSION, DIMENSION),
            &vectors[..DIMENSION],
            options,
        ).unwrap();
        assert!(found.neighbors.iter().all(|near| (near.row as usize) < COUNT));
        assert!(accept.is_none_or(|rows| found.neighbors.iter().all(|near| rows.contains(near.row))));
    }
    let _ = graph.reachable();
});
