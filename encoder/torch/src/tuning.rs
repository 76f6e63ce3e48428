//! What of a model is trained.

use encoder::model::RELATIVE_POSITIONS;
use tch::{TchError, Tensor, nn};

use crate::lora::Lora;

/// What of a model is trained, and with how much dropout. The default: everything, with the model's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tuning {
    /// Replaces both dropout probabilities of the model's configuration.
    pub dropout: Option<f64>,
    /// Leave the embeddings as they are.
    pub freeze_embeddings: bool,
    /// Leave the embeddings, relative positions, and this many layers, counted from the lowest, as they are.
    pub freeze_layers: usize,
    /// Leave all parameters as they are, and train a change of some matrices in the layers that are not frozen.
    pub lora: Option<Lora>,
}

impl Tuning {
    /// Whether the model's parameter of this name stays as it is.
    fn freezes(&self, name: &str) -> bool {
        if self.lora.is_some() {
            return true;
        }
        match layer_of(name) {
            Some(layer) => layer < self.freeze_layers,
            None => self.freeze_layers > 0 || (self.freeze_embeddings && name != RELATIVE_POSITIONS),
        }
    }

    /// Takes the parameters that stay as they are out of the gradients. No layer above them needs to pass any on to
    /// them, so the way back ends at the lowest layer that is trained. Adds what is trained besides.
    ///
    /// # Errors
    /// Not enough memory.
    pub(crate) fn apply(&self, variables: &nn::VarStore) -> Result<(), TchError> {
        for (name, parameter) in variables.variables() {
            if self.freezes(&name) {
                // Whoever holds the parameter sees it: the flag belongs to the tensor that they share.
                let _ = parameter.set_requires_grad(false);
            }
        }
        match &self.lora {
            Some(lora) => lora.add(variables, self.freeze_layers),
            None => Ok(()),
        }
    }
}

/// The parameters that are trained, in the order of their names; all others stay as they are.
pub fn trained(variables: &nn::VarStore) -> Vec<(String, Tensor)> {
    let mut named: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
    named.retain(|(_, parameter)| parameter.requires_grad());
    // The store is a hash map.
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named
}

/// The layer that a parameter belongs to, counted from 0, the lowest; `None` for the embeddings below them, and for the
/// relative positions that all layers of an MPNet share.
///
/// `encoder.layer.3.output.dense.weight` → 3; the names are BERT's, whatever the family.
pub fn layer_of(name: &str) -> Option<usize> {
    let mut parts = name.split('.');
    parts.find(|&part| part == "layer")?;
    parts.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_told_by_name() {
        assert_eq!(layer_of("encoder.layer.11.output.dense.weight"), Some(11));
        assert_eq!(layer_of("embeddings.LayerNorm.weight"), None);
        assert_eq!(layer_of(RELATIVE_POSITIONS), None);
    }

    #[test]
    fn frozen_layers_freeze_the_embeddings_below_them_too() {
        let frozen = |tuning: &Tuning| {
            let names = [
                "embeddings.word_embeddings.weight",
                "encoder.layer.0.a",
                "encoder.layer.1.a",
            ];
            names.map(|name| tuning.freezes(name))
        };
        let mut tuning = Tuning::default();
        assert_eq!(frozen(&tuning), [false; 3]);
        tuning.freeze_embeddings = true;
        assert_eq!(frozen(&tuning), [true, false, false]);
        tuning = Tuning {
            freeze_layers: 1,
            ..Tuning::default()
        };
        assert_eq!(frozen(&tuning), [true, true, false]);
    }
}
