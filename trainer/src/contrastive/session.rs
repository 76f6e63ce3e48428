//! The training loop with its measurements, and the best weights so far.

use std::time::{Duration, Instant};

use encoder::Encoder;
use encoder::ranking::Metrics;
use encoder_torch::TorchEncoder;

use super::batches::deal;
use super::pairs::Pairs;
use super::schedule::LinearSchedule;
use super::step::Stepper;
use super::tokens::TokenTable;
use crate::checkpoint::Checkpoint;
use crate::config::{Loss, Train};
use crate::error::Result;
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::progress::{self, Steps, say};
use crate::quality;
use crate::run_log::{Event, RunLog};

/// What a session works on; nothing of it changes but the model's weights.
pub struct Inputs<'a> {
    /// The model.
    pub encoder: &'a TorchEncoder,
    /// The training pairs.
    pub pairs: &'a Pairs,
    /// Their texts as token ids.
    pub tokens: &'a TokenTable,
    /// The development set, where there is one.
    pub evaluator: Option<&'a Evaluator>,
    /// The settings.
    pub train: &'a Train,
    /// What a batch is judged by.
    pub loss: &'a Loss,
    /// Measure after every this many steps as well; 0 for not at all.
    pub every_steps: usize,
    /// Optimizer steps of the whole run.
    pub steps: usize,
    /// Looked at before each step and each chunk of a measurement.
    pub interrupt: &'a Interrupt,
}

/// A training under way.
pub struct Session<'a> {
    inputs: Inputs<'a>,
    log: RunLog,
    best: Option<Checkpoint>,
    /// Time spent on measurements, which is no part of the training's speed.
    measuring: Duration,
}

impl<'a> Session<'a> {
    /// Ready to train.
    pub fn new(inputs: Inputs<'a>, log: RunLog) -> Self {
        Session {
            inputs,
            log,
            best: None,
            measuring: Duration::ZERO,
        }
    }

    /// Measures the base model; `None` without a development set.
    pub fn measure_base(&mut self) -> Result<Option<Metrics>> {
        let metrics = self.measure(0)?;
        if let Some(metrics) = &metrics {
            say(&format!("base model: {}", quality::line(metrics)));
        }
        Ok(metrics)
    }

    /// Takes all steps, measuring as often as configured and after the last one.
    pub fn train(&mut self) -> Result<()> {
        let Inputs {
            pairs, train, steps, ..
        } = self.inputs;
        let schedule = LinearSchedule::new(train.learning_rate, steps, train.warmup_ratio);
        let mut stepper = Stepper::new(self.inputs.encoder, train, self.inputs.loss)?;
        let mut progress = Steps::new(steps);
        self.measuring = Duration::ZERO;
        let epochs = (0..).map(|epoch| (epoch, deal(pairs, train.batch_size, train.seed, epoch)));
        let batches =
            epochs.flat_map(|(epoch, dealt)| dealt.batches.into_iter().map(move |batch| (epoch, batch)));
        for (done, (epoch, batch)) in batches.take(steps).enumerate() {
            self.inputs.interrupt.check()?;
            self.step(
                &mut stepper,
                (done + 1, epoch + 1),
                &batch,
                schedule.rate(done),
                &mut progress,
            )?;
            self.measure_between(done + 1, &progress)?;
        }
        progress.finish();
        Ok(())
    }

    fn step(
        &mut self,
        stepper: &mut Stepper,
        (step, epoch): (usize, usize),
        batch: &[u32],
        rate: f64,
        progress: &mut Steps,
    ) -> Result<()> {
        let began = Instant::now();
        let texts = self.inputs.tokens.columns(self.inputs.pairs, batch);
        let report = stepper.step(&texts, batch.len(), rate)?;
        let samples_per_second = batch.len() as f64 / began.elapsed().as_secs_f64();
        progress.at(step, report.loss, samples_per_second, self.measuring);
        self.log.record(&Event::Step {
            step,
            epoch,
            loss: report.loss,
            learning_rate: rate,
            grad_norm: report.grad_norm,
            samples_per_second,
        })
    }

    /// Measures after step `step` where that is due, and keeps the weights if they are the best so far.
    fn measure_between(&mut self, step: usize, progress: &Steps) -> Result<()> {
        let every = self.inputs.every_steps;
        if step != self.inputs.steps && (every == 0 || !step.is_multiple_of(every)) {
            return Ok(());
        }
        let Some(metrics) = self.measure(step)? else {
            return Ok(());
        };
        progress.say(&format!("step {step}: {}", quality::line(&metrics)));
        if self
            .best
            .as_ref()
            .is_none_or(|best| quality::improved(&best.metrics, &metrics))
        {
            self.best = Some(Checkpoint::take(step, metrics, self.inputs.encoder.var_store()));
        }
        Ok(())
    }

    fn measure(&mut self, step: usize) -> Result<Option<Metrics>> {
        let Some(evaluator) = self.inputs.evaluator else {
            return Ok(None);
        };
        let began = Instant::now();
        let bar = progress::bar(evaluator.passages() + evaluator.questions(), "measuring", "texts");
        let encoder: &dyn Encoder = self.inputs.encoder;
        let measured = evaluator.measure(encoder, self.inputs.interrupt, &|texts| bar.inc(texts as u64));
        bar.finish_and_clear();
        let measured = measured?;
        self.measuring += began.elapsed();
        self.log.record(&Event::Evaluation {
            step,
            metrics: measured.metrics,
            truncated: measured.truncated,
            seconds: began.elapsed().as_secs_f64(),
        })?;
        Ok(Some(measured.metrics))
    }

    /// Ends the session with the best measured weights in the model, or the last ones where nothing was
    /// measured.
    ///
    /// Returns the step of those weights, their measurement, and the log.
    pub fn finish(self) -> (usize, Option<Metrics>, RunLog) {
        match self.best {
            Some(best) => {
                best.restore(self.inputs.encoder.var_store());
                (best.step, Some(best.metrics), self.log)
            }
            None => (self.inputs.steps, None, self.log),
        }
    }
}
