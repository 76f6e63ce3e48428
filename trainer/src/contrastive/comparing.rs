//! Did it help? The trained model beside BM25, its base and the models that the configuration names.

use std::path::{Path, PathBuf};

use encoder::model::Architecture;
use tch::Device;
use trainer_shell::compare::comparison::{Comparison, System};
use trainer_shell::compare::{bm25, locate, text};

use super::dataset::Dataset;
use super::rankings::Hits;
use super::static_model;
use crate::base_model::open_any;
use crate::config::Contrastive;
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::progress::say;
use crate::quality;
use crate::run_log::print;

/// Questions shown of those that became better, and of those that became worse.
const SHOWN: usize = 3;

/// The folders of the models to compare with, all of them whole.
///
/// # Errors
/// The key and the first folder that is missing or damaged.
pub fn locate_all(config: &Contrastive) -> Result<Vec<PathBuf>> {
    let names = config.eval.iter().flat_map(|eval| &eval.compare_with);
    let located = names
        .map(|name| locate(name).map_err(|error| TrainError::Config(format!("eval.compare_with: {error}"))));
    located.collect()
}

/// Measures BM25, word vectors made of the texts of `datasets` and the development set where no model is a static one, and
/// then each model, one in memory at a time.
///
/// # Errors
/// What a model refuses, a corpus that changed, a full disk, an interrupt.
pub fn measure(
    models: &[PathBuf],
    datasets: &[Dataset],
    evaluator: &Evaluator,
    device: Device,
    interrupt: &Interrupt,
) -> Result<Vec<System>> {
    let tell = |system: System| {
        let line = quality::line(&system.measured.metrics);
        say(&format!("{}: {line}", system.name));
        system
    };
    let mut systems = vec![tell(bm25(evaluator, interrupt)?)];
    let architectures = models.iter().map(|model| Architecture::of(model));
    let architectures = architectures.collect::<encoder::Result<Vec<_>>>()?;
    if !architectures.contains(&Architecture::Static) {
        systems.extend(static_model::measure(datasets, evaluator, interrupt)?.map(tell));
    }
    for model in models {
        let encoder = open_any(model, device)?;
        systems.push(tell(System {
            name: model.display().to_string(),
            measured: evaluator.measure_shown(&*encoder, interrupt)?,
        }));
    }
    Ok(systems)
}

/// The trained model, under the name of its place, beside its base and the others.
pub fn compare<'a>(
    evaluator: &'a Evaluator,
    mut others: Vec<System>,
    [before, after]: [Hits; 2],
    model: &Path,
) -> Comparison<'a> {
    let system = |name: String, hits| System {
        name,
        measured: evaluator.judge(hits, 0),
    };
    let base = others.len();
    others.push(system("base model".into(), before));
    let model = system(model.display().to_string(), after);
    Comparison::new(evaluator, others, base, model)
}

/// Whether the model is better than its base.
pub fn improved(comparison: &Comparison) -> bool {
    let [before, after] = [&comparison.reference().system, comparison.model()];
    quality::improved(&before.measured.metrics, &after.measured.metrics)
}

/// Prints the table and the questions that changed most, or says that nothing was measured.
///
/// # Errors
/// What stdout refuses.
pub fn show(comparison: Option<&Comparison>) -> Result<()> {
    let Some(comparison) = comparison else {
        say("not measured: the configuration has no [eval] section");
        return Ok(());
    };
    let worse = if improved(comparison) {
        ""
    } else {
        quality::NOT_BETTER
    };
    print(&format!(
        "{}\n{}{worse}{}\n",
        text::table(comparison),
        text::verdict(comparison),
        text::changed(comparison, SHOWN)
    ))
}
