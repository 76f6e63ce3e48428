//! A whole run: read the data, measure, train, measure, write the model, put it in its place.

use std::path::{Path, PathBuf};
use std::time::Instant;

use encoder::Encoder;
use encoder_torch::TorchEncoder;
use trainer_shell::compare::comparison::Comparison;
use trainer_shell::compare::event;
use trainer_shell::tensorboard::EventFile;

use super::check::Inspected;
use super::comparing;
use super::dataset::{Dataset, Prepared};
use super::identity::Identity;
use super::rounds::{Course, Rounds};
use super::saving::Saving;
use super::steps;
use crate::base_model;
use crate::checkpoint_folder::CheckpointFolder;
use crate::config::{Contrastive, Eval};
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::model_card::Card;
use crate::output::Output;
use crate::progress::{say, seconds};
use crate::run_log::{Event, RunLog};

/// Everything that a run needs to begin.
pub struct Job {
    /// The configuration with the command line's changes.
    pub config: Contrastive,
    /// Where the training is set aside; before the output, whose parents it has to leave first.
    pub checkpoint: CheckpointFolder,
    /// Where the model goes.
    pub output: Output,
    /// The device that was found.
    pub device: tch::Device,
    /// Events on stdout instead of the table.
    pub json: bool,
    /// Folder for TensorBoard's files, if there are to be any.
    pub tensorboard: Option<PathBuf>,
    /// Take the warnings of the check before the first step for errors.
    pub strict: bool,
    /// Point models/latest at the model even if it is not better.
    pub promote: bool,
}

/// Runs `job` from reading the data to the model in its place.
///
/// # Errors
/// Bad data, a bad model, divergence, a checkpoint that does not fit, an interrupt, a full disk. Nothing is left
/// behind then but a checkpoint.
pub fn run(mut job: Job, interrupt: &Interrupt) -> Result<()> {
    let started = Instant::now();
    let others = comparing::locate_all(&job.config)?;
    let read_datasets = Dataset::read_all(&job.config)?;
    let datasets: Vec<&Dataset> = read_datasets.iter().collect();
    let read = |eval: &Eval| Evaluator::read(&eval.judged());
    let evaluator = job.config.eval.as_ref().map(read).transpose()?;
    let steps = steps::count(&datasets, &job.config.train)?;
    let encoder = open_model(&mut job)?;
    let prepared = Prepared::all(&datasets, &encoder, &job.config.train, interrupt)?;
    let identity = Identity::new(&job.config, &prepared, &encoder, evaluator.as_ref())?;
    let mut saving = Saving::new(&job.checkpoint, identity, job.config.checkpoint);
    let state = saving.read()?;
    let mut log = open_log(&job, state.as_ref().map(|state| &*state.log))?;
    announce(&job, &prepared, steps, &mut log)?;
    let inspected = Inspected {
        config: &job.config,
        datasets: &prepared,
        encoder: &encoder,
        evaluator: evaluator.as_ref(),
        steps,
    };
    warn(&inspected, job.strict, &mut log)?;
    let course = Course {
        config: &job.config,
        encoder: &encoder,
        datasets: &read_datasets,
        evaluator: evaluator.as_ref(),
        interrupt,
    };
    let measure = |evaluator| comparing::measure(&others, &read_datasets, evaluator, job.device, interrupt);
    let others = evaluator.as_ref().map(measure).transpose();
    let others = others.map_err(|error| job.checkpoint.explain(error))?;
    let trained = Rounds::new(&course, &mut log, &mut saving).train(prepared, steps, state)?;
    let kept = trained.kept;
    let compare = |(evaluator, hits)| {
        comparing::compare(evaluator, others.unwrap_or_default(), hits, job.output.target())
    };
    let comparison = evaluator.as_ref().zip(saving.rankings().take(kept)).map(compare);
    let card = Card {
        config: &job.config,
        folder: job.output.target(),
        pairs: datasets.iter().map(|dataset| dataset.pairs.len()).sum(),
        steps: (trained.steps, kept),
        model: encoder.fingerprint(),
        comparison: comparison.as_ref(),
    };
    let written = comparison
        .iter()
        .flat_map(event::lines)
        .try_for_each(|line| log.record(&Event::Compared(line)))
        .and_then(|()| write_model(job.output.aside(), &encoder, &card))
        .and_then(|()| interrupt.check());
    written.map_err(|error| job.checkpoint.explain_any(error))?;
    finish(job, started, kept, comparison.as_ref(), log)
}

/// The run log, which goes on behind what a checkpoint has of it, and TensorBoard's file where one is asked for.
fn open_log(job: &Job, before: Option<&[u8]>) -> Result<RunLog> {
    let path = job.output.aside().join("run_log.jsonl");
    let log = match before {
        Some(before) => RunLog::go_on(&path, before, job.json)?,
        None => RunLog::create(&path, job.json)?,
    };
    let events = EventFile::of_run(job.tensorboard.as_deref(), &job.config.name)?;
    Ok(log.and_tensorboard(events))
}

/// Puts the written model in its place and says what became of it; `kept` is the step whose weights it has.
fn finish(
    job: Job,
    started: Instant,
    kept: usize,
    comparison: Option<&Comparison>,
    log: RunLog,
) -> Result<()> {
    let improved = comparison.map(comparing::improved);
    let model = job.output.target().to_path_buf();
    let link = job.output.publish(job.promote || improved != Some(false));
    let link = link.map_err(|error| job.checkpoint.explain_any(error))?;
    job.checkpoint.remove()?;
    log.announce(&Event::Done {
        model: model.clone(),
        step: kept,
        improved,
        promoted: link.is_some(),
        seconds: started.elapsed().as_secs_f64(),
    })?;
    if !job.json {
        comparing::show(comparison)?;
    }
    say(&format!(
        "{} is ready{}; it took {}",
        model.display(),
        promotion(link.as_deref(), improved, job.promote),
        seconds(started.elapsed().as_secs_f64())
    ));
    Ok(())
}

/// Says what is odd about the training, before its first step; with `strict` that is an error.
fn warn(inspected: &Inspected, strict: bool, log: &mut RunLog) -> Result<()> {
    let report = inspected.report()?;
    for problem in &report.problems {
        say(&format!("warning: {}", problem.text));
        let text = problem.text.clone();
        log.record(&Event::Warning { text })?;
    }
    report.verdict(strict)
}

/// What became of models/latest, as a sentence goes on.
fn promotion(link: Option<&Path>, improved: Option<bool>, promote: bool) -> String {
    match link {
        Some(link) => format!(", and {} points at it", link.display()),
        None if improved == Some(false) && !promote => {
            "; models/latest was left as it is, because this model is not better than its base model (--promote \
             moves it all the same)"
                .into()
        }
        None => String::new(),
    }
}

/// Opens the base model and writes into the configuration what was left to the base model to
/// say.
fn open_model(job: &mut Job) -> Result<TorchEncoder> {
    let base = base_model::locate(&job.config)?;
    let encoder = base_model::open(&base, &job.config, job.device)?;
    let train = &mut job.config.train;
    train.max_length = Some(encoder.max_length());
    if train.max_steps.is_none() {
        train.epochs = train.epochs.or(Some(1));
    }
    job.config.base_model = Some(base);
    job.config.device = device_name(job.device);
    Ok(encoder)
}

/// `cpu` or `cuda:N`.
pub fn device_name(device: tch::Device) -> String {
    match device {
        tch::Device::Cuda(number) => format!("cuda:{number}"),
        _ => "cpu".into(),
    }
}

/// Says what is about to be done, with the texts that are too long; `steps` are those of a round.
fn announce(job: &Job, datasets: &[Prepared], steps: usize, log: &mut RunLog) -> Result<()> {
    let config = &job.config;
    let base = config
        .base_model
        .as_deref()
        .unwrap_or(Path::new(""))
        .display()
        .to_string();
    let sum = |count: fn(&Prepared) -> usize| datasets.iter().map(count).sum::<usize>();
    let pairs = sum(|prepared| prepared.dataset.pairs.len());
    let hard_negatives = match config.mine.rounds {
        Some(_) => config.mine.negatives,
        None => 0,
    };
    let widths = datasets.iter().map(|prepared| prepared.dataset.pairs.width());
    let hard_negatives = widths.map(|width| width - 2).fold(hard_negatives, usize::max);
    say(&format!(
        "training {} from {base} on {}: {pairs} pairs{}, {hard_negatives} hard negatives each, {}{steps} steps",
        config.name,
        config.device,
        match datasets.len() {
            1 => String::new(),
            several => format!(" in {several} data sets"),
        },
        config
            .mine
            .rounds
            .map_or_else(String::new, |rounds| format!("{rounds} rounds of about "))
    ));
    let texts = sum(|prepared| prepared.dataset.pairs.texts().len());
    let truncated = sum(|prepared| prepared.tokens.truncated());
    if truncated > 0 {
        let length = config.train.max_length.unwrap_or_default();
        say(&format!(
            "{truncated} of {texts} training texts are longer than {length} tokens; the rest of them is cut"
        ));
    }
    let start = Event::Start {
        name: config.name.clone(),
        base_model: base,
        device: config.device.clone(),
        pairs,
        hard_negatives,
        texts,
        truncated,
        steps: config.rounds() * steps,
    };
    if job.checkpoint.resumes() {
        // The log begins with that of the run that was stopped.
        return log.announce(&start);
    }
    log.record(&start)
}

fn write_model(dir: &Path, encoder: &TorchEncoder, card: &Card) -> Result<()> {
    encoder.save(dir)?;
    let config = toml::to_string(card.config)
        .map_err(|error| TrainError::Output(format!("the configuration cannot be written: {error}")))?;
    for (name, text) in [("train_config.toml", config), ("README.md", card.markdown())] {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(TrainError::io(&path, "write the file"))?;
    }
    Ok(())
}
