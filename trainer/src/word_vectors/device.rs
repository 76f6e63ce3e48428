//! Where word vectors are learned.

use encoder_torch::{DeviceChoice, select_device};
use tch::Device;
use trainer_words::learn::{Architecture, Objective};

use crate::config::Learning;
use crate::error::{Result, TrainError};

/// The device for `choice`. `auto` is the CPU: its learning is written for it, and is the one that can do
/// everything.
///
/// # Errors
/// CUDA where there is none, or for what is learned on the CPU alone.
pub fn choose(learning: Learning, choice: DeviceChoice) -> Result<Device> {
    if !matches!(choice, DeviceChoice::Cuda(_)) {
        return Ok(Device::Cpu);
    }
    if let Some(what) = on_the_cpu_alone(learning) {
        return Err(TrainError::Config(format!(
            "device: learning with {what} runs on the CPU alone; use device = \"cpu\""
        )));
    }
    Ok(select_device(choice)?)
}

fn on_the_cpu_alone(learning: Learning) -> Option<&'static str> {
    match learning {
        Learning::Glove(_) => Some("GloVe"),
        Learning::Word2vec(word2vec, _) if word2vec.architecture == Architecture::Cbow => Some("CBOW"),
        Learning::Word2vec(word2vec, _) if word2vec.objective == Objective::HierarchicalSoftmax => {
            Some("hierarchical softmax")
        }
        Learning::Word2vec(word2vec, _) if word2vec.deterministic => Some("deterministic = true"),
        Learning::Word2vec(_, Some(_)) => Some("subwords"),
        Learning::Word2vec(..) => None,
    }
}

/// `cpu` or `cuda:N`.
pub fn name(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        _ => "cpu".into(),
    }
}

#[cfg(test)]
mod tests {
    use trainer_words::subwords::Subwords;

    use super::*;
    use crate::config::{Glove, Word2vec};

    #[test]
    fn auto_is_the_cpu() {
        let word2vec = Word2vec::default();
        let learning = Learning::Word2vec(&word2vec, None);
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu] {
            assert_eq!(choose(learning, choice).unwrap(), Device::Cpu);
        }
    }

    #[test]
    fn what_is_learned_on_the_cpu_alone_is_refused_elsewhere_by_name() {
        let cbow = Word2vec {
            architecture: Architecture::Cbow,
            ..Word2vec::default()
        };
        let softmax = Word2vec {
            objective: Objective::HierarchicalSoftmax,
            ..Word2vec::default()
        };
        let (word2vec, glove) = (Word2vec::default(), Glove::default());
        for (learning, name) in [
            (Learning::Word2vec(&cbow, None), "CBOW"),
            (Learning::Word2vec(&softmax, None), "hierarchical softmax"),
            (
                Learning::Word2vec(&word2vec, Some(Subwords::default())),
                "subwords",
            ),
            (Learning::Glove(&glove), "GloVe"),
        ] {
            let message = choose(learning, DeviceChoice::Cuda(0)).unwrap_err().to_string();
            assert!(
                message.contains(name) && message.contains("device = \"cpu\""),
                "{message}"
            );
        }
    }
}
