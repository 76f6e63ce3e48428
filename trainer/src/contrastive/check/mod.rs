//! What a training will work on, and what is odd about it: `train check`, and before every training.
//!
//! ```text
//! pairs, tokens, evaluation ─▶ duplicates, leakage ─┬▶ facts ─▶ problems ─▶ report
//! first epoch's batches ─────▶ cost ────────────────┘
//! ```

mod cost;
mod problems;
mod texts;

use encoder_torch::{TorchEncoder, select_device};

use super::batches::deal;
use super::pairs::{self, Pairs};
use super::steps;
use super::tokens::TokenTable;
use crate::base_model;
use crate::cli;
use crate::config::Contrastive;
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::run_log::print;
use trainer_shell::check::args::Args;
use trainer_shell::check::report::{Facts, File, Report};

/// Prints what is found about the training that `args` names.
///
/// # Errors
/// An interrupt; in the end the verdict: an error, or with `--strict` a warning.
pub fn check(args: &Args) -> Result<()> {
    let interrupt = Interrupt::on_signals()?;
    let report = match look(args, &interrupt) {
        Err(TrainError::Interrupted) => return Err(TrainError::Interrupted),
        Err(error) => Report::refused(&error),
        Ok(report) => report,
    };
    print(&if args.json { report.json()? } else { report.text() })?;
    report.verdict(args.strict)
}

fn look(args: &Args, interrupt: &Interrupt) -> Result<Report> {
    let (config, device) = cli::of_pairs(&args.config, args.device.as_deref())?;
    let pairs = pairs::read(&config.data)?;
    let evaluator = config.eval.as_ref().map(|eval| Evaluator::read(&eval.judged()));
    let evaluator = evaluator.transpose()?;
    let steps = steps::count(&pairs, &config.train)?;
    let base = base_model::locate(&config)?;
    let encoder = base_model::open(&base, &config.train, select_device(device)?)?;
    let tokens = TokenTable::new(&encoder, &pairs, interrupt)?;
    let inspected = Inspected {
        config: &config,
        pairs: &pairs,
        tokens: &tokens,
        encoder: &encoder,
        evaluator: evaluator.as_ref(),
        steps,
    };
    interrupt.check()?;
    let mut report = inspected.report()?;
    if let Some(facts) = &mut report.facts {
        facts.seconds = Some(cost::time(&inspected)?);
    }
    Ok(report)
}

/// What is looked at.
pub struct Inspected<'a> {
    /// The configuration.
    pub config: &'a Contrastive,
    /// The training pairs.
    pub pairs: &'a Pairs,
    /// Their texts as token ids.
    pub tokens: &'a TokenTable,
    /// The model.
    pub encoder: &'a TorchEncoder,
    /// The development set, where there is one.
    pub evaluator: Option<&'a Evaluator>,
    /// Optimizer steps of the whole run.
    pub steps: usize,
}

impl Inspected<'_> {
    /// All that is found without computing with the model.
    ///
    /// # Errors
    /// What the tokenizer refuses.
    pub fn report(&self) -> Result<Report> {
        let (pairs, train) = (self.pairs, &self.config.train);
        let epoch = deal(pairs, train.batch_size, train.seed, 0);
        let dealt = pairs.len() - epoch.left_out;
        let load = cost::load(self, &epoch.batches);
        let (tokens, tokens_cut) = texts::tokens(self)?;
        let facts = Facts {
            files: pairs.files().iter().map(file).collect(),
            pairs: pairs.len(),
            pairs_twice: texts::pairs_twice(pairs),
            texts: pairs.texts().len(),
            texts_cut: self.tokens.truncated(),
            max_length: self.encoder.tokenizer().max_length(),
            tokens,
            tokens_cut,
            batches: epoch.batches.len(),
            batch: dealt as f64 / epoch.batches.len().max(1) as f64,
            left_out: epoch.left_out,
            padding: load.padding(),
            false_negatives: texts::false_negatives(pairs, train.batch_size),
            leakage: self.evaluator.map(|evaluator| texts::leakage(pairs, evaluator)),
            steps: self.steps,
            memory_bytes: cost::memory(self, &load),
            seconds: None,
        };
        let mut problems = problems::left_out(pairs.files());
        problems.extend(problems::of(&facts, train));
        Ok(Report {
            facts: Some(facts),
            problems,
        })
    }
}

fn file(bound: &pairs::Bound) -> File {
    let mut columns = bound.columns.iter().cloned();
    File {
        path: bound.path.clone(),
        pairs: bound.pairs,
        anchor: columns.next().unwrap_or_default(),
        positive: columns.next().unwrap_or_default(),
        negatives: columns.collect(),
    }
}
