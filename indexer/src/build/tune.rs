//! `index tune`: the narrowest search that still finds the share of the true neighbours that is asked for.

use std::time::Instant;

use encoder::Encoder;
use encoder::vectors::{Neighbor, Vectors, is_zero};
use rayon::prelude::*;

use super::writer::IndexWriter;
use super::{Observer, Phase};
use crate::IndexReader;
use crate::error::{IndexError, Result};
use crate::manifest::TuningRecord;

/// Documents that stand in for queries where none are given.
const SAMPLE: usize = 500;
/// Queries encoded, or compared with every document, between two looks at whether to stop.
const SLICE: usize = 32;

/// What recall is asked for.
#[derive(Debug, Clone, Copy)]
pub struct TuneOptions {
    /// The share of the true neighbours to be found, above 0 and at most 1.
    pub recall: f64,
    /// Neighbours looked for, at least 1.
    pub k: usize,
}

/// Queries, and for each its true neighbours.
struct Judged {
    queries: Vectors,
    /// The row that a query is itself, where documents stand in for queries; it does not count as found.
    own: Vec<Option<u32>>,
    truth: Vec<Vec<u32>>,
}

impl IndexWriter {
    /// Finds the width (`ef`) and commits it as what `search` takes where nothing else is said.
    ///
    /// `queries` are unit vectors of the index's dimension; where none are given, documents take their place, each of
    /// which looks for the others. Truth is found by comparing with every document.
    ///
    /// # Errors
    /// [`IndexError::Recall`] where no width finds so many; fewer documents than neighbours; files that cannot be read
    /// or written; or [`IndexError::Interrupted`]. In every case the index is as before.
    pub fn tune(
        mut self,
        options: TuneOptions,
        queries: Option<Vectors>,
        observer: &mut dyn Observer,
    ) -> Result<TuningRecord> {
        let documents = self.reader().len();
        if documents <= options.k {
            return Err(IndexError::Count {
                what: self.path().display().to_string(),
                expected: format!(
                    "more than {} documents to look for {0} neighbours among",
                    options.k
                ),
                found: documents.to_string(),
            });
        }
        let judged = judge(self.reader(), options.k, queries, observer)?;
        if judged.truth.iter().all(Vec::is_empty) {
            return Err(IndexError::Count {
                what: self.path().display().to_string(),
                expected: "queries that have neighbours among the documents' vectors".to_owned(),
                found: "none: the model knows no word of them, or of the documents; give others".to_owned(),
            });
        }
        let found = self.narrowest(options, &judged, observer)?;
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
        let mut next = self.committed().clone();
        // Short decimals, because JSON readers may give a long one another last digit.
        let tuning = TuningRecord {
            recall: (found.recall * 1e6).round() / 1e6,
            queries_per_second: found.queries_per_second.round(),
            generation: next.generation + 1,
            documents: Some(documents as u64),
            ..found
        };
        next.tuning = Some(tuning.clone());
        self.commit(next)?;
        Ok(tuning)
    }

    /// Says, after a change, that the width of searches was measured on many more or fewer documents.
    pub(super) fn note_outgrown_tuning(&self, observer: &mut dyn Observer) {
        if let Some((tuning, then)) = self.committed().outgrown_tuning() {
            observer.note(&format!(
                "the width of searches was measured on {then} documents, and there are {} now; \
                 `index tune {} --recall {}` measures it anew",
                self.committed().documents,
                self.path().display(),
                tuning.wanted
            ));
        }
    }

    /// Doubles the width until it is wide enough, and then halves the gap to the last one that was not.
    fn narrowest(
        &self,
        options: TuneOptions,
        judged: &Judged,
        observer: &mut dyn Observer,
    ) -> Result<TuningRecord> {
        let mut measure = |ef| measure(self.reader(), judged, options, ef, observer);
        let most = self.reader().row_count() as usize;
        let (mut low, mut high) = (options.k.min(most), options.k.min(most));
        // What is used of the files for the first time is read and checked then, which is not to be timed.
        measure(high)?;
        let mut best = measure(high)?;
        while best.recall < options.recall && high < most {
            (low, high) = (high, (2 * high).min(most));
            best = measure(high)?;
        }
        if best.recall < options.recall {
            return Err(IndexError::Recall {
                index: self.path().to_owned(),
                wanted: options.recall,
                reached: best.recall,
                ef: high,
            });
        }
        while high - low > 1 + low / 16 {
            let middle = low + (high - low) / 2;
            let tried = measure(middle)?;
            match tried.recall >= options.recall {
                true => (high, best) = (middle, tried),
                false => low = middle,
            }
        }
        Ok(best)
    }
}

/// Encodes queries, and says how many of them are longer than the model reads or have no word that it knows.
///
/// # Errors
/// A failing model, or [`IndexError::Interrupted`].
pub fn encode_queries(encoder: &dyn Encoder, texts: &[&str], observer: &mut dyn Observer) -> Result<Vectors> {
    observer.begin(Phase::Queries, Some(texts.len() as u64));
    let (mut vectors, mut truncated) = (Vectors::new(encoder.dimension()), 0);
    for slice in texts.chunks(SLICE) {
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
        let encoded = encoder.encode_queries(slice)?;
        truncated += encoded.truncated;
        vectors.extend(&encoded.vectors);
        observer.advance(slice.len() as u64);
    }
    if truncated > 0 {
        observer.note(&format!(
            "{truncated} of {} queries are longer than the {} tokens that the model reads; the rest of each was not \
             encoded",
            texts.len(),
            encoder.max_length()
        ));
    }
    let unknown = vectors.rows().filter(|vector| is_zero(vector)).count();
    if unknown > 0 {
        observer.note(&format!(
            "{unknown} of {} queries are without a word that the model knows; nothing is measured with them",
            texts.len()
        ));
    }
    Ok(vectors)
}

/// Finds the true neighbours of all queries, in all threads of rayon.
fn judge(
    reader: &IndexReader,
    k: usize,
    queries: Option<Vectors>,
    observer: &mut dyn Observer,
) -> Result<Judged> {
    let (given, whose) = match queries {
        Some(queries) => {
            let own = vec![None; queries.len()];
            (queries, own)
        }
        None => sample(reader)?,
    };
    // Zeros look for nothing.
    let (mut queries, mut own) = (Vectors::new(given.dimension()), Vec::new());
    for (query, row) in given.rows().zip(whose).filter(|(query, _)| !is_zero(query)) {
        queries.push(query);
        own.push(row);
    }
    observer.begin(Phase::Judge, Some(queries.len() as u64));
    let all: Vec<usize> = (0..queries.len()).collect();
    let mut truth = Vec::with_capacity(all.len());
    for slice in all.chunks(SLICE) {
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
        let found: Vec<Vec<u32>> = slice
            .par_iter()
            .map(|&i| Ok(others(reader.search_exact(queries.row(i), k + 1)?, own[i], k)))
            .collect::<Result<_>>()?;
        truth.extend(found);
        observer.advance(slice.len() as u64);
    }
    Ok(Judged { queries, own, truth })
}

/// Documents that lie evenly among all.
fn sample(reader: &IndexReader) -> Result<(Vectors, Vec<Option<u32>>)> {
    let step = (reader.len() / SAMPLE).max(1);
    let rows: Vec<u32> = reader.live_rows().step_by(step).take(SAMPLE).collect();
    let mut vectors = Vectors::new(reader.manifest().dimension);
    for row in &rows {
        vectors.push(reader.vector(*row)?);
    }
    Ok((vectors, rows.into_iter().map(Some).collect()))
}

/// The first `k` rows that are not the query's own.
fn others(found: Vec<Neighbor>, own: Option<u32>, k: usize) -> Vec<u32> {
    let rows = found.into_iter().map(|neighbor| neighbor.row);
    rows.filter(|row| Some(*row) != own).take(k).collect()
}

/// Recall and speed at one width, one query after the other.
fn measure(
    reader: &IndexReader,
    judged: &Judged,
    options: TuneOptions,
    ef: usize,
    observer: &mut dyn Observer,
) -> Result<TuningRecord> {
    let mut found: Vec<Vec<Neighbor>> = Vec::with_capacity(judged.own.len());
    let mut seconds = 0.0;
    let queries: Vec<_> = judged.queries.rows().zip(&judged.own).collect();
    for slice in queries.chunks(SLICE) {
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
        let start = Instant::now();
        for (query, own) in slice {
            // A document looks for the others, and finds itself.
            let k = options.k + usize::from(own.is_some());
            found.push(reader.search_vectors(query, k, ef)?);
        }
        seconds += start.elapsed().as_secs_f64();
    }
    let (mut hits, mut wanted) = (0, 0);
    for ((found, truth), own) in found.into_iter().zip(&judged.truth).zip(&judged.own) {
        let found = others(found, *own, options.k);
        hits += truth.iter().filter(|row| found.contains(row)).count();
        wanted += truth.len();
    }
    Ok(TuningRecord {
        wanted: options.recall,
        ef,
        recall: hits as f64 / f64::from(wanted.max(1) as u32),
        k: options.k,
        queries: judged.truth.len(),
        queries_per_second: judged.truth.len() as f64 / seconds.max(1e-9),
        generation: 0,
        documents: None,
    })
}
