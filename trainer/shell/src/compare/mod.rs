//! `train compare`: models and BM25 on the same questions, and whether their differences could be chance. A training
//! ends with the same comparison.

pub mod args;
pub mod comparison;
pub mod event;
pub mod markdown;
mod models;
pub mod text;

use std::path::{Path, PathBuf};

use encoder::Encoder;

use crate::config::Judged;
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::run_log::{line, print};
use args::Args;
use comparison::{Comparison, System};
pub use models::locate;

/// What the row of words alone is called.
pub const BM25: &str = "BM25";

/// Questions shown of those that became better, and of those that became worse.
const SHOWN: usize = 5;

/// Measures BM25 and the models, and prints the comparison. `open` opens a model folder.
///
/// # Errors
/// Files or models that cannot be read, an interrupt.
pub fn execute(args: &Args, open: &dyn Fn(&Path) -> Result<Box<dyn Encoder>>) -> Result<()> {
    let interrupt = Interrupt::on_signals()?;
    let models = args
        .models
        .iter()
        .map(|name| locate(name))
        .collect::<Result<Vec<_>>>()?;
    let evaluator = Evaluator::read(&judged(args)?)?;
    let mut systems = vec![bm25(&evaluator, &interrupt)?];
    for model in &models {
        systems.push(System {
            name: model.display().to_string(),
            measured: evaluator.measure_shown(&*open(model)?, &interrupt)?,
        });
    }
    let Some(model) = systems.pop() else {
        return Err(TrainError::Config("expected a model to compare".into()));
    };
    // The first model, if there is more than one.
    let reference = usize::from(systems.len() > 1);
    let comparison = Comparison::new(&evaluator, systems, reference, model);
    if args.json {
        let lines = event::lines(&comparison);
        return print(&lines.iter().map(line).collect::<Result<String>>()?);
    }
    let (table, verdict) = (text::table(&comparison), text::verdict(&comparison));
    print(&format!(
        "{table}\n{verdict}{}",
        text::changed(&comparison, SHOWN)
    ))
}

/// How far words alone come.
///
/// # Errors
/// A corpus that cannot be read again, an interrupt.
pub fn bm25(evaluator: &Evaluator, interrupt: &Interrupt) -> Result<System> {
    Ok(System {
        name: BM25.into(),
        measured: evaluator.measure_bm25(interrupt)?,
    })
}

/// The development set's files: questions and judgements in the folder, the corpus there or one folder up.
fn judged(args: &Args) -> Result<Judged> {
    let folder = &args.eval;
    let first = |candidates: Vec<PathBuf>, what: &str| match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => {
            let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
            Err(TrainError::Data(format!(
                "{}: expected {what}, looked for {}; --eval names a folder in BEIR's form",
                folder.display(),
                looked.join(", ")
            )))
        }
    };
    let up = folder.join("..");
    let corpus = [folder, &up].into_iter().flat_map(|folder| {
        ["corpus.jsonl", "corpus.parquet", "corpus.csv", "corpus.tsv"].map(|name| folder.join(name))
    });
    let qrels = ["qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv"].map(|name| folder.join(name));
    Ok(Judged {
        corpus: first(corpus.collect(), "a corpus")?,
        queries: first(vec![folder.join("queries.jsonl")], "questions")?,
        qrels: first(qrels.into(), "judgements")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn four_questions() -> (tempfile::TempDir, Evaluator) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "corpus.jsonl",
            "{\"id\":\"d0\",\"text\":\"gout\"}\n{\"id\":\"d1\",\"text\":\"asthma\"}\n",
        );
        let query = |number: usize| format!("{{\"_id\":\"q{number}\",\"text\":\"question {number}\"}}\n");
        write("queries.jsonl", &(0..4).map(query).collect::<String>());
        let qrel = |number: usize| format!("q{number}\td0\t1\n");
        let qrels: String = (0..4).map(qrel).collect();
        write("qrels.tsv", &format!("query-id\tcorpus-id\tscore\n{qrels}"));
        let args = Args {
            eval: folder.path().to_owned(),
            ..Args::default()
        };
        let evaluator = Evaluator::read(&judged(&args).unwrap()).unwrap();
        (folder, evaluator)
    }

    #[test]
    fn a_folder_without_questions_is_refused_with_the_places_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("corpus.jsonl"), "").unwrap();
        let args = Args {
            eval: folder.path().to_owned(),
            ..Args::default()
        };
        let message = judged(&args).unwrap_err().to_string();
        assert!(
            message.contains("expected questions") && message.contains("queries.jsonl"),
            "{message}"
        );
    }
}
