//! AdamW with decoupled weight decay, and clipping by the global norm.
//!
//! Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2
//! (<https://arxiv.org/abs/1711.05101>), with PyTorch's default constants. Our own rather than
//! `tch::nn::AdamW`, whose parameter groups have to be chosen while the model is being built.

use tch::nn::VarStore;
use tch::{TchError, Tensor, no_grad};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The optimizer's state: two moments for each parameter.
pub struct AdamW {
    slots: Vec<Slot>,
    step: i32,
}

struct Slot {
    parameter: Tensor,
    /// Running mean of the gradient, and of its square; allocated when the first gradient arrives.
    moments: Option<(Tensor, Tensor)>,
    decay: f64,
}

impl AdamW {
    /// An optimizer of all trainable variables, in the order of their names.
    ///
    /// `weight_decay` applies to matrices alone: biases and LayerNorm have no scale that shrinking could
    /// simplify.
    pub fn new(variables: &VarStore, weight_decay: f64) -> Self {
        let mut named: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
        // The store is a hash map; a fixed order makes the sum in the norm the same in every run.
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let slots = named
            .into_iter()
            .filter(|(_, parameter)| parameter.requires_grad())
            .map(|(name, parameter)| {
                let decay = if is_decayed(&name) { weight_decay } else { 0.0 };
                Slot {
                    parameter,
                    moments: None,
                    decay,
                }
            });
        AdamW {
            slots: slots.collect(),
            step: 0,
        }
    }

    /// Forgets all gradients.
    pub fn zero_grad(&mut self) {
        for slot in &mut self.slots {
            slot.parameter.zero_grad();
        }
    }

    /// Scales all gradients by `max / norm` where their global L2 norm exceeds `max`; returns the norm
    /// before.
    ///
    /// As `torch.nn.utils.clip_grad_norm_`, whose 1e-6 in the denominator is kept. A NaN or infinite norm is
    /// returned as it is, for the caller to stop on.
    pub fn clip_grad_norm(&self, max: f64) -> Result<f64, TchError> {
        no_grad(|| {
            let mut gradients: Vec<Tensor> = self.gradients().collect();
            if gradients.is_empty() {
                return Ok(0.0);
            }
            let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
            let norm = f64::try_from(Tensor::f_stack(&norms, 0)?.norm())?;
            let factor = max / (norm + 1e-6);
            if factor < 1.0 {
                for gradient in &mut gradients {
                    let _ = gradient.f_mul_scalar_(factor)?;
                }
            }
            Ok(norm)
        })
    }

    /// One update with learning rate `rate`. Parameters that got no gradient stay as they are.
    pub fn step(&mut self, rate: f64) -> Result<(), TchError> {
        self.step += 1;
        let (correction1, correction2) = (1.0 - BETA1.powi(self.step), 1.0 - BETA2.powi(self.step));
        no_grad(|| {
            for slot in &mut self.slots {
                let gradient = slot.parameter.grad();
                if gradient.defined() {
                    slot.update(&gradient, rate, correction1, correction2)?;
                }
            }
            Ok(())
        })
    }

    fn gradients(&self) -> impl Iterator<Item = Tensor> {
        self.slots
            .iter()
            .map(|slot| slot.parameter.grad())
            .filter(Tensor::defined)
    }
}

impl Slot {
    /// `θ ← θ·(1 − rate·decay) − rate · m̂ / (√v̂ + ε)`, with bias-corrected moments m̂ and v̂.
    fn update(
        &mut self,
        gradient: &Tensor,
        rate: f64,
        correction1: f64,
        correction2: f64,
    ) -> Result<(), TchError> {
        let (mean, square) = self
            .moments
            .get_or_insert_with(|| (gradient.zeros_like(), gradient.zeros_like()));
        let _ = mean.f_lerp_(gradient, 1.0 - BETA1)?;
        let _ = square
            .f_mul_scalar_(BETA2)?
            .f_addcmul_(gradient, &gradient.f_mul_scalar(1.0 - BETA2)?)?;
        // In place, because a temporary of the word embeddings' size costs more than the arithmetic.
        let mut denominator = square.f_div_scalar(correction2)?.f_sqrt_()?;
        let _ = denominator.f_add_scalar_(EPSILON)?;
        let change = denominator
            .f_reciprocal_()?
            .f_mul_(mean)?
            .f_mul_scalar_(rate / correction1)?;
        let _ = self
            .parameter
            .f_mul_scalar_(1.0 - rate * self.decay)?
            .f_sub_(&change)?;
        Ok(())
    }
}

/// Whether weight decay applies to the variable of this name.
fn is_decayed(name: &str) -> bool {
    !name.ends_with("bias") && !name.contains("LayerNorm") && !name.contains("layer_norm")
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    fn store(names: &[&str]) -> VarStore {
        let store = VarStore::new(Device::Cpu);
        for name in names {
            let _ = store.root().ones(name, &[2]);
        }
        store
    }

    fn values(store: &VarStore, name: &str) -> Vec<f64> {
        Vec::try_from(&store.variables()[name].to_kind(Kind::Double)).unwrap()
    }

    #[test]
    fn the_first_step_moves_by_the_rate_against_the_gradients_sign() {
        let store = store(&["weight"]);
        let loss = (&store.variables()["weight"] * Tensor::from_slice(&[3.0f32, -5.0])).sum(Kind::Float);
        let mut optimizer = AdamW::new(&store, 0.0);
        loss.backward();
        optimizer.step(0.1).unwrap();
        let moved = values(&store, "weight");
        assert!(
            (moved[0] - 0.9).abs() < 1e-6 && (moved[1] - 1.1).abs() < 1e-6,
            "{moved:?}"
        );
    }

    #[test]
    fn decay_spares_biases_layer_norms_and_parameters_without_gradient() {
        let store = store(&["weight", "bias", "LayerNorm_weight", "unused_weight"]);
        let variables = store.variables();
        let used = ["weight", "bias", "LayerNorm_weight"].map(|name| variables[name].shallow_clone());
        let loss = Tensor::stack(&used, 0).sum(Kind::Float) * 0.0;
        let mut optimizer = AdamW::new(&store, 0.5);
        loss.backward();
        optimizer.step(0.1).unwrap();
        assert_eq!(values(&store, "weight")[0], 0.95f32 as f64);
        for name in ["bias", "LayerNorm_weight", "unused_weight"] {
            assert_eq!(values(&store, name), [1.0, 1.0], "{name}");
        }
    }

    #[test]
    fn clipping_scales_to_the_maximum_and_returns_the_norm_before() {
        let store = store(&["a", "b"]);
        let variables = store.variables();
        let loss = (&variables["a"] * 3.0 + &variables["b"] * 4.0).sum(Kind::Float);
        let mut optimizer = AdamW::new(&store, 0.0);
        loss.backward();
        let norm = optimizer.clip_grad_norm(1.0).unwrap();
        assert!((norm - 50.0f64.sqrt()).abs() < 1e-5);
        assert!((optimizer.clip_grad_norm(1.0).unwrap() - 1.0).abs() < 1e-5);
        optimizer.zero_grad();
        assert_eq!(optimizer.clip_grad_norm(1.0).unwrap(), 0.0);
    }
}
