//! The training loop of a round with its measurements, and the round's best weights so far.

use std::time::{Duration, Instant};

use encoder::ranking::Metrics;
use encoder::{Encoder, EncoderError};
use encoder_torch::TorchEncoder;

use super::dataset::{Dataset, Prepared};
use super::dropout::seeds;
use super::mixing::{Dealt, deal_all};
use super::pairs::Pairs;
use super::saving::{Parts, Saving};
use super::schedule::LinearSchedule;
use super::set_aside::{Progress, Round, State};
use super::step::Stepper;
use super::torch;
use crate::checkpoint::Checkpoint;
use crate::config::Train;
use crate::error::{Result, TrainError};
use crate::evaluate::{Evaluator, Measured};
use crate::interrupt::Interrupt;
use crate::progress::{Steps, say};
use crate::quality;
use crate::run_log::{Event, RunLog};

/// What a session works on; nothing of it changes but the model's weights.
pub struct Inputs<'a> {
    /// The model.
    pub encoder: &'a TorchEncoder,
    /// The data sets.
    pub datasets: &'a [Prepared<'a>],
    /// The development set, where there is one.
    pub evaluator: Option<&'a Evaluator>,
    /// The settings.
    pub train: &'a Train,
    /// Measure after every this many steps as well; 0 for not at all.
    pub every_steps: usize,
    /// Optimizer steps of the round.
    pub steps: usize,
    /// The round.
    pub round: &'a Round,
    /// The base model's measurement.
    pub base: Option<Metrics>,
    /// The best weights of the rounds before.
    pub best_before: Option<&'a Checkpoint>,
    /// Looked at before each step and each chunk of a measurement.
    pub interrupt: &'a Interrupt,
}

/// A round under way.
pub struct Session<'a, 'f> {
    inputs: Inputs<'a>,
    stepper: Stepper<'a>,
    log: &'a mut RunLog,
    saving: &'a mut Saving<'f>,
    /// Steps taken in this round.
    done: usize,
    /// The step after which the last measurement was made.
    measured: Option<usize>,
    best: Option<Checkpoint>,
    /// Time spent on measurements, which is no part of the training's speed.
    measuring: Duration,
}

impl<'a, 'f> Session<'a, 'f> {
    /// Ready to train, from the round's beginning or from where `state`, whose weights the model has, was set aside.
    ///
    /// # Errors
    /// Not enough memory, a state that lacks a tensor.
    pub fn new(
        inputs: Inputs<'a>,
        log: &'a mut RunLog,
        saving: &'a mut Saving<'f>,
        state: Option<State>,
    ) -> Result<Self> {
        let mut session = Session {
            stepper: Stepper::new(inputs.encoder, inputs.train)?,
            inputs,
            log,
            saving,
            done: 0,
            measured: None,
            best: None,
            measuring: Duration::ZERO,
        };
        if let Some(state) = state {
            session
                .restore(&state)
                .map_err(|name| session.saving.lacks(&name))?;
            let Inputs { steps, round, .. } = session.inputs;
            say(&format!(
                "going on after step {} of {}",
                session.step(),
                round.before + steps
            ));
        }
        Ok(session)
    }

    /// Puts back what was set aside, or gives the name of a tensor that is missing.
    fn restore(&mut self, state: &State) -> Result<(), String> {
        let progress = &state.progress;
        if let Some(metrics) = progress.kept {
            let weights = state.weights("kept", self.inputs.encoder.var_store())?;
            self.best = Some(Checkpoint::from_weights(progress.kept_step, metrics, weights));
        }
        self.stepper.restore(progress.steps, &state.tensors)?;
        (self.done, self.measured) = (progress.steps, progress.measured);
        Ok(())
    }

    /// Steps taken, over all rounds.
    fn step(&self) -> usize {
        self.inputs.round.before + self.done
    }

    /// Takes all steps, measuring as often as configured and after the last one, and sets the training aside as
    /// often as configured, when it stops, and when it is done: the model has still to be compared and written.
    ///
    /// # Errors
    /// A divergence, a batch too large for the memory, an interrupt; with what is left of the training.
    pub fn train(&mut self) -> Result<()> {
        let stopped = match self.take_steps() {
            Ok(()) => {
                self.save_or_say(say);
                return Ok(());
            }
            Err(error) => error,
        };
        match stopped {
            TrainError::Interrupted if self.done > 0 => self.save()?,
            // What the step began with leads there again, so the checkpoint from before stays as it is.
            TrainError::DivergedWith { cause, batch, .. } => {
                let kept = self.saving.kept();
                return Err(TrainError::DivergedWith { cause, batch, kept });
            }
            // Where it cannot be written either, the checkpoint before is what there is.
            TrainError::Memory { .. } | TrainError::Io { .. } if self.done > 0 && self.stepper.is_whole() => {
                let _ = self.save();
            }
            _ => {}
        }
        Err(self.saving.folder().explain_any(stopped))
    }

    /// Sets the training aside where that can be done: a disk that is full now may not be at the end, and what counts
    /// is the model.
    fn save_or_say(&mut self, say: impl FnOnce(&str)) {
        self.save()
            .unwrap_or_else(|error| say(&format!("no checkpoint: {error}")));
    }

    fn take_steps(&mut self) -> Result<()> {
        let Inputs { train, steps, .. } = self.inputs;
        let datasets: Vec<&Dataset> = self
            .inputs
            .datasets
            .iter()
            .map(|prepared| prepared.dataset)
            .collect();
        let schedule = LinearSchedule::new(train.learning_rate, steps, train.warmup_ratio);
        let mut progress = Steps::new(self.inputs.round.before + steps, self.step());
        self.measuring = Duration::ZERO;
        if self.done > 0 {
            self.measure_between(&progress)?;
        }
        let batches = (0..).flat_map(|epoch| {
            deal_all(&datasets, train, epoch)
                .0
                .into_iter()
                .map(move |batch| (epoch, batch))
        });
        for (done, (epoch, batch)) in batches.enumerate().take(steps).skip(self.done) {
            self.inputs.interrupt.check()?;
            self.take_step((epoch + 1, &batch), schedule.rate(done), &mut progress)?;
            self.measure_between(&progress)?;
            if self.saving.is_due(self.step()) && self.done < steps {
                self.save_or_say(|text| progress.say(text));
            }
        }
        progress.finish();
        // Where nothing is measured, nobody has looked at what the last step made.
        match self.stepper.optimizer().is_finite().map_err(torch)? {
            true => Ok(()),
            false => Err(self.diverged("sum of the weights")),
        }
    }

    /// The error of a training of which nothing can come any more, found after a step.
    fn diverged(&self, what: &'static str) -> TrainError {
        TrainError::DivergedWith {
            cause: Box::new(TrainError::Diverged {
                step: self.step(),
                what,
                value: f64::NAN,
            }),
            batch: None,
            kept: None,
        }
    }

    fn take_step(&mut self, (epoch, dealt): (usize, &Dealt), rate: f64, progress: &mut Steps) -> Result<()> {
        let began = Instant::now();
        let (number, pairs) = dealt;
        let batch = self.inputs.datasets[*number].batch(pairs, self.inputs.encoder.var_store().device())?;
        seeds(self.inputs.train.seed, self.done + 1)
            .take(1)
            .for_each(tch::manual_seed);
        let report = self
            .stepper
            .step(&batch, rate)
            .map_err(|error| self.explain(error, epoch, dealt))?;
        self.done += 1;
        let step = self.step();
        let samples_per_second = batch.pairs as f64 / began.elapsed().as_secs_f64();
        progress.at(step, report.loss, samples_per_second, self.measuring);
        self.log.record(&Event::Step {
            step,
            epoch,
            loss: report.loss,
            learning_rate: rate,
            grad_norm: report.grad_norm,
            pairs: batch.pairs,
            tokens: batch.texts.iter().map(|text| text.ids.len()).sum(),
            samples_per_second,
        })
    }

    /// Says of an error in a step what the user can do with it.
    fn explain(&self, error: TrainError, epoch: usize, (number, batch): &Dealt) -> TrainError {
        let before = self.inputs.round.before;
        if let TrainError::Diverged { step, what, value } = error {
            let step = before + step;
            return TrainError::DivergedWith {
                cause: Box::new(TrainError::Diverged { step, what, value }),
                batch: Some(self.name(epoch, *number, batch)),
                kept: None,
            };
        }
        match memory(&error.to_string()) {
            Some(reason) => TrainError::Memory {
                step: self.step() + 1,
                reason,
                batch_size: self.inputs.train.batch_size,
                max_length: self.inputs.encoder.max_length(),
                mini_batch_tokens: self.inputs.datasets[*number].dataset.loss.mini_batch_tokens,
            },
            None => error,
        }
    }

    /// Epoch, data set and pairs of a batch in words.
    fn name(&self, epoch: usize, number: usize, batch: &[u32]) -> String {
        let pairs = &self.inputs.datasets[number].dataset.pairs;
        let place = match self.inputs.datasets.len() {
            1 => String::new(),
            _ => format!(" of data set {}", number + 1),
        };
        name(epoch, batch, pairs, &place)
    }

    fn save(&mut self) -> Result<()> {
        let Inputs {
            encoder,
            round,
            base,
            best_before,
            ..
        } = self.inputs;
        let progress = Progress {
            steps: self.done,
            measured: self.measured,
            base,
            kept_step: self.best.as_ref().map_or(0, |best| best.step),
            kept: self.best.as_ref().map(|best| best.metrics),
            round: round.clone(),
        };
        let parts = Parts {
            progress: &progress,
            encoder,
            optimizer: Some(self.stepper.optimizer()),
            kept: self.best.as_ref(),
            best_before,
        };
        self.saving.write(&parts, self.log)
    }

    /// Measures where that is due and not done yet, and keeps the weights if they are the best so far.
    fn measure_between(&mut self, progress: &Steps) -> Result<()> {
        let step = self.step();
        let every = self.inputs.every_steps;
        let due = self.done == self.inputs.steps || (every > 0 && step.is_multiple_of(every));
        if !due || self.measured == Some(self.done) {
            return Ok(());
        }
        let began = Instant::now();
        let Inputs {
            encoder,
            evaluator,
            interrupt,
            ..
        } = self.inputs;
        let measured =
            measure(encoder, evaluator, interrupt, step, self.log).map_err(|error| match error {
                TrainError::Encoder(EncoderError::NotFinite { .. }) if self.done > 0 => {
                    self.diverged("vector of a text of the development set")
                }
                error => error,
            })?;
        let Some(Measured { metrics, hits, .. }) = measured else {
            return Ok(());
        };
        self.measuring += began.elapsed();
        self.measured = Some(self.done);
        progress.say(&format!("step {step}: {}", quality::line(&metrics)));
        if self
            .best
            .as_ref()
            .is_none_or(|best| quality::improved(&best.metrics, &metrics))
        {
            self.best = Some(Checkpoint::take(step, metrics, self.inputs.encoder.var_store()));
            let before = self.inputs.best_before.map(|best| best.step);
            self.saving.rankings().add(step, hits, before);
        }
        Ok(())
    }

    /// Ends the round with the best measured weights in the model, or the last ones where nothing was
    /// measured.
    ///
    /// Returns the step of those weights, over all rounds, and their measurement.
    pub fn finish(self) -> (usize, Option<Metrics>) {
        match self.best {
            Some(best) => {
                best.restore(self.inputs.encoder.var_store());
                (best.step, Some(best.metrics))
            }
            None => (self.step(), None),
        }
    }
}

/// Measures the model after `step` steps and notes that in the log; `None` without a development set.
///
/// # Errors
/// What the encoder refuses, an interrupt, a log that cannot be written.
pub fn measure(
    encoder: &dyn Encoder,
    evaluator: Option<&Evaluator>,
    interrupt: &Interrupt,
    step: usize,
    log: &mut RunLog,
) -> Result<Option<Measured>> {
    let Some(evaluator) = evaluator else {
        return Ok(None);
    };
    let began = Instant::now();
    let measured = evaluator.measure_shown(encoder, interrupt)?;
    log.record(&Event::Evaluation {
        step,
        metrics: measured.metrics,
        truncated: measured.truncated,
        seconds: began.elapsed().as_secs_f64(),
    })?;
    Ok(Some(measured))
}

/// Epoch and pairs of a batch in words; pairs are counted from 1 in the order of the files, without the rows that were
/// left out. `place` says which data set's they are.
fn name(epoch: usize, batch: &[u32], pairs: &Pairs, place: &str) -> String {
    const SHOWN: usize = 16;
    let numbers: Vec<String> = batch
        .iter()
        .take(SHOWN)
        .map(|pair| (pair + 1).to_string())
        .collect();
    let more = match batch.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let first = batch.first().map(|&pair| pairs.text(pairs.row(pair)[0]));
    let first: String = first.map_or(String::new(), |text| text.chars().take(60).collect());
    format!(
        "the pairs {}{more}{place} in epoch {epoch}, the first of them \"{first}\"",
        numbers.join(", ")
    )
}

/// The first line of an error that says that memory is full.
pub fn memory(error: &str) -> Option<String> {
    let full = ["out of memory", "can't allocate memory", "not enough memory"];
    full.iter()
        .any(|words| error.contains(words))
        .then(|| error.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_memory_is_told_from_other_errors() {
        let error =
            "libtorch: CUDA out of memory. Tried to allocate 2 GiB. GPU 0 has 79 GiB, 1 GiB is free\nframe 0";
        assert!(memory(error).unwrap().ends_with("1 GiB is free"));
        assert_eq!(memory("libtorch: shapes do not match"), None);
    }

    #[test]
    fn a_batch_is_named_by_its_pairs() {
        let mut pairs = Pairs::new(2);
        pairs.push(&["who", "me"]);
        pairs.push(&["what", "that"]);
        let named = name(3, &[1, 0], &pairs, " of data set 2");
        assert_eq!(
            named,
            "the pairs 2, 1 of data set 2 in epoch 3, the first of them \"what\""
        );
        assert!(name(1, &[0; 20], &pairs, "").contains(" and 4 more "));
    }
}
