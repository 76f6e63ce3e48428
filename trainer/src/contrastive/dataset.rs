//! The data sets of a training: what was read, and what the steps need of it.

use encoder::Encoder;
use encoder::tokens::Tokens;
use encoder_torch::{TorchEncoder, to_device};
use tch::{Device, Tensor};

use super::loss::{Loss, Targets};
use super::pairs::{self, Pairs};
use super::reference::Reference;
use super::tokens::TokenTable;
use super::torch;
use crate::base_model;
use crate::config::{self, Contrastive, LossKind, Train};
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;

/// A data set with its loss.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its pairs.
    pub pairs: Pairs,
    /// What its batches are judged by.
    pub loss: config::Loss,
}

impl Dataset {
    /// All data sets of a training.
    ///
    /// # Errors
    /// As [`pairs::read`]; negatives that are there where the training mines others.
    pub fn read_all(config: &Contrastive) -> Result<Vec<Dataset>> {
        let read = |data: &config::Data| {
            let loss = config.loss_of(data);
            let pairs = if config.mines(data) {
                pairs::read_without_negatives(data)?
            } else {
                pairs::read(data, loss)?
            };
            Ok(Dataset {
                pairs,
                loss: loss.clone(),
            })
        };
        config.data.all().iter().map(read).collect()
    }
}

/// A data set, ready for the steps.
pub struct Prepared<'a> {
    /// What was read.
    pub dataset: &'a Dataset,
    /// Its texts as token ids.
    pub tokens: TokenTable,
    /// The loss's guide or teacher, where it has one.
    pub other_model: Option<Box<dyn Encoder>>,
    /// That model's vectors.
    reference: Option<Reference>,
    loss: Loss,
}

/// What one step works on.
pub struct Batch<'a> {
    /// The columns of the batch, one after the other: anchors, positives, hard negatives.
    pub texts: Vec<Tokens>,
    /// Pairs of the batch.
    pub pairs: usize,
    /// What is known about them.
    pub targets: Targets,
    /// What they are judged by.
    pub loss: &'a Loss,
    /// Compute the vectors in mini-batches of at most this many tokens.
    pub mini_batch_tokens: Option<usize>,
}

impl<'a> Prepared<'a> {
    /// All data sets of a training, as [`Prepared::new`] does.
    ///
    /// # Errors
    /// As [`Prepared::new`].
    pub fn all(
        datasets: &[&'a Dataset],
        encoder: &TorchEncoder,
        train: &Train,
        interrupt: &Interrupt,
    ) -> Result<Vec<Self>> {
        let prepare = |dataset: &&'a Dataset| Prepared::new(dataset, encoder, train, interrupt);
        datasets.iter().map(prepare).collect()
    }

    /// Tokenizes the texts with the model's prompts, and opens the guide or the teacher.
    ///
    /// # Errors
    /// What the tokenizer refuses, a guide or teacher that cannot be opened, a teacher whose vectors have another
    /// length, an interrupt.
    pub fn new(
        dataset: &'a Dataset,
        encoder: &TorchEncoder,
        train: &Train,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let device = encoder.var_store().device();
        let other_model = dataset
            .loss
            .other_model()
            .map(|dir| base_model::open_any(dir, device))
            .transpose()?;
        if let Some(model) = &other_model {
            check_teacher(
                &dataset.loss,
                model.dimension(),
                encoder.folder().dimensions().full(),
            )?;
        }
        Ok(Prepared {
            dataset,
            tokens: TokenTable::new(encoder, &dataset.pairs, interrupt)?,
            other_model,
            reference: None,
            loss: Loss::new(train, &dataset.loss),
        })
    }

    /// Numbers of the guide's or teacher's vectors that the steps will hold.
    pub fn numbers_of_other_model(&self) -> usize {
        let numbers = |model: &dyn Encoder| {
            Reference::tables(model.fingerprint()) * self.dataset.pairs.texts().len() * model.dimension()
        };
        self.other_model.as_deref().map_or(0, numbers)
    }

    /// Asks the guide or the teacher for its vectors, which the steps need.
    ///
    /// # Errors
    /// What the model refuses, an interrupt.
    pub fn ask_other_model(&mut self, interrupt: &Interrupt) -> Result<()> {
        if let Some(model) = self.other_model.take() {
            self.reference = Some(Reference::new(&*model, &self.dataset.pairs, interrupt)?);
        }
        Ok(())
    }

    /// The batch of these pairs, its targets on `device`.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn batch(&self, pairs: &[u32], device: Device) -> Result<Batch<'_>> {
        let Dataset { pairs: all, loss } = self.dataset;
        let scores = (!all.scores().is_empty()).then(|| {
            let scores: Vec<f32> = pairs.iter().map(|&pair| all.scores()[pair as usize]).collect();
            to_device(Tensor::from_slice(&scores), device)
        });
        let reference = self
            .reference
            .as_ref()
            .map(|reference| to_device(reference.columns(all, pairs)?, device));
        Ok(Batch {
            texts: self.tokens.columns(all, pairs),
            pairs: pairs.len(),
            targets: Targets {
                scores: scores.transpose().map_err(torch)?,
                reference: reference.transpose().map_err(torch)?,
            },
            loss: &self.loss,
            mini_batch_tokens: loss.mini_batch_tokens,
        })
    }
}

/// Only the leads of other vectors can be imitated, not the vectors themselves.
fn check_teacher(loss: &config::Loss, found: usize, dimension: usize) -> Result<()> {
    match &loss.teacher {
        Some(dir) if loss.kind == LossKind::Distillation && found != dimension => {
            Err(TrainError::Config(format!(
                "loss.teacher = {}: expected vectors of {dimension} numbers, as the trained model has them, found \
                 {found}; choose another teacher or base_model, or the loss \"margin_mse\"",
                dir.display()
            )))
        }
        _ => Ok(()),
    }
}
