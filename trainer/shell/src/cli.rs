//! The command line, and how it changes the configuration.

use std::path::{Path, PathBuf};

use clap::Parser;
use encoder::DeviceChoice;

use crate::config::{self, Config, Contrastive};
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::word_vectors::{self, device::Processor};

const AFTER_HELP: &str = "\
Examples:
  train --config medical.toml                  train configs/medical.toml into models/medical
  train --config medical.toml --force          the same again, replacing models/medical at the end
  train --config my.toml --out /tmp/try --device cuda:1
  train --config my.toml --json | jq .loss     follow the loss
  train --config my.toml --resume              go on with a training that was stopped

Paths in the configuration are relative to the current folder. The model is a sentence-transformers folder; \
models/latest is pointed at it, unless it is worse than its base model on [eval]'s questions, and `index build` and \
`search` use that by default.

Exit codes: 0 done, 2 error, 130 interrupted (what was there before is unchanged then; the training is set aside, \
and the same command with --resume goes on with it).";

/// Makes an embedding model for a domain: fine-tunes a text encoder on pairs of questions and answers, or learns
/// word vectors from plain text.
#[derive(Debug, Parser)]
#[command(name = "train", version, after_help = AFTER_HELP)]
pub struct Args {
    /// Configuration file; looked for as given, then under configs/
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// Processor: auto, cpu, cuda or cuda:N; overrides the configuration
    ///
    /// `auto` is the first CUDA device where there is one, else the CPU; word vectors are learned on the CPU
    /// then. Asking for cuda where there is none is an error.
    #[arg(long, value_name = "DEVICE", value_parser = device)]
    pub device: Option<String>,

    /// Folder for the model, instead of models/NAME; models/latest moves only for models in models/
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Replace the model that is there, once the new one is complete
    ///
    /// Also replaces the checkpoint of a training that was stopped.
    #[arg(long)]
    pub force: bool,

    /// Go on with a training that was stopped, from its last checkpoint
    ///
    /// On the CPU the model is the same as if it had never stopped, byte for byte: with the same number of threads
    /// for a text encoder; with 1 thread, word2vec.deterministic or GloVe for word vectors.
    #[arg(long)]
    pub resume: bool,

    /// Point models/latest at the model even if it is not better than its base model
    #[arg(long)]
    pub promote: bool,

    /// Stop with an error where the check before a training on pairs has warnings; see `train check`
    #[arg(long)]
    pub strict: bool,

    /// Write JSON Lines to stdout instead of the table
    ///
    /// On pairs: start, warning, mining, round, resume, step, evaluation, done; word vectors: start, corpus, progress,
    /// learned, evaluation, done.
    #[arg(long)]
    pub json: bool,

    /// Write TensorBoard's event files into DIR/NAME while training runs: look at them with tensorboard --logdir DIR
    ///
    /// Loss, learning rate, gradient norm and pairs a second of each step, and each evaluation; of word vectors loss,
    /// learning rate and speed, by the words or co-occurrences learned. With --resume it goes on in a file of its own, and
    /// steps after the checkpoint are not drawn twice.
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,

    /// CPU threads [default: one for each core]
    ///
    /// With 1 thread the same configuration and data give the same model, byte for byte; so do GloVe and
    /// word2vec.deterministic with any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Keeps the text, which goes into the saved configuration, once it is known to be a device.
pub(crate) fn device(text: &str) -> std::result::Result<String, String> {
    text.parse::<DeviceChoice>().map(|_| text.to_owned())
}

/// What is to be trained: the configuration with the command line's changes.
pub struct Request {
    /// The command line.
    pub args: Args,
    /// The file of the configuration.
    pub path: PathBuf,
    /// The configuration.
    pub config: Config,
    /// The processor that is asked for.
    pub device: DeviceChoice,
}

impl Request {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A configuration that is not there or says something impossible, a bad device.
    pub fn read(args: Args) -> Result<Self> {
        let (path, config, device) = configuration(&args.config, args.device.as_deref())?;
        if args.strict && config.word_vectors().is_some() {
            return Err(TrainError::Config(format!(
                "--strict is for trainings on pairs, which alone are checked before they begin, and {} learns word \
                 vectors; leave it out",
                path.display()
            )));
        }
        Ok(Request {
            args,
            path,
            config,
            device,
        })
    }

    /// Whether the training computes with libtorch: all but word vectors on the CPU.
    pub fn needs_libtorch(&self) -> bool {
        self.config.word_vectors().is_none() || matches!(self.device, DeviceChoice::Cuda(_))
    }

    /// Learns word vectors on the CPU, without a call into libtorch.
    ///
    /// # Errors
    /// Everything that [`word_vectors::run::run`] reports.
    pub fn learn_words(self) -> Result<()> {
        self.learn_words_on(Processor::Cpu)
    }

    /// Learns word vectors on `processor`.
    ///
    /// # Errors
    /// As [`Request::learn_words`].
    pub fn learn_words_on(self, processor: Processor) -> Result<()> {
        limit_threads(self.args.threads)?;
        let interrupt = Interrupt::on_signals()?;
        let threads = self.threads();
        let job = word_vectors::run::Job {
            config: self.config,
            processor,
            out: self.args.out,
            threads,
            json: self.args.json,
            tensorboard: self.args.tensorboard,
            resume: self.args.resume,
            force: self.args.force,
        };
        word_vectors::run::run(job, &interrupt)
    }

    /// Threads that learn.
    pub fn threads(&self) -> usize {
        self.args.threads.map_or_else(all_cores, usize::from)
    }
}

/// A configuration's file, what it holds with the command line's device, and that device.
fn configuration(name: &Path, device: Option<&str>) -> Result<(PathBuf, Config, DeviceChoice)> {
    let path = config::locate(name)?;
    let mut config = config::load(&path)?;
    if let Some(device) = device {
        device.clone_into(config.device_mut());
    }
    let device = config
        .device_mut()
        .parse()
        .map_err(|problem| TrainError::Config(format!("{}: device: {problem}", path.display())))?;
    Ok((path, config, device))
}

/// The configuration of a training on pairs with the command line's device, and that device.
///
/// # Errors
/// A configuration that is not there, says something impossible or is of another kind; a bad device.
pub fn of_pairs(name: &Path, device: Option<&str>) -> Result<(Contrastive, DeviceChoice)> {
    match configuration(name, device)? {
        (_, Config::Contrastive(config), device) => Ok((*config, device)),
        (path, ..) => Err(TrainError::Config(format!(
            "{}: expected a training on pairs (kind = \"contrastive\"), which alone this is for",
            path.display()
        ))),
    }
}

fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Lets rayon, which tokenizes and ranks, use as many threads as the command line says.
///
/// # Errors
/// Threads that cannot be started.
pub fn limit_threads(threads: Option<u16>) -> Result<()> {
    let Some(threads) = threads else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.into())
        .build_global()
        .map_err(|error| TrainError::Config(format!("--threads {threads}: {error}")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_flag_parses() {
        let args = Args::try_parse_from([
            "train",
            "--config",
            "m.toml",
            "--device",
            "cuda:1",
            "--out",
            "o",
            "--force",
            "--resume",
            "--strict",
            "--json",
            "--tensorboard",
            "runs",
            "--threads",
            "3",
        ])
        .unwrap();
        assert_eq!(args.config, PathBuf::from("m.toml"));
        assert_eq!(args.device.as_deref(), Some("cuda:1"));
        assert_eq!(args.out, Some(PathBuf::from("o")));
        assert_eq!(args.tensorboard, Some(PathBuf::from("runs")));
        assert!(args.force && args.resume && args.strict && args.json);
        assert_eq!(args.threads, Some(3));
    }

    #[test]
    fn an_unknown_device_and_impossible_threads_are_usage_errors() {
        for wrong in [["--device", "gpu"], ["--threads", "0"], ["--threads", "2000"]] {
            let parsed = Args::try_parse_from(["train", "--config", "m.toml", wrong[0], wrong[1]]);
            assert_eq!(parsed.unwrap_err().exit_code(), 2);
        }
    }
}
