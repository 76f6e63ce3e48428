//! Vectors with a seed, and an encoder that hands them out.

use std::path::Path;
use std::time::Duration;

use encoder::model::Fingerprint;
use encoder::testing::HashEncoder;
use encoder::vectors::Vectors;
use encoder::{Encoded, Encoder, Result};
use indexer::HnswRecord;
use indexer::build::BuildOptions;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Unit vectors around `clusters` random directions, in random order of the clusters.
pub fn clustered(count: usize, dimension: usize, clusters: usize, seed: u64) -> Vectors {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut direction = || -> Vec<f32> { (0..dimension).map(|_| gauss(&mut random)).collect() };
    let centers: Vec<Vec<f32>> = (0..clusters).map(|_| direction()).collect();
    let noise: Vec<Vec<f32>> = (0..count).map(|_| direction()).collect();
    let mut vectors = Vectors::new(dimension);
    for noise in noise {
        let center = &centers[random.random_range(0..clusters)];
        let mut row: Vec<f32> = center
            .iter()
            .zip(&noise)
            .map(|(center, noise)| center + 0.7 * noise)
            .collect();
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= length);
        vectors.push(&row);
    }
    vectors
}

fn gauss(random: &mut ChaCha8Rng) -> f32 {
    let (radius, angle): (f32, f32) = (random.random(), random.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (angle * std::f32::consts::TAU).cos()
}

/// Encodes the text "17" as row 17 of a table.
pub struct TableEncoder {
    rows: Vectors,
    fingerprint: Fingerprint,
}

impl TableEncoder {
    pub fn new(rows: Vectors) -> Self {
        let fingerprint = HashEncoder::new(rows.dimension()).fingerprint().clone();
        Self { rows, fingerprint }
    }

    pub fn row(&self, i: usize) -> &[f32] {
        self.rows.row(i)
    }
}

impl Encoder for TableEncoder {
    fn dimension(&self) -> usize {
        self.rows.dimension()
    }

    fn max_length(&self) -> usize {
        self.fingerprint.max_length
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn encode_queries(&self, texts: &[&str]) -> Result<Encoded> {
        let mut vectors = Vectors::new(self.dimension());
        texts
            .iter()
            .for_each(|text| vectors.push(self.row(text.parse().expect("a row"))));
        Ok(Encoded {
            vectors,
            truncated: 0,
            tokens: texts.len(),
        })
    }

    fn encode_documents(&self, texts: &[&str]) -> Result<Encoded> {
        self.encode_queries(texts)
    }
}

/// Options for an index `made.index` of the first `count` rows of a table.
pub fn options(folder: &Path, count: usize) -> BuildOptions {
    let input = folder.join("rows.jsonl");
    let rows: String = (0..count)
        .map(|i| format!("{{\"id\":\"{i}\",\"text\":\"{i}\"}}\n"))
        .collect();
    std::fs::write(&input, rows).unwrap();
    BuildOptions {
        inputs: vec![input],
        columns: Default::default(),
        out: folder.join("made.index"),
        force: true,
        model: "table".into(),
        computing: "table".into(),
        memory: None,
        worth_keeping: Duration::MAX,
        hnsw: HnswRecord {
            m: 16,
            ef_construction: 200,
            ..Default::default()
        },
    }
}
