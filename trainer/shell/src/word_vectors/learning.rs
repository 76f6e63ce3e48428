//! Learning, by whichever method and on whichever device was chosen.

use std::path::Path;
use std::time::{Duration, Instant};

use trainer_words::corpus::PreparedCorpus;
use trainer_words::glove;
use trainer_words::learn::{self, Architecture, Checkpointing, Learned, Objective};

use super::device::Processor;
use super::event::Event;
use super::watch::Watch;
use crate::checkpoint_folder::CheckpointFolder;
use crate::config::{Learning, WordVectors};
use crate::error::Result;
use crate::progress::say;

/// What learning works with besides the configuration.
pub struct Place<'a> {
    /// What computes.
    pub processor: &'a Processor,
    /// Threads that learn.
    pub threads: usize,
    /// Where it is set aside.
    pub checkpoint: &'a CheckpointFolder,
    /// A folder for what is too big for memory.
    pub scratch: &'a Path,
}

/// Learns the vectors and reports what came of it.
///
/// # Errors
/// Text that nothing can be learned from, a checkpoint that does not fit, too little memory, a full disk, an
/// interrupt.
pub fn learn(
    config: &WordVectors,
    prepared: &PreparedCorpus,
    place: &Place,
    watch: &Watch,
) -> Result<Learned> {
    say(&announcement(config, place));
    let began = Instant::now();
    let checkpointing = Checkpointing {
        path: place.checkpoint.file(),
        every: Duration::from_secs_f64(60.0 * config.checkpoint.every_minutes),
        resume: place.checkpoint.resumes(),
    };
    let (vocabulary, corpus) = (&prepared.vocabulary, &prepared.corpus);
    let learned = match (config.learning, place.processor) {
        (Learning::Glove(glove), _) => glove::learn(
            vocabulary,
            corpus,
            &glove.settings(place.threads),
            place.scratch,
            Some(&checkpointing),
            watch,
        ),
        (Learning::Word2vec(word2vec, subwords), Processor::Cpu) => {
            let settings = word2vec.settings(subwords, place.threads);
            learn::learn(vocabulary, corpus, &settings, Some(&checkpointing), watch)
        }
        (Learning::Word2vec(word2vec, subwords), Processor::Device { learn, .. }) => {
            let settings = word2vec.settings(subwords, place.threads);
            learn(vocabulary, corpus, &settings, watch)
        }
    };
    watch.finish_stage();
    let learned = watch.outcome(learned)?;
    if learned.at_bound > 0 {
        say(&format!(
            "warning: {} numbers grew to their bound and were held there, so the learning rate was too high; try a \
             lower {}.learning_rate",
            learned.at_bound,
            config.learning.kind()
        ));
    }
    watch.record(&Event::Learned {
        dimension: learned.word_vectors.vectors.dimension(),
        seconds: began.elapsed().as_secs_f64(),
        kernel: learned.kernel.to_owned(),
        at_bound: learned.at_bound,
    })?;
    Ok(learned)
}

fn announcement(config: &WordVectors, place: &Place) -> String {
    let (dimension, epochs) = config.learning.size();
    let mut text = format!(
        "learning {} by {}: {dimension} numbers a vector, {epochs} epochs, on {}",
        config.name,
        config.learning.method(),
        place.processor.name()
    );
    if place.processor.is_cpu() {
        let plural = if place.threads == 1 { "" } else { "s" };
        text += &format!(" with {} thread{plural}", place.threads);
    } else {
        text += "; without checkpoints, so that a stop loses it";
    }
    if let Learning::Word2vec(word2vec, _) = config.learning
        && place.threads > 1
        && place.processor.is_cpu()
        && !word2vec.deterministic
    {
        text += "; they share the vectors without locks (Hogwild), so no two runs give the same bits: --threads 1 or \
                 word2vec.deterministic = true would";
    }
    text
}

impl Learning<'_> {
    /// The kind and the name of its section.
    pub fn kind(&self) -> &'static str {
        match self {
            Learning::Word2vec(..) => "word2vec",
            Learning::Glove(_) => "glove",
        }
    }

    /// The method in words.
    pub fn method(&self) -> String {
        let Learning::Word2vec(word2vec, subwords) = self else {
            return "GloVe".into();
        };
        let architecture = match word2vec.architecture {
            Architecture::SkipGram => "skip-gram",
            Architecture::Cbow => "CBOW",
        };
        let objective = match word2vec.objective {
            Objective::NegativeSampling => "negative sampling",
            Objective::HierarchicalSoftmax => "hierarchical softmax",
        };
        let subwords = if subwords.is_some() { " and subwords" } else { "" };
        format!("{architecture} with {objective}{subwords}")
    }

    /// Numbers in a vector, and passes over the text.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Learning::Word2vec(word2vec, _) => (word2vec.dimension, word2vec.epochs),
            Learning::Glove(glove) => (glove.dimension, glove.epochs),
        }
    }

    /// What progress counts.
    pub fn unit(&self) -> &'static str {
        match self {
            Learning::Word2vec(..) => "words",
            Learning::Glove(_) => "co-occurrences",
        }
    }
}
