//! A small change of large matrices, trained in their place (LoRA).
//!
//! Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1
//! (<https://arxiv.org/abs/2106.09685>): a matrix W (out, in) stays as it is, and what is learned is A (rank, in) and
//! B (out, rank) in (W + alpha / rank · B A) x. B begins as zeros, so the model begins as it was. W x and B A x are
//! computed apart, because the gradient of a whole matrix is what LoRA saves; a saved model has them as one matrix.

use std::collections::{BTreeMap, HashMap};

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use tch::{Kind, TchError, Tensor, nn, no_grad};

use crate::dropout::dropout;
use crate::tuning::layer_of;

/// Which matrices are adapted, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Lora {
    /// Rows of A and columns of B, at least 1.
    pub rank: usize,
    /// The change is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Dropout probability of what A is applied to.
    pub dropout: f64,
    /// Parts of a layer by BERT's names, whatever the family: `attention.self.query`.
    pub targets: Vec<&'static str>,
    /// Of A's first values.
    pub seed: u64,
}

impl Lora {
    /// Adds A and B of every target to `variables`, from layer `lowest` on, by the names of the target with `.lora_A`
    /// and `.lora_B`.
    ///
    /// A is drawn evenly from ±1 / √in, which is peft's choice (Kaiming's with the slope √5); the draws are the same on
    /// every device.
    ///
    /// # Errors
    /// Not enough memory.
    pub(crate) fn add(&self, variables: &nn::VarStore, lowest: usize) -> Result<(), TchError> {
        let mut random = SplitMix64::seed_from_u64(self.seed);
        let weights: BTreeMap<String, Tensor> = variables.variables().into_iter().collect();
        let layers = weights.keys().filter_map(|name| layer_of(name)).max();
        for layer in lowest..layers.map_or(0, |top| top + 1) {
            for target in &self.targets {
                let name = format!("encoder.layer.{layer}.{target}");
                let Some(weight) = weights.get(&format!("{name}.weight")) else {
                    continue;
                };
                let (out, into) = weight.size2()?;
                let rank = self.rank as i64;
                let bound = 1.0 / (into as f32).sqrt();
                let draws: Vec<f32> = std::iter::repeat_with(|| bound * (2.0 * unit(&mut random) - 1.0))
                    .take(self.rank * into as usize)
                    .collect();
                let path = name.split('.').fold(variables.root(), |path, part| path / part);
                let _ = path.f_var_copy("lora_A", &Tensor::f_from_slice(&draws)?.f_view([rank, into])?)?;
                let _ = path.f_zeros("lora_B", &[out, rank])?;
            }
        }
        Ok(())
    }

    fn scale(&self) -> f64 {
        self.alpha / self.rank as f64
    }

    /// All of `variables`, with each change added to its matrix.
    ///
    /// # Errors
    /// Not enough memory.
    pub(crate) fn merge(&self, variables: &nn::VarStore) -> Result<HashMap<String, Tensor>, TchError> {
        let mut all = variables.variables();
        let names: Vec<String> = all
            .keys()
            .filter_map(|name| name.strip_suffix(".lora_A"))
            .map(str::to_owned)
            .collect();
        for name in names {
            let weight = format!("{name}.weight");
            if let (Some(adapter), Some(matrix)) = (Adapter::take(&mut all, &name, self), all.get(&weight)) {
                let merged = no_grad(|| matrix.f_add(&adapter.change()?))?;
                all.insert(weight, merged);
            }
        }
        Ok(all)
    }
}

/// In 0 to 1, without 1.
fn unit(random: &mut SplitMix64) -> f32 {
    (random.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// A and B of one matrix; they share their memory with the `VarStore`.
pub(crate) struct Adapter {
    a: Tensor,
    b: Tensor,
    scale: f64,
    dropout: f64,
}

impl Adapter {
    /// Takes those of the matrix `name` out of `all`; `None` where it has none.
    pub(crate) fn take(all: &mut HashMap<String, Tensor>, name: &str, lora: &Lora) -> Option<Self> {
        Some(Adapter {
            a: all.remove(&format!("{name}.lora_A"))?,
            b: all.remove(&format!("{name}.lora_B"))?,
            scale: lora.scale(),
            dropout: lora.dropout,
        })
    }

    /// The same parameters where they have that kind already.
    pub(crate) fn to_kind(&self, kind: Kind) -> Result<Self, TchError> {
        Ok(Adapter {
            a: self.a.f_to_kind(kind)?,
            b: self.b.f_to_kind(kind)?,
            scale: self.scale,
            dropout: self.dropout,
        })
    }

    /// What is added to W: `alpha / rank · B A`, (out, in).
    fn change(&self) -> Result<Tensor, TchError> {
        self.b.f_matmul(&self.a)?.f_mul_scalar(self.scale)
    }

    /// What is added to W x: `input` (…, in) → (…, out).
    pub(crate) fn forward(&self, input: &Tensor, train: bool) -> Result<Tensor, TchError> {
        let narrow = dropout(input, self.dropout, train)?.f_linear(&self.a, None::<&Tensor>)?;
        narrow
            .f_linear(&self.b, None::<&Tensor>)?
            .f_mul_scalar(self.scale)
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn store(seed: u64) -> nn::VarStore {
        let store = nn::VarStore::new(Device::Cpu);
        for layer in ["0", "1"] {
            for part in ["query", "key"] {
                let path = store.root() / "encoder" / "layer" / layer / part;
                let _ = path.ones("weight", &[8, 100]);
            }
        }
        let lora = Lora {
            rank: 4,
            alpha: 8.0,
            dropout: 0.0,
            targets: vec!["query"],
            seed,
        };
        lora.add(&store, 1).unwrap();
        store
    }

    #[test]
    fn a_is_drawn_evenly_by_the_seed_and_b_is_zero() {
        let all = store(3).variables();
        assert_eq!(all.len(), 6, "only the targets from the lowest layer on");
        let a = &all["encoder.layer.1.query.lora_A"];
        let b = &all["encoder.layer.1.query.lora_B"];
        assert_eq!((a.size(), b.size()), (vec![4, 100], vec![8, 4]));
        assert!(a.requires_grad() && b.requires_grad());
        assert_eq!(b.abs().max().double_value(&[]), 0.0);
        let (largest, mean) = (
            a.abs().max().double_value(&[]),
            a.mean(Kind::Double).double_value(&[]),
        );
        assert!(largest <= 0.1 && largest > 0.098, "{largest}");
        assert!(mean.abs() < 0.01, "{mean}");
        let spread = a.square().mean(Kind::Double).double_value(&[]).sqrt();
        assert!((spread - 0.1 / 3f64.sqrt()).abs() < 0.005, "{spread}");
        assert_eq!(a, &store(3).variables()["encoder.layer.1.query.lora_A"]);
        assert_ne!(a, &store(4).variables()["encoder.layer.1.query.lora_A"]);
    }

    #[test]
    fn merged_matrices_have_the_scaled_product_added_and_nothing_else_remains() {
        let store = store(3);
        let mut variables = store.variables();
        no_grad(|| {
            let _ = variables
                .get_mut("encoder.layer.1.query.lora_B")
                .unwrap()
                .fill_(1.0);
        });
        let lora = Lora {
            rank: 4,
            alpha: 8.0,
            dropout: 0.0,
            targets: vec!["query"],
            seed: 0,
        };
        let merged = lora.merge(&store).unwrap();
        assert_eq!(merged.len(), 4);
        let sum = variables["encoder.layer.1.query.lora_A"].sum_dim_intlist(0, false, Kind::Float);
        let expected: Tensor = sum * 2.0 + 1.0;
        let difference = &merged["encoder.layer.1.query.weight"] - expected;
        assert!(difference.abs().max().double_value(&[]) < 1e-6);
        assert_eq!(
            merged["encoder.layer.1.key.weight"],
            variables["encoder.layer.1.key.weight"]
        );
    }
}
