//! What learns word vectors: the CPU, or a device that the caller knows how to use.

use std::fmt;

use trainer_words::corpus::{IntegerCorpus, Vocabulary};
use trainer_words::learn::{Learned, Settings};
use trainer_words::{Observer, WordsError};

/// What learns.
pub enum Processor {
    /// The CPU.
    Cpu,
    /// Another device, by name (`cuda:0`), and how to learn skip-gram there.
    Device {
        /// As in `--device`.
        name: String,
        /// Learns from numbered text.
        learn: LearnOnDevice,
    },
}

/// Learns skip-gram on a device.
pub type LearnOnDevice =
    Box<dyn Fn(&Vocabulary, &IntegerCorpus, &Settings, &dyn Observer) -> Result<Learned, WordsError>>;

impl Processor {
    /// Whether it is the CPU.
    pub fn is_cpu(&self) -> bool {
        matches!(self, Processor::Cpu)
    }

    /// `cpu` or the device's name.
    pub fn name(&self) -> &str {
        match self {
            Processor::Cpu => "cpu",
            Processor::Device { name, .. } => name,
        }
    }
}

impl fmt::Debug for Processor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
