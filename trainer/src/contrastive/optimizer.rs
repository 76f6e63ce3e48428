//! AdamW with decoupled weight decay, and clipping by the global norm.
//!
//! Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2
//! (<https://arxiv.org/abs/1711.05101>), with PyTorch's default constants. Our own rather than
//! `tch::nn::AdamW`, whose parameter groups have to be chosen while the model is being built.
//!
//! A model has a hundred parameters, most of them small. Here they are stretches of one flat tensor for each
//! weight decay, and so are their gradients and moments: a step is a few operations, however many parameters
//! there are. On the CPU these walk the flat tensors piece by piece, so that a piece is read from memory once a
//! step and not once an operation.
//!
//! Lower layers can learn more slowly (Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text
//! Classification", section 3.2, <https://arxiv.org/abs/1801.06146>); each layer has flat tensors of its own then.

use std::collections::{BTreeMap, HashMap};

use encoder_torch::{layer_of, trained};
use tch::nn::VarStore;
use tch::{Device, Kind, TchError, Tensor, no_grad};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Numbers of a piece on the CPU: those of the parameters, gradients, moments and temporaries together fill a
/// few megabytes, as a core's cache has.
const PIECE: i64 = 1 << 17;

/// The optimizer's state: two moments for each parameter.
pub struct AdamW {
    blocks: Vec<Block>,
    step: i32,
}

/// The parameters of one weight decay and rate with all that belongs to them, in flat tensors of the same length.
struct Block {
    members: Vec<Member>,
    decay: f64,
    /// Factor on the learning rate.
    rate: f64,
    parameters: Tensor,
    gradients: Tensor,
    /// Running means of the gradients, and of their squares.
    mean: Tensor,
    square: Tensor,
}

/// A parameter's stretch of its block.
struct Member {
    name: String,
    start: i64,
    shape: Vec<i64>,
}

impl AdamW {
    /// An optimizer of all trainable variables, in the order of their names. They move into flat tensors, and
    /// each gets a gradient of zeros.
    ///
    /// `weight_decay` applies to matrices alone: biases (of relative positions, too) and LayerNorm have no scale that
    /// shrinking could simplify. The learning rate of a layer is `layer_decay` times that of the layer above it; the
    /// embeddings are below the lowest layer.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn new(variables: &VarStore, weight_decay: f64, layer_decay: f64) -> Result<Self, TchError> {
        // In a fixed order, which makes the sum in the norm the same in every run.
        let named = trained(variables);
        // 0 for the embeddings, then the layers from the lowest.
        let height = |name: &str| layer_of(name).map_or(0, |layer| layer + 1);
        let top = named.iter().map(|(name, _)| height(name)).max().unwrap_or(0);
        let mut groups: BTreeMap<(bool, usize), Vec<(String, Tensor)>> = BTreeMap::new();
        for (name, parameter) in named {
            let below_top = if layer_decay == 1.0 {
                0
            } else {
                top - height(&name)
            };
            let group = groups.entry((!is_decayed(&name), below_top)).or_default();
            group.push((name, parameter));
        }
        let blocks = groups.into_iter().map(|((spared, below_top), parameters)| {
            let decay = if spared { 0.0 } else { weight_decay };
            Block::new(parameters, decay, layer_decay.powi(below_top as i32))
        });
        Ok(AdamW {
            blocks: blocks.collect::<Result<_, _>>()?,
            step: 0,
        })
    }

    /// Forgets all gradients.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn zero_grad(&mut self) -> Result<(), TchError> {
        for block in &mut self.blocks {
            let _ = block.gradients.f_zero_()?;
        }
        Ok(())
    }

    /// The global L2 norm of all gradients, a scalar on the device: nobody has waited for it yet.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn grad_norm(&self) -> Result<Tensor, TchError> {
        no_grad(|| {
            let norms = self.blocks.iter().map(|block| block.gradients.f_norm());
            let norms = norms.collect::<Result<Vec<_>, _>>()?;
            Tensor::f_stack(&norms, 0)?.f_norm()
        })
    }

    /// Scales all gradients, whose global L2 norm is `norm`, by `max / norm` where that exceeds `max`.
    ///
    /// As `torch.nn.utils.clip_grad_norm_`, whose 1e-6 in the denominator is kept.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn clip_grad_norm(&mut self, norm: f64, max: f64) -> Result<(), TchError> {
        let factor = max / (norm + 1e-6);
        if factor < 1.0 {
            for block in &mut self.blocks {
                let _ = no_grad(|| block.gradients.f_mul_scalar_(factor))?;
            }
        }
        Ok(())
    }

    /// One update with learning rate `rate` for the top layer.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn step(&mut self, rate: f64) -> Result<(), TchError> {
        self.step += 1;
        let corrections = (1.0 - BETA1.powi(self.step), 1.0 - BETA2.powi(self.step));
        no_grad(|| {
            self.blocks
                .iter()
                .try_for_each(|block| block.update(rate, corrections))
        })
    }

    /// Whether every parameter is a finite number.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn is_finite(&self) -> Result<bool, TchError> {
        for block in &self.blocks {
            if i64::try_from(block.parameters.f_isfinite()?.f_all()?)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Updates made.
    pub fn updates(&self) -> i32 {
        self.step
    }

    /// The moments as views, named `mean.` and `square.` and the parameter's name.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn moments(&self) -> Result<Vec<(String, Tensor)>, TchError> {
        let mut moments = Vec::new();
        for block in &self.blocks {
            for member in &block.members {
                for (kind, flat) in [("mean", &block.mean), ("square", &block.square)] {
                    moments.push((format!("{kind}.{}", member.name), member.of(flat)?));
                }
            }
        }
        Ok(moments)
    }

    /// Goes on after `updates` updates with moments that [`Self::moments`] gave.
    ///
    /// # Errors
    /// The name of the first one that is missing or has another shape; the moments are of no use then.
    pub fn restore(&mut self, updates: i32, kept: &HashMap<String, Tensor>) -> Result<(), String> {
        self.step = updates;
        for (name, mut moment) in self.moments().map_err(|error| error.to_string())? {
            let kept = kept.get(&name).filter(|kept| kept.size() == moment.size());
            no_grad(|| kept.map(|kept| moment.copy_(kept))).ok_or(name)?;
        }
        Ok(())
    }
}

impl Block {
    fn new(parameters: Vec<(String, Tensor)>, decay: f64, rate: f64) -> Result<Self, TchError> {
        let flattened: Result<Vec<Tensor>, TchError> = parameters
            .iter()
            .map(|(_, parameter)| parameter.f_detach()?.f_flatten(0, -1))
            .collect();
        let flat = Tensor::f_cat(&flattened?, 0)?;
        let mut block = Block {
            members: Vec::with_capacity(parameters.len()),
            decay,
            rate,
            gradients: flat.f_zeros_like()?,
            mean: flat.f_zeros_like()?,
            square: flat.f_zeros_like()?,
            parameters: flat,
        };
        let mut start = 0;
        for (name, parameter) in parameters {
            let shape = parameter.size();
            let member = Member { name, start, shape };
            start += parameter.numel() as i64;
            block.adopt(&member, parameter)?;
            block.members.push(member);
        }
        Ok(block)
    }

    /// Gives a parameter and its gradient their stretches of the flat tensors as memory. Whoever holds the
    /// parameter notices nothing.
    fn adopt(&self, member: &Member, mut parameter: Tensor) -> Result<(), TchError> {
        // libtorch has no call that sets a gradient; one that is there adds up in place.
        parameter.f_sum(Kind::Float)?.f_backward()?;
        no_grad(|| {
            parameter.f_set_data(&member.of(&self.parameters)?)?;
            parameter.f_grad()?.f_set_data(&member.of(&self.gradients)?)
        })
    }

    /// `θ ← θ·(1 − rate·decay) − rate · m̂ / (√v̂ + ε)`, with bias-corrected moments m̂ and v̂.
    fn update(&self, rate: f64, corrections: (f64, f64)) -> Result<(), TchError> {
        let length = self.parameters.size()[0];
        let rate = rate * self.rate;
        let piece = match self.parameters.device() {
            Device::Cpu => PIECE,
            _ => length,
        };
        let mut start = 0;
        while start < length {
            self.update_piece(start, piece.min(length - start), rate, corrections)?;
            start += piece;
        }
        Ok(())
    }

    fn update_piece(
        &self,
        start: i64,
        length: i64,
        rate: f64,
        (correction1, correction2): (f64, f64),
    ) -> Result<(), TchError> {
        let piece = |flat: &Tensor| flat.f_narrow(0, start, length);
        let (gradient, mut mean, mut square) =
            (piece(&self.gradients)?, piece(&self.mean)?, piece(&self.square)?);
        let _ = mean.f_lerp_(&gradient, 1.0 - BETA1)?;
        let _ = square
            .f_mul_scalar_(BETA2)?
            .f_addcmul_(&gradient, &gradient.f_mul_scalar(1.0 - BETA2)?)?;
        let mut denominator = square.f_div_scalar(correction2)?.f_sqrt_()?;
        let _ = denominator.f_add_scalar_(EPSILON)?;
        let change = denominator
            .f_reciprocal_()?
            .f_mul_(&mean)?
            .f_mul_scalar_(rate / correction1)?;
        let _ = piece(&self.parameters)?
            .f_mul_scalar_(1.0 - rate * self.decay)?
            .f_sub_(&change)?;
        Ok(())
    }
}

impl Member {
    /// The parameter's stretch of `flat`, in its shape.
    fn of(&self, flat: &Tensor) -> Result<Tensor, TchError> {
        flat.f_narrow(0, self.start, self.shape.iter().product())?
            .f_view(self.shape.as_slice())
    }
}

/// Whether weight decay applies to the variable of this name.
fn is_decayed(name: &str) -> bool {
    !name.contains("bias") && !name.contains("LayerNorm") && !name.contains("layer_norm")
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
        let mut optimizer = AdamW::new(&store, 0.0, 1.0).unwrap();
        loss.backward();
        optimizer.step(0.1).unwrap();
        let moved = values(&store, "weight");
        assert!(
            (moved[0] - 0.9).abs() < 1e-6 && (moved[1] - 1.1).abs() < 1e-6,
            "{moved:?}"
        );
    }

    #[test]
    fn decay_spares_biases_and_layer_norms() {
        let store = store(&["weight", "bias", "LayerNorm_weight"]);
        let all: Vec<Tensor> = store.variables().into_values().collect();
        let loss = Tensor::stack(&all, 0).sum(Kind::Float) * 0.0;
        let mut optimizer = AdamW::new(&store, 0.5, 1.0).unwrap();
        loss.backward();
        optimizer.step(0.1).unwrap();
        assert_eq!(values(&store, "weight")[0], 0.95f32 as f64);
        for name in ["bias", "LayerNorm_weight"] {
            assert_eq!(values(&store, name), [1.0, 1.0], "{name}");
        }
    }

    #[test]
    fn clipping_scales_to_the_maximum_and_returns_the_norm_before() {
        let store = store(&["a", "b"]);
        let variables = store.variables();
        let loss = (&variables["a"] * 3.0 + &variables["b"] * 4.0).sum(Kind::Float);
        let mut optimizer = AdamW::new(&store, 0.0, 1.0).unwrap();
        loss.backward();
        let norm = |optimizer: &AdamW| optimizer.grad_norm().unwrap().double_value(&[]);
        let before = norm(&optimizer);
        assert!((before - 50.0f64.sqrt()).abs() < 1e-5);
        for (norm_then, max) in [(before, 1.0), (1.0, 2.0)] {
            optimizer.clip_grad_norm(norm_then, max).unwrap();
            assert!((norm(&optimizer) - 1.0).abs() < 1e-5);
        }
        optimizer.zero_grad().unwrap();
        assert_eq!(norm(&optimizer), 0.0);
    }

    #[test]
    fn whoever_held_a_parameter_before_sees_its_updates_and_its_gradient() {
        let store = store(&["a", "bias", "b"]);
        let held = store.variables();
        let mut optimizer = AdamW::new(&store, 0.0, 1.0).unwrap();
        assert_eq!(Vec::<f32>::try_from(held["b"].grad()).unwrap(), [0.0, 0.0]);
        for _ in 0..2 {
            (&held["b"] * 3.0).sum(Kind::Float).backward();
        }
        assert_eq!(
            Vec::<f32>::try_from(held["b"].grad()).unwrap(),
            [6.0, 6.0],
            "added in place"
        );
        optimizer.step(0.1).unwrap();
        assert!((values(&store, "b")[0] - 0.9).abs() < 1e-6 && values(&store, "a") == [1.0, 1.0]);
        assert_eq!(
            Vec::<f32>::try_from(&held["b"]).unwrap()[1],
            values(&store, "b")[1] as f32
        );
        assert!(held["b"].requires_grad() && held["b"].is_leaf());
    }

    #[test]
    fn restored_moments_go_on_to_the_same_bits() {
        let store = store(&["weight", "bias"]);
        let variables = store.variables();
        let turn = |optimizer: &mut AdamW, slope: f64| {
            optimizer.zero_grad().unwrap();
            let loss = (&variables["weight"] * slope + &variables["bias"]).sum(Kind::Float);
            loss.backward();
            optimizer.step(0.1).unwrap();
        };
        let mut whole = AdamW::new(&store, 0.01, 1.0).unwrap();
        turn(&mut whole, 2.0);
        let kept: HashMap<String, Tensor> = whole
            .moments()
            .unwrap()
            .into_iter()
            .map(|(n, t)| (n, t.copy()))
            .collect();
        let weights: Vec<Tensor> = ["weight", "bias"]
            .map(|name| variables[name].detach().copy())
            .into();
        turn(&mut whole, -1.0);
        let expected = values(&store, "weight");
        no_grad(|| {
            for (name, weight) in ["weight", "bias"].iter().zip(&weights) {
                variables[*name].shallow_clone().copy_(weight);
            }
        });
        let mut resumed = AdamW::new(&store, 0.01, 1.0).unwrap();
        resumed.restore(1, &kept).unwrap();
        turn(&mut resumed, -1.0);
        assert_eq!(values(&store, "weight"), expected);
        let missing = resumed.restore(1, &HashMap::new()).unwrap_err();
        assert_eq!(missing, "mean.weight");
    }
}
