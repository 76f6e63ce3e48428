//! What is not learned on a device.

use trainer_words::learn::{Architecture, Objective, Settings};
use trainer_words::{Result, WordsError};

/// Refuses what only the CPU learns, one sentence for the first setting of that kind.
///
/// # Errors
/// The setting, and what to use in its place.
pub fn refuse(settings: &Settings) -> Result<()> {
    let refusals = [
        (
            settings.architecture != Architecture::SkipGram,
            "architecture = \"cbow\"",
            "architecture = \"skip-gram\"",
        ),
        (
            settings.objective != Objective::NegativeSampling,
            "objective = \"hierarchical-softmax\"",
            "objective = \"negative-sampling\"",
        ),
        (settings.subwords.is_some(), "subwords", "no subwords"),
        (
            settings.deterministic,
            "deterministic = true",
            "deterministic = false",
        ),
    ];
    match refusals.into_iter().find(|(refused, ..)| *refused) {
        None => Ok(()),
        Some((_, found, instead)) => Err(WordsError::Setting(format!(
            "{found}: this is learned on the CPU alone; use device = \"cpu\", or {instead}"
        ))),
    }
}
