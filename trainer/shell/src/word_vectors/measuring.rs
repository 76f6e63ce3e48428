//! Measuring the model as a search model, in the state in which it will be used.

use std::path::Path;
use std::time::Instant;

use encoder::ranking::Metrics;

use super::event::Event;
use super::folder;
use super::watch::Watch;
use crate::error::Result;
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;

/// Measures the model that was written to `dir`.
///
/// # Errors
/// A model that does not open, an interrupt.
pub fn measure(dir: &Path, evaluator: &Evaluator, interrupt: &Interrupt, watch: &Watch) -> Result<Metrics> {
    let began = Instant::now();
    let encoder = folder::open(dir)?;
    let measured = evaluator.measure_shown(&*encoder, interrupt)?;
    watch.record(&Event::Evaluation {
        metrics: measured.metrics,
        truncated: measured.truncated,
        seconds: began.elapsed().as_secs_f64(),
    })?;
    Ok(measured.metrics)
}
