//! What `cargo xtask bench ann` runs beside its peers: `build` and `search`, each with one JSON object of settings, each
//! printing one as its last line. `xtask/src/bench/ann/peers.py` does the same for the peers.
//!
//! Vectors come as `.fbin` and true neighbours as `.ibin`: two `u32`, the rows and the numbers in a row, then the
//! numbers. An index is a folder of the graph and of the vectors in full, as a segment of an index has them.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for those who measure: a wrong setting is a bug of its caller"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use indexer_ann::build::{Parameters, build};
use indexer_ann::{BLOCK_BYTES, BlockHash, Builder, Graph, MappedFile, Rows, SearchOptions, hash_block};
use serde_json::{Value, json};

/// Neighbours that are asked for.
const K: usize = 10;
/// Numbers in a cache line, on which rows begin.
const LINE: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let settings: Value = serde_json::from_str(&arguments[1]).unwrap();
    let found = match arguments[0].as_str() {
        "build" => build_index(&settings),
        "search" => search_index(&settings),
        other => panic!("expected build or search, found {other}"),
    };
    println!("{found}");
}

fn text<'a>(settings: &'a Value, name: &str) -> &'a str {
    settings[name]
        .as_str()
        .unwrap_or_else(|| panic!("expected a text {name} in {settings}"))
}

fn number(settings: &Value, name: &str) -> usize {
    settings[name]
        .as_u64()
        .unwrap_or_else(|| panic!("expected a number {name} in {settings}")) as usize
}

fn numbers(settings: &Value, name: &str) -> Vec<usize> {
    let list = settings[name]
        .as_array()
        .unwrap_or_else(|| panic!("expected a list {name} in {settings}"));
    list.iter()
        .map(|number| number.as_u64().unwrap() as usize)
        .collect()
}

fn graph_file(settings: &Value) -> PathBuf {
    Path::new(text(settings, "index")).join("graph.bin")
}

fn vectors_file(settings: &Value) -> PathBuf {
    Path::new(text(settings, "index")).join("vectors.bin")
}

/// The checksums of a file's blocks.
fn blocks_file(of: &Path) -> PathBuf {
    of.with_extension("blocks")
}

/// Opens a file as an index does: each block is checked when it is first used.
fn open_checked(path: &Path) -> MappedFile {
    let hashes = std::fs::read(blocks_file(path)).unwrap();
    MappedFile::open_checked(path, hashes.as_chunks().0.to_vec()).unwrap()
}

/// Numbers and how many a row has.
struct Table<T> {
    columns: usize,
    numbers: Vec<T>,
}

fn read<T: bytemuck::Pod>(path: &str) -> Table<T> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let columns = u32::from_le_bytes(*bytes[4..].first_chunk().unwrap()) as usize;
    let numbers = bytes[8..]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|x| bytemuck::pod_read_unaligned(x))
        .collect();
    Table { columns, numbers }
}

/// What the process holds (`VmRSS`) or held at most (`VmHWM`), in MiB.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    mib(line.split_once(':').unwrap().1)
}

/// A size as the system writes it, `123 kB`, in MiB.
fn mib(size: &str) -> f64 {
    let number = size.split_whitespace().next().unwrap();
    number.parse::<f64>().unwrap() / 1024.0
}

/// What the process holds of a mapped file, in MiB.
fn memory_of(file: &Path) -> f64 {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let name = std::fs::canonicalize(file).unwrap();
    let mut lines = maps
        .lines()
        .skip_while(|line| !line.ends_with(name.to_str().unwrap()));
    mib(lines.find_map(|line| line.strip_prefix("Rss:")).unwrap())
}

fn build_index(settings: &Value) -> Value {
    let threads = number(settings, "threads");
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .unwrap();
    let vectors: Table<f32> = read(text(settings, "vectors"));
    let rows = Rows::new(&vectors.numbers, vectors.columns, vectors.columns);
    let parameters = Parameters {
        m: number(settings, "m"),
        ef_construction: number(settings, "ef_construction"),
        metric: text(settings, "metric").parse().unwrap(),
        codes: text(settings, "variant").parse().unwrap(),
        builder: Builder::default(),
    };
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS");
    let start = Instant::now();
    let frozen = build(rows, parameters, &mut |_| true).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let mib = memory("VmHWM") - before;
    std::fs::create_dir_all(text(settings, "index")).unwrap();
    let (graph, full) = (graph_file(settings), vectors_file(settings));
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&graph).unwrap());
    frozen.write(rows, &mut out).unwrap();
    out.flush().unwrap();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&full).unwrap());
    let gap = vec![0.0_f32; vectors.columns.next_multiple_of(LINE) - vectors.columns];
    for row in vectors.numbers.chunks(vectors.columns) {
        out.write_all(bytemuck::cast_slice(row)).unwrap();
        out.write_all(bytemuck::cast_slice(&gap)).unwrap();
    }
    out.flush().unwrap();
    for file in [&graph, &full] {
        let hashes: Vec<BlockHash> = std::fs::read(file)
            .unwrap()
            .chunks(BLOCK_BYTES)
            .map(hash_block)
            .collect();
        std::fs::write(blocks_file(file), hashes.as_flattened()).unwrap();
    }
    let bytes: u64 = [blocks_file(&graph), blocks_file(&full), graph, full]
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    json!({"type": "measured", "build_seconds": seconds, "build_mib": mib, "bytes": bytes})
}

fn search_index(settings: &Value) -> Value {
    let queries: Table<f32> = read(text(settings, "queries"));
    let truth: Table<u32> = read(text(settings, "truth"));
    let dimension = queries.columns;
    let queries: Vec<&[f32]> = queries.numbers.chunks(dimension).collect();
    let truth: Vec<&[u32]> = truth.numbers.chunks(truth.columns).collect();
    let before = memory("VmRSS");
    let start = Instant::now();
    let graph = Graph::open(open_checked(&graph_file(settings))).unwrap();
    let file = open_checked(&vectors_file(settings));
    let rows = Rows::of_file(
        &file,
        &(0..file.len()),
        dimension,
        dimension.next_multiple_of(LINE),
    );
    let open_seconds = start.elapsed().as_secs_f64();
    let mut points = Vec::new();
    for ef in numbers(settings, "ef") {
        let options = SearchOptions {
            k: K,
            ef,
            accept: None,
        };
        let search = |query: &[f32]| graph.search(rows, query, options).unwrap().neighbors;
        let hits = |(query, truth): (&&[f32], &&[u32])| {
            search(query)
                .iter()
                .filter(|found| truth[..K].contains(&found.row))
                .count()
        };
        let found: usize = queries.iter().zip(&truth).map(hits).sum();
        let recall = found as f64 / (queries.len() * K) as f64;
        let rates: Vec<f64> = numbers(settings, "threads")
            .into_iter()
            .map(|threads| rate(&queries, threads, &|query| drop(black_box(search(query)))))
            .collect();
        points.push(json!({"ef": ef, "recall": recall, "queries_per_second": rates}));
        if recall >= settings["enough"].as_f64().unwrap() {
            break;
        }
    }
    let held = memory("VmRSS") - before;
    json!({
        "type": "measured", "open_seconds": open_seconds, "held_mib": held,
        "walk_mib": held - memory_of(&vectors_file(settings)), "points": points,
    })
}

/// Queries a second: one call after the other, shared out between the threads; the best of three passes and more,
/// until they have taken 0.3 seconds.
fn rate(queries: &[&[f32]], threads: usize, search: &(dyn Fn(&[f32]) + Sync)) -> f64 {
    let part = queries.len().div_ceil(threads);
    let pass = || {
        let start = Instant::now();
        std::thread::scope(|scope| {
            let mut parts = queries.chunks(part);
            let own = parts.next().unwrap_or_default();
            parts.for_each(|part| drop(scope.spawn(move || part.iter().for_each(|query| search(query)))));
            own.iter().for_each(|query| search(query));
        });
        start.elapsed().as_secs_f64()
    };
    let (mut best, mut passes, mut total) = (f64::INFINITY, 0, 0.0);
    while passes < 3 || total < 0.3 {
        let seconds = pass();
        best = best.min(seconds);
        total += seconds;
        passes += 1;
    }
    queries.len() as f64 / best
}
