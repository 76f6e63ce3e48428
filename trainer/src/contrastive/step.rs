//! One optimizer step: vectors, loss, gradients, clipping, update.

use std::collections::HashMap;

use encoder_torch::TorchEncoder;
use tch::{Device, TchError, Tensor};

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
    /// Whether the last update was made whole.
    whole: bool,
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
            whole: true,
        })
    }

    /// The optimizer, to be set aside.
    pub fn optimizer(&self) -> &AdamW {
        &self.optimizer
    }

    /// Whether weights and moments are those of a whole number of steps; not where memory was full in an update.
    pub fn is_whole(&self) -> bool {
        self.whole
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
        let loss = self.backward(batch)?;
        let report = self.read(&loss).map_err(torch)?;
        self.check(&report)?;
        let clipped = self
            .optimizer
            .clip_grad_norm(report.grad_norm, self.max_grad_norm);
        clipped.map_err(torch)?;
        self.whole = false;
        self.optimizer.step(rate).map_err(torch)?;
        self.whole = true;
        Ok(report)
    }

    /// The loss of `batch`, a scalar on the device, and the gradients with it.
    fn backward(&self, batch: &Batch) -> Result<Tensor> {
        match batch.mini_batch_tokens {
            None => {
                let loss = self.loss(batch)?;
                loss.f_backward().map_err(torch)?;
                Ok(loss)
            }
            Some(tokens) => {
                let name = (self.seed, self.steps);
                let cached = Cached::forward(self.encoder, batch, tokens, name)?;
                cached.backward()?;
                Ok(cached.loss)
            }
        }
    }

    /// Waits for the device. (So does libtorch itself on the way back, where it takes the padding out of the words' sparse
    /// gradients.)
    fn read(&self, loss: &Tensor) -> std::result::Result<StepReport, TchError> {
        let both = [loss.f_detach()?, self.optimizer.grad_norm()?];
        let both = Tensor::f_stack(&both, 0)?.f_to_device(Device::Cpu)?;
        Ok(StepReport {
            loss: both.f_double_value(&[0])?,
            grad_norm: both.f_double_value(&[1])?,
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

    /// Refuses what no training comes back from.
    fn check(&self, report: &StepReport) -> Result<()> {
        let (what, value) = if !report.loss.is_finite() || report.loss.abs() >= EXPLODED {
            ("loss", report.loss)
        } else if !report.grad_norm.is_finite() {
            ("gradient norm", report.grad_norm)
        } else {
            return Ok(());
        };
        Err(TrainError::Diverged {
            step: self.steps,
            what,
            value,
        })
    }
}
