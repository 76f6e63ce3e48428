//! `index export` into hnswlib's own file.

use std::fs;

use indexer::IndexReader;

use super::workplace::Workplace;

/// A file of hnswlib, read as its `loadIndex` does.
struct Hnswlib {
    bytes: Vec<u8>,
    at: usize,
}

impl Hnswlib {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        self.at += N;
        self.bytes[self.at - N..self.at].try_into().unwrap()
    }

    fn size(&mut self) -> usize {
        u64::from_le_bytes(self.take()) as usize
    }

    fn number(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn numbers(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.number()).collect()
    }
}

#[test]
fn hnswlib_gets_vectors_graph_and_labels() {
    let place = Workplace::with_index();
    place.succeeds(&["delete", "corpus.index", "flu"]);
    place.succeeds(&["export", "--out", "g.hnsw"]);
    let ids = fs::read_to_string(place.path("g.hnsw.ids.jsonl")).unwrap();
    assert_eq!(ids, "{\"id\":\"gout\"}\n{\"id\":\"rest\"}\n{\"id\":\"ecg\"}\n");
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    let dimension = reader.manifest().dimension;
    let mut file = Hnswlib {
        bytes: fs::read(place.path("g.hnsw")).unwrap(),
        at: 0,
    };
    let (width, label) = (32, 4 + 4 * 32 + 4 * dimension);
    let sizes: Vec<usize> = (0..6).map(|_| file.size()).collect();
    assert_eq!(sizes, [0, 4, 4, label + 8, label, 4 + 4 * width]);
    let (top, entry) = (file.number(), file.number());
    assert!(entry < 4);
    assert_eq!([file.size(), file.size(), file.size()], [16, width, 16]);
    assert!((f64::from_le_bytes(file.take()) - 1.0 / 16_f64.ln()).abs() < 1e-12);
    assert_eq!(file.size(), 200);
    let mut found = Vec::new();
    for node in 0..4 {
        let [count, _, mark, _] = file.take();
        let near = file.numbers(width);
        assert!(
            near[..usize::from(count)]
                .iter()
                .all(|near| *near < 4 && *near != node)
        );
        assert!(count > 0 && near[usize::from(count)..].iter().all(|near| *near == 0));
        let vector: Vec<f32> = file.numbers(dimension).into_iter().map(f32::from_bits).collect();
        found.push((file.size(), mark, vector));
    }
    for _ in 0..4 {
        let bytes = file.number();
        assert!(bytes <= top * (4 + 4 * 16) && bytes.is_multiple_of(4 + 4 * 16));
        file.at += bytes as usize;
    }
    assert_eq!(file.at, file.bytes.len());
    found.sort_by_key(|element| element.0);
    // Live documents in their order, then the deleted one.
    for ((label, mark, vector), (expected, row)) in found.iter().zip([0, 2, 3, 1].into_iter().enumerate()) {
        assert_eq!((*label, *mark), (expected, u8::from(row == 1)));
        assert_eq!(vector, reader.vector(row).unwrap());
    }
    place.write(
        "more.jsonl",
        "{\"_id\":\"new\",\"title\":\"\",\"text\":\"A cough.\"}\n",
    );
    place.succeeds(&["add", "corpus.index", "more.jsonl"]);
    place.fails(
        &["export", "--out", "two.hnsw"],
        &["corpus.index", "one segment", "2 segments", "index compact"],
    );
}
