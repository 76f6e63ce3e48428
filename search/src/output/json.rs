//! JSON Lines for programs: one object a line, told apart by `type`.
//!
//! A search prints a `hit` for each document and a `summary` last, also when there are no hits, so that a
//! reader of a pipe knows the answer is whole. An evaluation prints `metrics` for each mode.

use std::io::{self, Write};

use encoder::ranking::Metrics;
use indexer::Strategy;
use serde::Serialize;

use crate::engine::{Answer, Engine};
use crate::hits::{Hit, Mode, Query};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Hit(&'a Hit),
    Summary(Summary<'a>),
    Metrics(Measured<'a>),
}

#[derive(Serialize)]
struct Summary<'a> {
    query: &'a str,
    mode: Mode,
    k: usize,
    hits: usize,
    documents: usize,
    index: String,
    query_truncated: bool,
    query_unknown: bool,
    /// The filter, how many documents match it, and how vectors were searched among them; null without one.
    filter: Option<String>,
    matching: Option<usize>,
    vector_search: Option<&'static str>,
    encode_ms: f64,
    search_ms: f64,
}

#[derive(Serialize)]
struct Measured<'a> {
    mode: Mode,
    #[serde(flatten)]
    metrics: &'a Metrics,
}

/// Writes a line for each hit, then the summary.
///
/// # Errors
/// `out` cannot be written to.
pub fn answer(out: &mut impl Write, engine: &Engine, query: &Query, answer: &Answer) -> io::Result<()> {
    for hit in &answer.hits {
        line(out, &Line::Hit(hit))?;
    }
    let summary = Summary {
        query: &query.text,
        mode: query.mode,
        k: query.k,
        hits: answer.hits.len(),
        documents: engine.index().len(),
        index: engine.path().display().to_string(),
        query_truncated: answer.truncated,
        query_unknown: answer.unknown,
        filter: query.filter.as_ref().map(ToString::to_string),
        matching: answer.filtered.map(|filtered| filtered.matching),
        vector_search: answer
            .filtered
            .and_then(|filtered| filtered.vectors)
            .map(Strategy::name),
        encode_ms: milliseconds(answer.encoding),
        search_ms: milliseconds(answer.searching),
    };
    line(out, &Line::Summary(summary))
}

/// Writes a line for each mode's figures.
///
/// # Errors
/// `out` cannot be written to.
pub fn metrics(out: &mut impl Write, table: &[(Mode, Metrics)]) -> io::Result<()> {
    table
        .iter()
        .try_for_each(|(mode, metrics)| line(out, &Line::Metrics(Measured { mode: *mode, metrics })))
}

fn line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// To the microsecond; more digits than that are noise.
fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}
