//! What is not learned on a device.

use trainer_words::learn::{Architecture, Objective, Settings};
use trainer_words::{Result, WordsError};

/// Refuses what only the CPU learns, one sentence for the first setting of that kind.
pub(super) fn refuse(settings: &Settings) -> Result<()> {
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
            "{found}: a device learns skip-gram with negative sampling alone; use device = \"cpu\", or {instead}"
        ))),
    }
}
