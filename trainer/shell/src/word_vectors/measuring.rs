//! Measuring the model as a search model, in the state in which it will be used.

use std::path::Path;
use std::time::Instant;

use super::event::Event;
use super::folder;
use super::watch::Watch;
use crate::compare;
use crate::compare::comparison::{Comparison, System};
use crate::error::Result;
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;

/// Measures the model that was written to `dir`, and compares it, under the name of its place `target`, with BM25.
///
/// # Errors
/// A model that does not open, a corpus that changed, an interrupt.
pub fn compare<'a>(
    (dir, target): (&Path, &Path),
    evaluator: &'a Evaluator,
    interrupt: &Interrupt,
    watch: &Watch,
) -> Result<Comparison<'a>> {
    let began = Instant::now();
    let encoder = folder::open(dir)?;
    let measured = evaluator.measure_shown(&*encoder, interrupt)?;
    watch.record(&Event::Evaluation {
        metrics: measured.metrics,
        truncated: measured.truncated,
        seconds: began.elapsed().as_secs_f64(),
    })?;
    let words = compare::bm25(evaluator, interrupt)?;
    let model = System {
        name: target.display().to_string(),
        measured,
    };
    let comparison = Comparison::new(evaluator, vec![words], 0, model);
    for line in compare::event::lines(&comparison) {
        watch.record(&Event::Compared(line))?;
    }
    Ok(comparison)
}
