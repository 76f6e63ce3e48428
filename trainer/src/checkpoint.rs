//! The best weights so far, kept in memory: for the models that Sextant trains, less than a gigabyte.

use encoder::ranking::Metrics;
use encoder_torch::trained;
use tch::nn::VarStore;
use tch::{Tensor, no_grad};

/// A copy of all trained weights and what they were measured at.
pub struct Checkpoint {
    /// Steps taken.
    pub step: usize,
    /// The measurement of these weights.
    pub metrics: Metrics,
    weights: Vec<(String, Tensor)>,
}

impl Checkpoint {
    /// Weights that were taken by an earlier run.
    pub fn from_weights(step: usize, metrics: Metrics, weights: Vec<(String, Tensor)>) -> Self {
        Checkpoint {
            step,
            metrics,
            weights,
        }
    }

    /// The weights with their names.
    pub fn weights(&self) -> &[(String, Tensor)] {
        &self.weights
    }

    /// Copies the weights that are trained as they are now; the others do not change.
    pub fn take(step: usize, metrics: Metrics, variables: &VarStore) -> Self {
        let copy = |(name, tensor): (String, Tensor)| (name, no_grad(|| tensor.copy()));
        Checkpoint {
            step,
            metrics,
            weights: trained(variables).into_iter().map(copy).collect(),
        }
    }

    /// Puts the weights back into the store that they were taken from.
    pub fn restore(&self, variables: &VarStore) {
        let mut current = variables.variables();
        no_grad(|| {
            for (name, kept) in &self.weights {
                if let Some(tensor) = current.get_mut(name) {
                    // copy_ has no fallible twin; both have the same shape.
                    tensor.copy_(kept);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, nn::VarStore};

    use super::*;

    #[test]
    fn weights_come_back_after_they_changed() {
        let store = VarStore::new(Device::Cpu);
        let mut weight = store.root().ones("w", &[2]);
        let kept = Checkpoint::take(3, Metrics::default(), &store);
        no_grad(|| {
            let _ = weight.fill_(7.0);
        });
        kept.restore(&store);
        assert_eq!(Vec::<f32>::try_from(&weight).unwrap(), [1.0, 1.0]);
        assert!(weight.requires_grad());
    }
}
