//! One query from the command line: asks the engine, prints the answer, says on stderr how it went.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::cli::SearchArgs;
use crate::engine::{Answer, Engine, Filtered, Opening};
use crate::error::{Result, SearchError};
use crate::hits::{Mode, Query};
use crate::output::{self, grouped, json, text};
use crate::{Outcome, locate};

/// Answers `arguments`' query.
///
/// # Errors
/// See [`SearchError`].
pub fn run(arguments: &SearchArgs) -> Result<Outcome> {
    let query = Query {
        text: arguments.text(),
        mode: arguments.mode,
        k: arguments.k,
        filter: arguments.filter.filter()?,
    };
    if query.text.is_empty() {
        return Err(SearchError::EmptyQuery);
    }
    let index = locate::index(arguments.index.index.as_deref(), Path::new("."))?;
    let reading = &arguments.reading;
    let opening = Opening {
        index: &index,
        model: reading.model.as_deref(),
        ef: reading.ef,
    };
    let engine = Engine::open(opening, query.mode)?;
    let answer = engine.search(&query)?;
    print(&engine, &query, &answer, reading.json).map_err(SearchError::Stdout)?;
    output::message(&remark(&engine, &query, &answer));
    // The process ends, so the memory of index and model need not be given back piece by piece.
    std::mem::forget(engine);
    Ok(if answer.hits.is_empty() {
        Outcome::NoHits
    } else {
        Outcome::Done
    })
}

fn print(engine: &Engine, query: &Query, answer: &Answer, as_json: bool) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if as_json {
        json::answer(&mut out, engine, query, answer)?;
    } else {
        let style = text::Style::of_stdout();
        for hit in &answer.hits {
            text::hit(&mut out, hit, query.mode, &style)?;
        }
    }
    out.flush()
}

/// What a reader should know about the answer besides the hits.
fn remark(engine: &Engine, query: &Query, answer: &Answer) -> String {
    let count = match answer.hits.len() {
        0 => "no hits".to_owned(),
        1 => "1 hit".to_owned(),
        many => format!("{many} hits"),
    };
    let documents = engine.index().len();
    let searching = answer.searching.as_secs_f64() * 1e3;
    let mut remark = format!(
        "{count} among {documents} documents in {searching:.1} ms ({}",
        query.mode.name()
    );
    if query.mode.uses_vectors() {
        remark += &format!("; query encoded in {:.1} ms", answer.encoding.as_secs_f64() * 1e3);
    }
    remark += ")";
    if let Some(Filtered { matching, vectors }) = answer.filtered {
        let noun = if matching == 1 {
            "document matches"
        } else {
            "documents match"
        };
        remark += &format!("\n{} {noun} the filter", grouped(matching));
        if let Some(strategy) = vectors {
            remark += &format!("; vectors: {} search among them", strategy.name());
        }
    }
    if answer.unknown {
        remark += "\nnote: the model knows no word of the query; ";
        remark += if query.mode == Mode::Hybrid {
            "words (BM25) alone answered"
        } else {
            "look for the words themselves with --mode bm25"
        };
    }
    if answer.truncated {
        remark += "\nwarning: the query is longer than the model reads; its end counted for ";
        remark += if query.mode == Mode::Hybrid {
            "words only"
        } else {
            "nothing"
        };
    }
    remark
}
