//! A whole run: read the text, learn, write the model, measure it, put it in its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use encoder::tables;
use trainer_words::corpus::CorpusReport;

use super::card::Card;
use super::device::Processor;
use super::event::Event;
use super::learning::{self, Place};
use super::watch::Watch;
use super::{folder, measuring, text};
use crate::checkpoint_folder::CheckpointFolder;
use crate::compare;
use crate::config::{Config, WordVectors};
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::progress::{self, say};
use crate::run_log::{RunLog, print};
use crate::tensorboard::EventFile;

/// Everything that a run needs to begin.
pub struct Job {
    /// The configuration with the command line's changes.
    pub config: Config,
    /// What learns.
    pub processor: Processor,
    /// The folder for the model, if not `models/NAME`.
    pub out: Option<PathBuf>,
    /// Threads that learn.
    pub threads: usize,
    /// Events on stdout instead of the table.
    pub json: bool,
    /// Folder for TensorBoard's files, if there are to be any.
    pub tensorboard: Option<PathBuf>,
    /// Go on with the checkpoint.
    pub resume: bool,
    /// Replace the model, or the checkpoint, that is there.
    pub force: bool,
}

/// Runs `job` from reading the text to the model in its place.
///
/// # Errors
/// Bad text, a checkpoint that is in the way or does not fit, an interrupt, a full disk. Nothing is left
/// behind then but a checkpoint.
pub fn run(mut job: Job, interrupt: &Interrupt) -> Result<()> {
    job.processor.name().clone_into(job.config.device_mut());
    let config = settings(&job.config)?;
    if job.resume && !job.processor.is_cpu() {
        let problem = "--resume: learning on a GPU has no checkpoints; train again without it";
        return Err(TrainError::Config(problem.into()));
    }
    let output = Output::claim(job.out.as_deref(), config.name, job.force)?;
    let checkpoint = CheckpointFolder::claim(output.target(), job.resume, job.force)?;
    let events = EventFile::of_run(job.tensorboard.as_deref(), config.name)?;
    let log = RunLog::create(&output.aside().join("run_log.jsonl"), job.json)?.and_tensorboard(events);
    let run = Run {
        job: &job,
        config,
        dir: output.aside(),
        target: output.target(),
        checkpoint: &checkpoint,
        interrupt,
        watch: Watch::new(log, interrupt, config.learning.unit()),
    };
    let started = Instant::now();
    let measured = run.make().map_err(|error| checkpoint.explain_any(error))?;
    let log = run.watch.into_log();
    publish(output, checkpoint, started, &log)?;
    match &measured {
        _ if job.json => Ok(()),
        Some(table) => print(table),
        None => {
            say("not measured: the configuration has no [eval] section");
            Ok(())
        }
    }
}

fn settings(config: &Config) -> Result<WordVectors<'_>> {
    config
        .word_vectors()
        .ok_or_else(|| TrainError::Config("this configuration learns no word vectors".into()))
}

/// A run under way.
struct Run<'a> {
    job: &'a Job,
    config: WordVectors<'a>,
    /// The folder that is filled.
    dir: &'a Path,
    /// Where the model will be.
    target: &'a Path,
    checkpoint: &'a CheckpointFolder,
    interrupt: &'a Interrupt,
    watch: Watch<'a>,
}

impl Run<'_> {
    /// Fills the folder; the table of the measurement, where there is a development set.
    fn make(&self) -> Result<Option<String>> {
        let files = tables::expand(&self.config.data.text.to_vec())?;
        let evaluator = self.config.eval.map(Evaluator::read).transpose()?;
        self.watch.record(&Event::Start {
            name: self.config.name.to_owned(),
            kind: self.config.learning.kind().to_owned(),
            device: self.job.processor.name().to_owned(),
            threads: self.job.threads,
            resumed: self.job.resume,
            files: files.len(),
        })?;
        let (report, vocabulary) = self.learn(&files)?;
        let folders = (self.dir, self.target);
        let compare = |evaluator| measuring::compare(folders, evaluator, self.interrupt, &self.watch);
        let comparison = evaluator.as_ref().map(compare).transpose()?;
        let card = Card {
            config: &self.config,
            folder: self.target,
            text: &report,
            vocabulary,
            comparison: comparison.as_ref(),
        };
        self.write("README.md", card.markdown())?;
        let config = toml::to_string(&self.job.config)
            .map_err(|error| TrainError::Output(format!("the configuration cannot be written: {error}")))?;
        self.write("train_config.toml", config)?;
        self.interrupt.check()?;
        Ok(comparison.as_ref().map(compare::text::table))
    }

    /// Learns from the files and writes the model; what was read, and how many words have a vector.
    fn learn(&self, files: &[PathBuf]) -> Result<(CorpusReport, usize)> {
        let scratch = self.dir.join("scratch");
        fs::create_dir(&scratch).map_err(TrainError::io(&scratch, "create the folder"))?;
        let prepared = text::read(files, &self.config, &scratch, &self.watch)?;
        let place = Place {
            processor: &self.job.processor,
            threads: self.job.threads,
            checkpoint: self.checkpoint,
            scratch: &scratch,
        };
        let learned = learning::learn(&self.config, &prepared, &place, &self.watch)?;
        folder::write(
            self.dir,
            &learned.word_vectors,
            &prepared,
            &self.config,
            &self.watch,
        )?;
        fs::remove_dir_all(&scratch).map_err(TrainError::io(&scratch, "remove the folder"))?;
        Ok((prepared.report, prepared.vocabulary.len()))
    }

    fn write(&self, name: &str, text: String) -> Result<()> {
        let path = self.dir.join(name);
        fs::write(&path, text).map_err(TrainError::io(&path, "write the file"))
    }
}

/// Moves the model to its place; then the checkpoint is of no more use.
fn publish(output: Output, checkpoint: CheckpointFolder, started: Instant, log: &RunLog) -> Result<()> {
    let model = output.target().to_path_buf();
    let link = output.publish(true)?;
    checkpoint.remove()?;
    let seconds = started.elapsed().as_secs_f64();
    log.announce(&Event::Done {
        model: model.clone(),
        seconds,
    })?;
    let link = link
        .map(|link| format!(", and {} points at it", link.display()))
        .unwrap_or_default();
    let took = progress::seconds(seconds);
    say(&format!("{} is ready{link}; it took {took}", model.display()));
    Ok(())
}
