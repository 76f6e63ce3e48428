//! How good are the answers? Asks judged queries in every mode and prints the usual figures.
//!
//! All modes rank the same candidates of the same engine that answers users; only the depth is wider, for
//! recall@100 is worth measuring only if a hundred are fetched.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use encoder::beir::{self, Qrels};
use encoder::ranking::{self, Metrics};
use encoder::vectors::{Vectors, is_zero};
use indexer::Matching;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::EvalArgs;
use crate::engine::{Engine, Opening};
use crate::error::{Result, SearchError};
use crate::hits::{self, Mode};
use crate::locate;
use crate::output::{self, grouped, json, text};

/// Ranks fetched of each query: recall@100 needs no more.
const DEPTH: usize = 100;
/// Queries encoded at a time: enough for full batches, few enough for progress to move.
const CHUNK: usize = 1_000;

/// For each query its documents, best first.
type Runs = BTreeMap<String, Vec<String>>;

/// Measures all modes and prints them.
///
/// # Errors
/// A file or the index cannot be read, or the files and the index have nothing in common.
pub fn run(arguments: &EvalArgs) -> Result<()> {
    let filter = arguments.filter.filter()?;
    let queries = beir::read_queries(&arguments.queries)?;
    let qrels = beir::read_relevant(&arguments.qrels)?;
    let mut judged = judged_queries(arguments, queries, qrels)?;
    let index = locate::index(arguments.index.index.as_deref(), Path::new("."))?;
    let reading = &arguments.reading;
    let opening = Opening {
        index: &index,
        model: reading.model.as_deref(),
        ef: reading.ef,
    };
    let engine = Engine::open(opening, Mode::Hybrid)?;
    check_documents(&engine, &judged.qrels, &arguments.qrels)?;
    let matching = match &filter {
        Some(filter) => Some(engine.matching(filter)?),
        None => None,
    };
    if let Some(matching) = &matching {
        judged.keep(&engine, matching, &arguments.qrels)?;
    }
    let table = measure(&engine, &judged, matching.as_ref())?;
    let documents = matching.map_or(engine.index().len(), |matching| matching.count());
    print(&table, documents, reading.json).map_err(SearchError::Stdout)
}

/// Queries that are asked and have a relevant document, and the judgements of these alone.
struct Judged {
    queries: Vec<beir::Query>,
    qrels: Qrels,
}

impl Judged {
    /// Keeps the judgements of documents that match a filter: the others cannot be found. Queries without a relevant
    /// document are left out.
    fn keep(&mut self, engine: &Engine, matching: &Matching, qrels: &Path) -> Result<()> {
        let rows: HashSet<u32> = matching.rows().collect();
        let asked = self.qrels.len();
        for grades in self.qrels.values_mut() {
            let mut kept = BTreeMap::new();
            for (id, grade) in std::mem::take(grades) {
                if engine.index().find(&id)?.is_some_and(|row| rows.contains(&row)) {
                    kept.insert(id, grade);
                }
            }
            *grades = kept;
        }
        self.qrels
            .retain(|_, grades| grades.values().any(|grade| *grade > 0));
        self.queries.retain(|query| self.qrels.contains_key(&query.id));
        if self.qrels.is_empty() {
            return Err(SearchError::NothingMatches {
                qrels: qrels.to_owned(),
                matching: matching.count(),
            });
        }
        output::message(&format!(
            "{} of {} documents match the filter; {} of {} queries have a relevant one among them",
            grouped(matching.count()),
            grouped(engine.index().len()),
            grouped(self.qrels.len()),
            grouped(asked),
        ));
        Ok(())
    }
}

/// Keeps what is in both files; warns of judgements whose query is missing.
fn judged_queries(arguments: &EvalArgs, queries: Vec<beir::Query>, mut qrels: Qrels) -> Result<Judged> {
    let judged = qrels.len();
    let (count, asked) = (
        queries.len(),
        queries.first().map_or(String::new(), |query| query.id.clone()),
    );
    let known: BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    let example = qrels.keys().next().cloned().unwrap_or_default();
    qrels.retain(|id, _| known.contains(id.as_str()));
    if qrels.is_empty() {
        let (queries, qrels) = (arguments.queries.clone(), arguments.qrels.clone());
        return Err(SearchError::NothingJudged {
            qrels,
            queries,
            count,
            judged: example,
            asked,
        });
    }
    if qrels.len() < judged {
        output::message(&format!(
            "warning: {} of {} judged queries are not in {}; they are left out of the figures",
            grouped(judged - qrels.len()),
            grouped(judged),
            arguments.queries.display(),
        ));
    }
    let queries = queries
        .into_iter()
        .filter(|query| qrels.contains_key(&query.id))
        .collect();
    Ok(Judged { queries, qrels })
}

/// Warns of relevant documents that the index lacks: they can only be missed.
fn check_documents(engine: &Engine, qrels: &Qrels, path: &Path) -> Result<()> {
    let relevant: BTreeSet<&str> = qrels
        .values()
        .flat_map(|grades| grades.iter().filter(|(_, grade)| **grade > 0))
        .map(|(id, _)| id.as_str())
        .collect();
    let index = engine.index();
    let mut missing = 0;
    for id in &relevant {
        missing += usize::from(index.find(id)?.is_none());
    }
    if missing == 0 {
        return Ok(());
    }
    if missing == relevant.len() {
        let indexed = match index.live_rows().next() {
            Some(row) => index.document(row)?.id,
            None => String::new(),
        };
        return Err(SearchError::NothingIndexed {
            qrels: path.to_owned(),
            index: engine.path().to_owned(),
            count: missing,
            judged: relevant.first().map_or(String::new(), |id| (*id).to_owned()),
            indexed,
        });
    }
    output::message(&format!(
        "warning: {} of {} relevant documents are not in {}; they count as not found",
        grouped(missing),
        grouped(relevant.len()),
        engine.path().display(),
    ));
    Ok(())
}

/// Asks every query once and ranks what came in every mode.
fn measure(engine: &Engine, judged: &Judged, matching: Option<&Matching>) -> Result<Vec<(Mode, Metrics)>> {
    let vectors = encode(engine, &judged.queries)?;
    let bar = progress(judged.queries.len(), "searching");
    let mut runs: [Runs; Mode::ALL.len()] = Default::default();
    let mut ids = HashMap::new();
    for (number, query) in judged.queries.iter().enumerate() {
        let vector = Some(vectors.row(number));
        let (candidates, _) = engine.candidates(Some(&query.text), vector, DEPTH, matching)?;
        for (mode, runs) in Mode::ALL.iter().zip(&mut runs) {
            let ranked = hits::rank(&candidates, *mode, DEPTH);
            let found = ranked
                .iter()
                .map(|ranked| id(engine, &mut ids, ranked.row))
                .collect::<Result<_>>()?;
            runs.insert(query.id.clone(), found);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let measured = runs.iter().map(|runs| ranking::evaluate(&judged.qrels, runs));
    Ok(Mode::ALL.into_iter().zip(measured).collect())
}

fn encode(engine: &Engine, queries: &[beir::Query]) -> Result<Vectors> {
    let bar = progress(queries.len(), "encoding queries");
    let texts: Vec<&str> = queries.iter().map(|query| query.text.as_str()).collect();
    let mut vectors: Option<Vectors> = None;
    let mut truncated = 0;
    for chunk in texts.chunks(CHUNK) {
        let encoded = engine.encode(chunk)?;
        truncated += encoded.truncated;
        match &mut vectors {
            Some(vectors) => vectors.extend(&encoded.vectors),
            None => vectors = Some(encoded.vectors),
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    if truncated > 0 {
        output::message(&format!(
            "warning: {} queries are longer than the model reads; their ends count for words only",
            grouped(truncated)
        ));
    }
    let vectors = vectors.unwrap_or_else(|| Vectors::new(engine.index().manifest().dimension));
    let unknown = vectors.rows().filter(|vector| is_zero(vector)).count();
    if unknown > 0 {
        let queries = match unknown {
            1 => "1 query has".to_owned(),
            many => format!("{} queries have", grouped(many)),
        };
        output::message(&format!(
            "note: {queries} no word that the model knows; only words (BM25) can answer there"
        ));
    }
    Ok(vectors)
}

/// The id of a row; documents are read once, however many queries find them.
fn id(engine: &Engine, known: &mut HashMap<u32, String>, row: u32) -> Result<String> {
    if let Some(id) = known.get(&row) {
        return Ok(id.clone());
    }
    let id = engine.index().document(row)?.id;
    known.insert(row, id.clone());
    Ok(id)
}

fn print(table: &[(Mode, Metrics)], documents: usize, as_json: bool) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match as_json {
        true => json::metrics(&mut out, table)?,
        false => text::metrics(&mut out, table, documents)?,
    }
    out.flush()
}

/// A bar on stderr, hidden where that is no terminal.
fn progress(total: usize, what: &'static str) -> ProgressBar {
    let template = "{msg:<16} {bar:30} {human_pos}/{human_len} {per_sec} ETA {eta}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64)
        .with_style(style)
        .with_message(what)
}
