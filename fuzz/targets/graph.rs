//! A graph's file with parts overwritten opens or does not, and what is found in it are rows that there are.
#![no_main]

use std::sync::OnceLock;

use indexer_ann::build::{Parameters, build};
use indexer_ann::{Builder, Codes, Graph, MappedFile, Metric, RowSet, Rows, SearchOptions};
use libfuzzer_sys::fuzz_target;

const COUNT: usize = 300;
const DIMENSION: usize = 24;

/// Vectors of numbers between -1 and 1 from a linear congruential generator, of which `different` are different.
fn vectors(different: usize) -> Vec<f32> {
    let mut state = 7_u64;
    let numbers: Vec<f32> = (0..different * DIMENSION)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect();
    numbers.iter().copied().cycle().take(COUNT * DIMENSION).collect()
}

/// For each form of codes whole files, with the vectors that they are of: all different, and some equal to others.
fn whole() -> &'static [(Vec<f32>, Vec<u8>)] {
    static WHOLE: OnceLock<Vec<(Vec<f32>, Vec<u8>)>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let all = [COUNT, COUNT - 40].into_iter().flat_map(|different| {
            [Codes::Float32, Codes::Float16, Codes::Int8, Codes::Binary].map(|codes| (different, codes))
        });
        all.map(|(different, codes)| {
            let vectors = vectors(different);
            let rows = Rows::new(&vectors, DIMENSION, DIMENSION);
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
            (vectors, file)
        })
        .collect()
    })
}

fuzz_target!(|input: (u8, u16, Vec<(u32, u32)>)| {
    let (which, cut, patches) = input;
    let (vectors, file) = &whole()[usize::from(which) % whole().len()];
    let mut file = file.clone();
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
