//! Trainings that compute with libtorch: the contrastive one, and word vectors on a device.

use encoder_torch::{limit_threads, select_device};
use trainer_words::learn::Settings;

use crate::checkpoint_folder::CheckpointFolder;
use crate::cli::{self, Request};
use crate::config::{Config, Learning};
use crate::contrastive::run::{Job, device_name, run};
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::on_device;
use crate::output::Output;
use crate::progress::say;
use crate::word_vectors::device::Processor;

/// Trains what the command line asks for.
///
/// # Errors
/// Everything that [`run`] and [`Request::learn_words_on`] report, a device that is not there.
pub fn train(request: Request) -> Result<()> {
    if let Some(threads) = request.args.threads {
        limit_threads(threads);
    }
    if let Some(words) = request.config.word_vectors() {
        on_device::refuse(&settings(words.learning, request.threads())?)?;
        let device = select_device(request.device, say)?;
        let processor = Processor::Device {
            name: device_name(device),
            learn: Box::new(move |vocabulary, corpus, settings, observer| {
                on_device::learn(vocabulary, corpus, settings, device, observer)
            }),
        };
        return request.learn_words_on(processor);
    }
    contrastive(request)
}

fn contrastive(request: Request) -> Result<()> {
    let Request {
        args, path, config, ..
    } = request;
    let Config::Contrastive(config) = config else {
        let problem = "expected a training on pairs";
        return Err(TrainError::Config(format!("{}: {problem}", path.display())));
    };
    let interrupt = Interrupt::on_signals()?;
    cli::limit_threads(args.threads)?;
    let device = select_device(request.device, say)?;
    let output = Output::claim(args.out.as_deref(), &config.name, args.force)?;
    let checkpoint = CheckpointFolder::claim(output.target(), args.resume, args.force)?;
    let job = Job {
        config: *config,
        checkpoint,
        output,
        device,
        json: args.json,
        tensorboard: args.tensorboard,
        strict: args.strict,
        promote: args.promote,
    };
    run(job, &interrupt)
}

fn settings(learning: Learning, threads: usize) -> Result<Settings> {
    match learning {
        Learning::Word2vec(word2vec, subwords) => Ok(word2vec.settings(subwords, threads)),
        Learning::Glove(_) => Err(TrainError::Config(
            "device: GloVe is learned on the CPU alone; use device = \"cpu\"".into(),
        )),
    }
}
