//! Builds a graph of vectors in a file, searches it at several widths, and prints what that took as one JSON object.
//! `cargo xtask bench ann` runs it beside its peers.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program for developers"
)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use indexer_ann::build::{Parameters, build};
use indexer_ann::{Graph, Rows, SearchOptions};
use serde_json::json;

/// Numbers with their row length, as `.fbin` and `.ibin` files have them: count, dimension, numbers.
struct Table<T> {
    dimension: usize,
    numbers: Vec<T>,
}

fn read<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(path: &str) -> Table<T> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let dimension = u32::from_le_bytes(*bytes[4..].first_chunk().unwrap()) as usize;
    let numbers = bytes[8..]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|x| bytemuck::pod_read_unaligned(x))
        .collect();
    Table { dimension, numbers }
}

/// Kilobytes that the process holds (`VmRSS`) and has held at most (`VmHWM`).
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options: HashMap<&str, &str> = words
        .chunks(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str()))
        .collect();
    let get = |name: &str, default: &'static str| options.get(name).copied().unwrap_or(default);
    let threads: usize = get("--threads", "1").parse().unwrap();
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .unwrap();
    let vectors: Table<f32> = read(options["--vectors"]);
    let queries: Table<f32> = read(options["--queries"]);
    let truth: Table<u32> = read(options["--truth"]);
    let rows = Rows::new(&vectors.numbers, vectors.dimension, vectors.dimension);
    let out = Path::new(get("--out", "graph.bin"));
    let start = Instant::now();
    let mut object = json!({"vectors": rows.len(), "dimension": rows.dimension()});
    if get("--skip-build", "no") == "no" {
        let parameters = Parameters {
            m: get("--m", "16").parse().unwrap(),
            ef_construction: get("--ef-construction", "200").parse().unwrap(),
            metric: get("--metric", "cosine").parse().unwrap(),
            codes: get("--codes", "int8").parse().unwrap(),
        };
        let frozen = build(rows, parameters, &mut |_| true).unwrap();
        object["build_seconds"] = json!(start.elapsed().as_secs_f64());
        object["repaired_links"] = json!(frozen.repaired_links);
        let mut file = BufWriter::with_capacity(1 << 20, File::create(out).unwrap());
        frozen.write(rows, &mut file).unwrap();
        file.flush().unwrap();
        object["build_and_write_seconds"] = json!(start.elapsed().as_secs_f64());
    }
    object["bytes"] = json!(std::fs::metadata(out).unwrap().len());
    let start = Instant::now();
    let graph = Graph::open(out).unwrap();
    object["open_seconds"] = json!(start.elapsed().as_secs_f64());
    let k: usize = get("--k", "10").parse().unwrap();
    let curve: Vec<_> = get("--ef", "10,12,16,24,32,48,64,96,128,192,256,384,512")
        .split(',')
        .map(|ef| measure(&graph, rows, &queries, &truth, (k, ef.parse().unwrap()), threads))
        .collect();
    object["curve"] = json!(curve);
    object["resident_kb"] = json!(memory("VmRSS"));
    object["peak_kb"] = json!(memory("VmHWM"));
    println!("{object}");
}

/// Recall and speed at one width: the best of several passes over the queries, which the threads share out.
fn measure(
    graph: &Graph,
    rows: Rows<'_>,
    queries: &Table<f32>,
    truth: &Table<u32>,
    (k, ef): (usize, usize),
    threads: usize,
) -> serde_json::Value {
    const PASSES: usize = 3;
    let options = SearchOptions { k, ef, accept: None };
    let queries: Vec<&[f32]> = queries.numbers.chunks(queries.dimension).collect();
    let hits: usize = queries
        .iter()
        .zip(truth.numbers.chunks(truth.dimension))
        .map(|(query, truth)| {
            let found = graph.search(rows, query, options).neighbors;
            found
                .iter()
                .filter(|found| truth[..k].contains(&found.row))
                .count()
        })
        .sum();
    let part = queries.len().div_ceil(threads);
    let fastest = (0..PASSES)
        .map(|_| {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for queries in queries.chunks(part) {
                    scope.spawn(move || {
                        for query in queries {
                            std::hint::black_box(graph.search(rows, query, options));
                        }
                    });
                }
            });
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    json!({
        "ef": ef,
        "recall": hits as f64 / (queries.len() * k) as f64,
        "queries_per_second": queries.len() as f64 / fastest,
    })
}
