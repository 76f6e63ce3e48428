//! The rounds of a training. With `mine.rounds = n` each of n rounds mines hard negatives with the model of the round
//! before, first the base model, and trains on them; without it there is one round, and nothing is mined.
//!
//! A round begins with the weights that were best in the round before, an optimizer that knows nothing, and a learning
//! rate that rises and falls as in the first: the gradients' moments are those of other negatives. So a round does what
//! `train mine` and a training of their own would do. What is kept in the end is the best of all rounds.

use encoder::ranking::Metrics;
use encoder_torch::TorchEncoder;

use super::dataset::{Dataset, Prepared};
use super::mined::{Miner, hash_of};
use super::saving::{Parts, Saving};
use super::session::{Inputs, Session, measure, memory};
use super::set_aside::{Progress, Round, State};
use super::steps;
use crate::base_model;
use crate::checkpoint::Checkpoint;
use crate::config::{Contrastive, Train};
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::progress::say;
use crate::quality;
use crate::run_log::{Event, RunLog};

/// What all rounds work on; nothing of it changes but the model's weights.
pub struct Course<'a> {
    /// The configuration.
    pub config: &'a Contrastive,
    /// The model.
    pub encoder: &'a TorchEncoder,
    /// The data sets as they were read.
    pub datasets: &'a [Dataset],
    /// The development set, where there is one.
    pub evaluator: Option<&'a Evaluator>,
    /// Looked at before each step and each chunk of a measurement or of mining.
    pub interrupt: &'a Interrupt,
}

/// A training that is done; the model has its weights.
pub struct Trained {
    /// Steps of all rounds.
    pub steps: usize,
    /// The step, over all rounds, whose weights were kept.
    pub kept: usize,
    /// The measurement of the weights that were kept.
    pub after: Option<Metrics>,
}

/// A training under way.
pub struct Rounds<'a, 'f> {
    course: &'a Course<'a>,
    log: &'a mut RunLog,
    saving: &'a mut Saving<'f>,
    round: Round,
    base: Option<Metrics>,
    /// The best weights of the rounds before.
    best: Option<Checkpoint>,
}

impl<'a, 'f> Rounds<'a, 'f> {
    /// Ready for the first round.
    pub fn new(course: &'a Course, log: &'a mut RunLog, saving: &'a mut Saving<'f>) -> Self {
        Rounds {
            course,
            log,
            saving,
            round: Round::default(),
            base: None,
            best: None,
        }
    }

    /// Trains from the beginning or from where `state` was set aside. `prepared` are the data sets as they were read, and
    /// `steps` the optimizer steps that they give.
    ///
    /// # Errors
    /// A divergence, a batch too large for the memory, no negatives, an interrupt; with what is left of the training.
    pub fn train(mut self, prepared: Vec<Prepared>, steps: usize, state: Option<State>) -> Result<Trained> {
        let trained = self.all(prepared, steps, state).map_err(|error| match error {
            TrainError::Torch(_) | TrainError::Encoder(_) => match memory(&error.to_string()) {
                Some(reason) => TrainError::MemoryOfModel { reason },
                None => error,
            },
            error => error,
        });
        trained.map_err(|error| self.saving.folder().explain(error))
    }

    /// Measures the base model as it is in its folder: with its own maximum length and prompts, whatever it is trained with.
    fn measure_base(&mut self) -> Result<()> {
        let Course {
            config,
            encoder,
            evaluator,
            interrupt,
            ..
        } = *self.course;
        if evaluator.is_none() {
            return Ok(());
        }
        let as_it_is = base_model::as_it_is(encoder, config.train.precision)?;
        let base = as_it_is.as_deref().unwrap_or(encoder);
        if let Some(base) = measure(base, evaluator, interrupt, 0, self.log)? {
            self.base = Some(base.metrics);
            self.saving.rankings().add(0, base.hits, None);
        }
        Ok(())
    }

    fn all(&mut self, mut prepared: Vec<Prepared>, steps: usize, state: Option<State>) -> Result<Trained> {
        match &state {
            Some(state) => self.go_on(state)?,
            None => self.measure_base()?,
        }
        if let Some(metrics) = &self.base {
            say(&format!("base model: {}", quality::line(metrics)));
        }
        let Some(rounds) = self.course.config.mine.rounds else {
            return self.session(&mut prepared, steps, state);
        };
        // Each round has pairs of its own.
        drop(prepared);
        // At a round's beginning there is nothing but the weights, which are in the model already.
        let mut stopped = state.filter(|state| state.progress.steps > 0);
        loop {
            let Some(trained) = self.mine_and_train(stopped.take())? else {
                return Ok(self.best_before());
            };
            if self.round.number == rounds {
                return Ok(self.best_of(trained));
            }
            self.end_round(&trained);
        }
    }

    /// Puts back what was set aside of the rounds before and of the model.
    fn go_on(&mut self, state: &State) -> Result<()> {
        let Progress {
            steps,
            base,
            ref round,
            ..
        } = state.progress;
        let variables = self.course.encoder.var_store();
        let lacks = |name: String| self.saving.lacks(&name);
        let weights = state.weights("weight", variables).map_err(lacks)?;
        Checkpoint::from_weights(steps, Metrics::default(), weights).restore(variables);
        if let Some(metrics) = round.best {
            let weights = state.weights("best", variables).map_err(lacks)?;
            self.best = Some(Checkpoint::from_weights(round.best_step, metrics, weights));
        }
        self.base = base;
        self.round = round.clone();
        self.log.record(&Event::Resume {
            step: round.before + steps,
        })
    }

    /// A whole round, or what is left of it; `None` where a round after the first has nothing to train on.
    fn mine_and_train(&mut self, stopped: Option<State>) -> Result<Option<Trained>> {
        let number = self.round.number;
        if stopped.is_none() {
            self.set_aside()?;
        }
        let ready = self.mined(stopped.is_some()).and_then(|mined| {
            let steps = steps::count(&self.datasets(&mined), &self.settings())?;
            Ok((mined, steps))
        });
        match ready {
            Ok((mined, steps)) => self.train_on(&mined, steps, stopped).map(Some),
            // The model of the rounds before is what can be had.
            Err(TrainError::Data(reason)) if number > 1 => {
                let text = format!("the training ends before round {number}: {reason}");
                say(&text);
                self.log.record(&Event::Warning { text })?;
                Ok(None)
            }
            Err(error) => {
                if number == 1 && stopped.is_none() && !matches!(error, TrainError::Interrupted) {
                    self.saving.folder().discard();
                }
                Err(error)
            }
        }
    }

    /// The data sets that the round trains on.
    fn datasets<'d>(&self, mined: &'d [Option<Dataset>]) -> Vec<&'d Dataset>
    where
        'a: 'd,
    {
        let all = mined.iter().zip(self.course.datasets);
        all.map(|(mined, read)| mined.as_ref().unwrap_or(read)).collect()
    }

    /// The data sets of the round, mined or, where steps were `taken` on them, as they were.
    fn mined(&mut self, taken: bool) -> Result<Vec<Option<Dataset>>> {
        let Round {
            number, ref mined, ..
        } = self.round;
        let rounds = self.course.config.rounds();
        let (folder, identity) = (self.saving.folder().folder(), self.saving.identity());
        let miner = Miner::new(self.course, folder, identity);
        if taken {
            return miner.read(number, mined.as_deref());
        }
        say(&format!("round {number} of {rounds}"));
        self.log.record(&Event::Mining {
            round: number,
            rounds,
        })?;
        miner.mine(number)
    }

    /// Trains on what was mined.
    fn train_on(
        &mut self,
        mined: &[Option<Dataset>],
        steps: usize,
        stopped: Option<State>,
    ) -> Result<Trained> {
        let datasets = self.datasets(mined);
        let pairs = datasets.iter().map(|dataset| dataset.pairs.len()).sum();
        let (round, rounds) = (self.round.number, self.course.config.rounds());
        say(&format!(
            "round {round} of {rounds}: {pairs} pairs, {steps} steps"
        ));
        self.round.mined = Some(hash_of(mined));
        if stopped.is_none() {
            self.log.record(&Event::Round {
                round,
                rounds,
                pairs,
                steps,
                before: self.round.before,
            })?;
        }
        let Course {
            encoder, interrupt, ..
        } = *self.course;
        let mut prepared = Prepared::all(&datasets, encoder, &self.settings(), interrupt)?;
        self.session(&mut prepared, steps, stopped)
    }

    /// The settings of a round. Each has a seed of its own, and so shuffles and dropout of its own.
    fn settings(&self) -> Train {
        let train = &self.course.config.train;
        let earlier = self.round.number as u32 - 1;
        // An odd number near 2³² divided by the golden ratio: neighbouring seeds stay far from each other's rounds.
        let seed = train.seed.wrapping_add(earlier.wrapping_mul(0x9e37_79b9));
        Train {
            seed,
            ..train.clone()
        }
    }

    /// The `steps` steps of a round.
    fn session(
        &mut self,
        prepared: &mut [Prepared],
        steps: usize,
        stopped: Option<State>,
    ) -> Result<Trained> {
        let Course {
            config,
            encoder,
            evaluator,
            interrupt,
            ..
        } = *self.course;
        for prepared in &mut *prepared {
            prepared.ask_other_model(interrupt)?;
        }
        let train = self.settings();
        let inputs = Inputs {
            encoder,
            datasets: prepared,
            evaluator,
            train: &train,
            every_steps: config.eval.as_ref().map_or(0, |eval| eval.every_steps),
            steps,
            round: &self.round,
            base: self.base,
            best_before: self.best.as_ref(),
            interrupt,
        };
        let mut session = Session::new(inputs, self.log, self.saving, stopped)?;
        session.train()?;
        let (kept, after) = session.finish();
        Ok(Trained {
            steps: self.round.before + steps,
            kept,
            after,
        })
    }

    /// Sets the training aside at the beginning of a round, so that mining, too, can be stopped.
    fn set_aside(&mut self) -> Result<()> {
        let progress = Progress {
            steps: 0,
            measured: None,
            base: self.base,
            kept_step: 0,
            kept: None,
            round: self.round.clone(),
        };
        let parts = Parts {
            progress: &progress,
            encoder: self.course.encoder,
            optimizer: None,
            kept: None,
            best_before: self.best.as_ref(),
        };
        self.saving.write(&parts, self.log)
    }

    /// Whether weights with this measurement are better than all of the rounds before.
    fn is_best(&self, after: &Metrics) -> bool {
        let best = self.best.as_ref();
        best.is_none_or(|best| quality::improved(&best.metrics, after))
    }

    fn end_round(&mut self, trained: &Trained) {
        if let Some(after) = trained.after.filter(|after| self.is_best(after)) {
            let variables = self.course.encoder.var_store();
            self.best = Some(Checkpoint::take(trained.kept, after, variables));
        }
        self.round = Round {
            number: self.round.number + 1,
            before: trained.steps,
            mined: None,
            best_step: self.best.as_ref().map_or(0, |best| best.step),
            best: self.best.as_ref().map(|best| best.metrics),
        };
    }

    /// The best weights of the rounds before, or their last where nothing was measured.
    fn best_before(&self) -> Trained {
        let best = self.best.as_ref();
        if let Some(best) = best {
            best.restore(self.course.encoder.var_store());
        }
        Trained {
            steps: self.round.before,
            kept: best.map_or(self.round.before, |best| best.step),
            after: best.map(|best| best.metrics),
        }
    }

    /// The last round's weights, or those of an earlier round where they are better.
    fn best_of(&self, trained: Trained) -> Trained {
        match (&self.best, trained.after) {
            (Some(_), Some(after)) if !self.is_best(&after) => Trained {
                steps: trained.steps,
                ..self.best_before()
            },
            _ => trained,
        }
    }
}
