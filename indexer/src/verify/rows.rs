//! What the rows of an index that can be opened hold.

use std::path::PathBuf;

use encoder::vectors::is_zero;
use indexer_ann::{Metric, dot};

use super::{Check, Fault, Report};
use crate::build::{Observer, Phase};
use crate::error::{IndexError, Result};
use crate::manifest::{BM25_NAME, GRAPH_NAME, SEGMENTS_NAME};
use crate::reader::IndexReader;
use crate::segment::Segment;
use crate::{unit, vectors_file};

/// By how much a length may differ from 1: the rounding of a vector's numbers to float16 and more.
const NORM_TOLERANCE: f64 = 1e-3;
/// Widths of search, one after the other, by which a document has to be found by its own vector. The first is what
/// `search` uses for ten hits; what only the last one finds is at the edge of being lost.
const WIDTHS: [usize; 3] = [64, 256, 1024];
/// By how much two scores may differ by rounding, as a share of the vector's squared length.
const SCORE_TOLERANCE: f32 = 1e-5;
/// Rows between two looks at whether to stop.
const STRIDE: u64 = 64;

/// Makes all checks that read rows.
pub(super) fn check(reader: &IndexReader, report: &mut Report, observer: &mut dyn Observer) -> Result<()> {
    for check in [Check::Graph, Check::Norms, Check::OwnVectors, Check::Documents] {
        report.begin(check);
    }
    for (first, segment) in reader.segments() {
        graph_of(segment, first, report)?;
    }
    observer.begin(Phase::Verify, Some(reader.len() as u64));
    for (number, row) in (1_u64..).zip(reader.live_rows()) {
        let id = document(reader, row, report);
        vector(reader, row, id.as_deref(), report)?;
        if number.is_multiple_of(STRIDE) {
            observer.advance(STRIDE);
            if observer.stopped() {
                return Err(IndexError::Interrupted);
            }
        }
    }
    Ok(())
}

fn file(segment: &Segment, name: &str) -> PathBuf {
    [SEGMENTS_NAME, &segment.record().name, name].iter().collect()
}

/// Every node in reach of the entry point, those of deleted documents too: walks go through them.
fn graph_of(segment: &Segment, first: u32, report: &mut Report) -> Result<()> {
    let reached = segment.reachable()?;
    for row in 0..segment.len() as u32 {
        let fault = (!reached.contains(row)).then(|| Fault {
            check: Check::Graph,
            file: file(segment, GRAPH_NAME),
            row: Some(first + row),
            id: segment.words().document(row).ok().map(|document| document.id),
            problem: "expected a node within reach of the entry point, found none that leads to it".into(),
        });
        report.look(Check::Graph, fault);
    }
    Ok(())
}

/// The document of a row, and the row of the document; its id.
fn document(reader: &IndexReader, row: u32, report: &mut Report) -> Option<String> {
    let document = reader.document(row);
    let problem = match &document {
        Err(error) => Some(error.to_string()),
        Ok(document) if document.id.is_empty() => Some("expected an id, found an empty one".into()),
        Ok(document) => match reader.find(&document.id) {
            Err(error) => Some(error.to_string()),
            Ok(found) if found == Some(row) => None,
            Ok(None) => Some("expected the words to find the document by its id, found none".into()),
            Ok(Some(other)) => Some(format!(
                "expected this row by the document's id, found row {other}"
            )),
        },
    };
    let id = document.ok().map(|document| document.id);
    let fault =
        problem.map(|problem| fault(reader, Check::Documents, BM25_NAME, row, id.as_deref(), problem));
    report.look(Check::Documents, fault);
    id
}

/// The vector of a row, and whether it finds the row.
fn vector(reader: &IndexReader, row: u32, id: Option<&str>, report: &mut Report) -> Result<()> {
    let vector = reader.vector(row)?;
    let is_cosine = reader.manifest().hnsw.metric == Metric::Cosine;
    if reader.manifest().shape().zeros_are_nowhere && is_zero(vector) {
        report.without_direction += 1;
        report.look(Check::Norms, None);
        return Ok(());
    }
    let problem = unlike_its_metric(vector, is_cosine);
    let is_sound = problem.is_none();
    let wrong = problem.map(|problem| fault(reader, Check::Norms, vectors_file::FILE_NAME, row, id, problem));
    report.look(Check::Norms, wrong);
    // A query of zeros has the same product with everything.
    if is_sound && unit::can_ask(reader.manifest().hnsw.metric, vector) {
        let mut is_found = false;
        for width in WIDTHS {
            is_found = is_found || finds(reader, vector, row, width)?;
        }
        let wrong = (!is_found).then(|| {
            let problem = format!(
                "expected the document to be found by its own vector, found others among {} candidates",
                WIDTHS[WIDTHS.len() - 1]
            );
            fault(reader, Check::OwnVectors, GRAPH_NAME, row, id, problem)
        });
        report.look(Check::OwnVectors, wrong);
    }
    Ok(())
}

/// What is wrong with the length of a vector: cosines are those of unit vectors, and other scores have to stay finite.
fn unlike_its_metric(vector: &[f32], is_cosine: bool) -> Option<String> {
    let squares = vector.iter().map(|x| f64::from(*x) * f64::from(*x));
    let length = squares.sum::<f64>().sqrt();
    // Both written so that NaN is a fault.
    let is_unit = (length - 1.0).abs() <= NORM_TOLERANCE;
    let is_in_range = vector.iter().all(|number| unit::is_in_range(*number));
    match is_cosine {
        true => (!is_unit).then(|| format!("expected a vector of length 1, found {length}")),
        false => (!is_in_range).then(|| {
            format!(
                "expected numbers from -{0:e} to {0:e}, found others",
                unit::LARGEST
            )
        }),
    }
}

/// Whether a search finds the row, or another one that is at least as near: by the cosine and by distance that is one
/// with the same vector, by the inner product a longer one, too.
fn finds(reader: &IndexReader, vector: &[f32], row: u32, width: usize) -> Result<bool> {
    let own = reader.manifest().hnsw.metric.score(vector, vector);
    let least = own - SCORE_TOLERANCE * dot(vector, vector);
    let best = reader.search_vectors(vector, 1, width)?.into_iter().next();
    Ok(best.is_some_and(|best| best.row == row || best.score >= least))
}

pub(super) fn fault(
    reader: &IndexReader,
    check: Check,
    name: &str,
    row: u32,
    id: Option<&str>,
    problem: String,
) -> Fault {
    let segment = reader.segments().take_while(|(first, _)| *first <= row).last();
    Fault {
        check,
        file: segment.map_or_else(|| name.into(), |(_, segment)| file(segment, name)),
        row: Some(row),
        id: id.map(str::to_owned),
        problem,
    }
}
