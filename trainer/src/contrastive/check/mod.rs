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

use super::comparing;
use super::dataset::{Dataset, Prepared};
use super::identity::Identity;
use super::mixing::{Dealt, deal_all};
use super::pairs;
use super::steps;
use crate::base_model;
use crate::cli;
use crate::config::Contrastive;
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::progress::say;
use crate::run_log::print;
use trainer_shell::check::args::Args;
use trainer_shell::check::report::{Facts, File, Report};

/// Prints what is found about the training that `args` names.
///
/// # Errors
/// What stands in the way of looking, or an interrupt; in the end the verdict: an error, or with `--strict` a warning.
pub fn check(args: &Args) -> Result<()> {
    let interrupt = Interrupt::on_signals()?;
    let report = match look(args, &interrupt) {
        Err(error) => {
            // The sentence itself comes last, on stderr: here it is for programs.
            if args.json && !matches!(error, TrainError::Interrupted) {
                print(&Report::refused(&error).json()?)?;
            }
            return Err(error);
        }
        Ok(report) => report,
    };
    print(&if args.json { report.json()? } else { report.text() })?;
    report.verdict(args.strict)
}

fn look(args: &Args, interrupt: &Interrupt) -> Result<Report> {
    args.threads.into_iter().for_each(encoder_torch::limit_threads);
    cli::limit_threads(args.threads)?;
    let (config, device) = cli::of_pairs(&args.config, args.device.as_deref())?;
    comparing::locate_all(&config)?;
    let datasets = Dataset::read_all(&config)?;
    let datasets: Vec<&Dataset> = datasets.iter().collect();
    let evaluator = config.eval.as_ref().map(|eval| Evaluator::read(&eval.judged()));
    let evaluator = evaluator.transpose()?;
    let steps = steps::count(&datasets, &config.train)?;
    let base = base_model::locate(&config)?;
    let encoder = base_model::open(&base, &config, select_device(device, say)?)?;
    let prepared = Prepared::all(&datasets, &encoder, &config.train, interrupt)?;
    // What a checkpoint names has to be readable.
    Identity::new(&config, &prepared, &encoder, evaluator.as_ref())?;
    let inspected = Inspected {
        config: &config,
        datasets: &prepared,
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
    /// The data sets.
    pub datasets: &'a [Prepared<'a>],
    /// The model.
    pub encoder: &'a TorchEncoder,
    /// The development set, where there is one.
    pub evaluator: Option<&'a Evaluator>,
    /// Optimizer steps, of a round where there are several; what is mined for it may make a few more or less.
    pub steps: usize,
}

impl Inspected<'_> {
    /// Hard negatives that will be mined for each pair of a data set, by its number from 0.
    fn to_mine(&self, number: usize) -> usize {
        let mines = self.config.mines(&self.config.data.all()[number]);
        if mines { self.config.mine.negatives } else { 0 }
    }

    /// All that is found without computing with the model.
    ///
    /// # Errors
    /// What the tokenizer refuses.
    pub fn report(&self) -> Result<Report> {
        let train = &self.config.train;
        let (batches, left_out) = self.first_epoch();
        let pairs = self.sum(|prepared| prepared.dataset.pairs.len());
        let load = cost::load(self, &batches);
        let mut tokens = (0, 0);
        for prepared in self.datasets {
            let (kept, cut) = texts::tokens(prepared, self.encoder)?;
            tokens = (tokens.0 + kept, tokens.1 + cut);
        }
        let ranking = self.datasets.iter().map(|prepared| prepared.dataset);
        let ranking = ranking.filter(|dataset| dataset.loss.has_in_batch_negatives());
        let facts = Facts {
            files: self
                .datasets
                .iter()
                .flat_map(|prepared| prepared.dataset.pairs.files())
                .map(file)
                .collect(),
            pairs,
            pairs_twice: self.sum(|prepared| texts::pairs_twice(&prepared.dataset.pairs)),
            texts: self.sum(|prepared| prepared.dataset.pairs.texts().len()),
            texts_cut: self.sum(|prepared| prepared.tokens.truncated()),
            max_length: self.encoder.tokenizer().max_length(),
            tokens: tokens.0,
            tokens_cut: tokens.1,
            batches: batches.len(),
            batch: (pairs - left_out) as f64 / batches.len().max(1) as f64,
            left_out,
            padding: load.padding(),
            false_negatives: ranking
                .map(|dataset| texts::false_negatives(&dataset.pairs, train.batch_size))
                .fold(0.0, f64::max),
            leakage: self
                .evaluator
                .map(|evaluator| texts::leakage(self.datasets, evaluator)),
            rounds: self.config.mine.rounds,
            steps: self.config.rounds() * self.steps,
            memory_bytes: cost::memory(self, &load),
            seconds: None,
        };
        let mut problems = Vec::new();
        for prepared in self.datasets {
            problems.extend(problems::left_out(prepared.dataset.pairs.files()));
        }
        let sizes: Vec<usize> = self
            .datasets
            .iter()
            .map(|prepared| prepared.dataset.pairs.len())
            .collect();
        problems.extend(problems::small(&sizes, train));
        problems.extend(problems::of(&facts, train));
        Ok(Report {
            facts: Some(facts),
            problems,
        })
    }

    /// The batches of the first epoch, and the number of pairs that sit it out.
    fn first_epoch(&self) -> (Vec<Dealt>, usize) {
        let datasets: Vec<&Dataset> = self.datasets.iter().map(|prepared| prepared.dataset).collect();
        deal_all(&datasets, &self.config.train, 0)
    }

    fn sum(&self, count: impl Fn(&Prepared) -> usize) -> usize {
        self.datasets.iter().map(count).sum()
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
        score: bound.score.clone(),
    }
}
