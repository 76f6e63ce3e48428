//! One optimizer step: vectors, loss, gradients, clipping, update.

use std::collections::HashMap;

use encoder_torch::TorchEncoder;
use tch::Tensor;

use super::dataset::Batch;
use super::embed::embed;
use super::gradient_cache::Cached;
use super::optimizer::AdamW;
use super::torch;
use crate::config::Train;
use crate::error::{Result, TrainError};

/// A loss beyond this is as lost as one that is no number: losses of cosines stay below a few hundred, those of
/// scores and vectors near the square of these.
const EXPLODED: f64 = 1e9;

/// What one step reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Mean loss of the batch, before the update.
    pub loss: f64,
    /// Global L2 norm of the gradients before clipping.
    pub grad_norm: f64,
}

/// The model and the optimizer's state.
pub struct Stepper<'a> {
    encoder: &'a TorchEncoder,
    optimizer: AdamW,
    seed: u32,
    max_grad_norm: f64,
    steps: usize,
}

impl<'a> Stepper<'a> {
    /// Ready for the first step.
    ///
    /// # Errors
    /// Not enough memory for the gradients and the optimizer's moments.
    pub fn new(encoder: &'a TorchEncoder, train: &Train) -> Result<Self> {
        let optimizer = AdamW::new(encoder.var_store(), train.weight_decay, train.layer_decay);
        let optimizer = optimizer.map_err(torch)?;
        Ok(Stepper {
            encoder,
            optimizer,
            seed: train.seed,
            max_grad_norm: train.max_grad_norm,
            steps: 0,
        })
    }

    /// The optimizer, to be set aside.
    pub fn optimizer(&self) -> &AdamW {
        &self.optimizer
    }

    /// Goes on after `steps` steps with moments that were set aside.
    ///
    /// # Errors
    /// The name of a moment that is missing or has another shape.
    pub fn restore(&mut self, steps: usize, moments: &HashMap<String, Tensor>) -> Result<(), String> {
        self.steps = steps;
        self.optimizer.restore(steps as i32, moments)
    }

    /// Takes one step on `batch` with learning rate `rate`.
    ///
    /// # Errors
    /// A loss or gradient that is not finite; the weights are then as before.
    pub fn step(&mut self, batch: &Batch, rate: f64) -> Result<StepReport> {
        self.steps += 1;
        self.optimizer.zero_grad().map_err(torch)?;
        let value = match batch.mini_batch_tokens {
            None => {
                let loss = self.loss(batch)?;
                let value = self.finite("loss", f64::try_from(&loss).map_err(torch)?)?;
                loss.f_backward().map_err(torch)?;
                value
            }
            Some(tokens) => {
                let name = (self.seed, self.steps);
                let cached = Cached::forward(self.encoder, batch, tokens, name)?;
                let value = self.finite("loss", f64::try_from(&cached.loss).map_err(torch)?)?;
                cached.backward()?;
                value
            }
        };
        let norm = self.optimizer.clip_grad_norm(self.max_grad_norm).map_err(torch)?;
        let grad_norm = self.finite("gradient norm", norm)?;
        self.optimizer.step(rate).map_err(torch)?;
        Ok(StepReport {
            loss: value,
            grad_norm,
        })
    }

    /// The loss of a batch as a scalar with a gradient.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn loss(&self, batch: &Batch) -> Result<Tensor> {
        let vectors = embed(self.encoder, &batch.texts)?;
        let loss = batch.loss.of(&vectors, batch.pairs as i64, &batch.targets);
        loss.map_err(torch)
    }

    fn finite(&self, what: &'static str, value: f64) -> Result<f64> {
        if value.is_finite() && (what != "loss" || value.abs() < EXPLODED) {
            Ok(value)
        } else {
            Err(TrainError::Diverged {
                step: self.steps,
                what,
                value,
            })
        }
    }
}
