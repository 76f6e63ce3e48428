//! How long an index takes to open, and to give its first and a later answer: `open_time INDEX`.
//!
//! The first answer of a reader reads blocks for the first time and compares them with their checksums; the query is the
//! vector of a row in the middle.
#![allow(clippy::print_stdout, reason = "a program for those who measure")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use indexer::IndexReader;

const TIMES: usize = 21;

fn main() -> Result<(), Box<dyn Error>> {
    let index = std::env::args().nth(1).ok_or("expected the folder of an index")?;
    let index = Path::new(&index);
    let (mut opening, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    let mut about = String::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        let reader = IndexReader::open(index)?;
        opening.push(start.elapsed());
        let rows = reader.row_count();
        let query = reader.vector(rows / 2)?.to_vec();
        for times in [&mut first, &mut second] {
            let start = Instant::now();
            reader.search_vectors(&query, 10, 64)?;
            times.push(start.elapsed());
        }
        let files = reader
            .manifest()
            .segments
            .iter()
            .flat_map(|segment| &segment.files);
        let bytes: u64 = files.map(|file| file.bytes).sum();
        about = format!(
            "{rows} documents in {} dimensions, {} MB",
            query.len(),
            bytes / 1_000_000
        );
    }
    println!(
        "{about}: opened in {:.2} ms, first answer after {:.2} ms, the same again after {:.3} ms (medians of {TIMES})",
        median(opening),
        median(first),
        median(second)
    );
    Ok(())
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1e3
}
