//! One optimizer step: vectors, loss, gradients, clipping, update.

use std::collections::HashMap;

use encoder_torch::TorchEncoder;
use tch::Tensor;

use super::embed::embed;
use super::gradient_cache::Cached;
use super::loss::Loss;
use super::optimizer::AdamW;
use super::torch;
use crate::config::{self, Train};
use crate::error::{Result, TrainError};
use encoder::tokens::Tokens;

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
    loss: Loss,
    mini_batch_tokens: Option<usize>,
    seed: u32,
    max_grad_norm: f64,
    steps: usize,
}

impl<'a> Stepper<'a> {
    /// Ready for the first step.
    ///
    /// # Errors
    /// Not enough memory for the gradients and the optimizer's moments.
    pub fn new(encoder: &'a TorchEncoder, train: &Train, loss: &config::Loss) -> Result<Self> {
        let optimizer = AdamW::new(encoder.var_store(), train.weight_decay).map_err(torch)?;
        Ok(Stepper {
            encoder,
            optimizer,
            loss: Loss::new(train, loss),
            mini_batch_tokens: loss.mini_batch_tokens,
            seed: train.seed,
            max_grad_norm: train.max_grad_norm,
            steps: 0,
        })
    }

    /// The model.
    pub fn encoder(&self) -> &TorchEncoder {
        self.encoder
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

    /// Takes one step with learning rate `rate`. `texts` holds the columns of a batch of `pairs` pairs one
    /// after the other: anchors, positives, hard negatives.
    ///
    /// # Errors
    /// A loss or gradient that is not finite; the weights are then as before.
    pub fn step(&mut self, texts: &[&Tokens], pairs: usize, rate: f64) -> Result<StepReport> {
        self.steps += 1;
        self.optimizer.zero_grad().map_err(torch)?;
        let value = match self.mini_batch_tokens {
            None => {
                let loss = self.loss(texts, pairs)?;
                let value = self.finite("loss", f64::try_from(&loss).map_err(torch)?)?;
                loss.f_backward().map_err(torch)?;
                value
            }
            Some(tokens) => {
                let name = (self.seed, self.steps);
                let cached = Cached::forward(self.encoder, texts, (&self.loss, pairs), tokens, name)?;
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

    /// The loss of a batch as a scalar with a gradient; see [`Stepper::step`].
    pub fn loss(&self, texts: &[&Tokens], pairs: usize) -> Result<Tensor> {
        let vectors = embed(self.encoder, texts)?;
        self.loss.of(&vectors, pairs as i64).map_err(torch)
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
