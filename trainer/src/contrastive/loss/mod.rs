//! What a batch is judged by: functions of its vectors, and of what is known about its texts.

pub mod distillation;
pub mod guide;
pub mod matryoshka;
pub mod ranking;
pub mod scored;
#[cfg(test)]
mod tests;
pub mod triplet;

use std::ops::Range;

use tch::{Kind, TchError, Tensor};

use crate::config::{self, LossKind, Train};
use guide::{Guide, Margins};
use matryoshka::Matryoshka;
use ranking::{Columns, Ranking};
use triplet::Triplet;

/// Scores of a ranking that are in memory at a time where its gradient is computed in parts: 16 MB for each tensor of
/// them.
const SCORES_AT_A_TIME: i64 = 1 << 22;

/// The configured loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    judge: Judge,
    matryoshka: Matryoshka,
}

#[derive(Debug, Clone, PartialEq)]
enum Judge {
    Ranking(Ranking, Margins),
    Cosent { scale: f64 },
    Cosine,
    Triplet(Triplet),
    MarginMse,
    Distillation,
}

/// What is known about the texts of a batch besides its vectors.
#[derive(Debug, Default)]
pub struct Targets {
    /// `(B)`: the scores of the pairs.
    pub scores: Option<Tensor>,
    /// `(columns · B, any dimension)`: the vectors that the guide or the teacher gives the texts, in the order of the
    /// batch's.
    pub reference: Option<Tensor>,
}

impl Loss {
    /// As configured.
    pub fn new(train: &Train, settings: &config::Loss) -> Self {
        let judge = match settings.kind {
            LossKind::Ranking => Judge::Ranking(Ranking::new(train.scale, settings), Margins::new(settings)),
            LossKind::Cosent => Judge::Cosent { scale: train.scale },
            LossKind::Cosine => Judge::Cosine,
            LossKind::Triplet => Judge::Triplet(Triplet {
                distance: settings.distance,
                margin: settings.margin,
            }),
            LossKind::MarginMse => Judge::MarginMse,
            LossKind::Distillation => Judge::Distillation,
        };
        Loss {
            judge,
            matryoshka: Matryoshka::new(&settings.matryoshka),
        }
    }

    /// The loss of a batch of B `pairs`, as a scalar with a gradient. `vectors` has the columns of the batch one
    /// after the other, shape `(columns · B, dimension)`: anchors, positives, hard negatives.
    ///
    /// # Errors
    /// Shapes that do not fit together, targets that the loss needs and that are not there.
    pub fn of(&self, vectors: &Tensor, pairs: i64, targets: &Targets) -> Result<Tensor, TchError> {
        self.part(vectors, pairs, &(0..pairs), targets)
    }

    /// The loss of a batch as a scalar, its gradient added to that of `vectors`, in memory that does not grow with the
    /// square of the batch where the loss is a ranking.
    ///
    /// # Errors
    /// As of [`Loss::of`].
    pub fn backward(&self, vectors: &Tensor, pairs: i64, targets: &Targets) -> Result<Tensor, TchError> {
        let rows = match &self.judge {
            Judge::Ranking(ranking, _) => {
                SCORES_AT_A_TIME / ranking.candidates(pairs, vectors.size()[0] - pairs)
            }
            _ => pairs,
        };
        let mut sum = Tensor::f_zeros([0i64; 0].as_slice(), (Kind::Float, vectors.device()))?;
        let rows = rows.clamp(1, pairs);
        for start in (0..pairs).step_by(rows as usize) {
            let part = self.part(vectors, pairs, &(start..pairs.min(start + rows)), targets)?;
            part.f_backward()?;
            sum = sum.f_add(&part.f_detach()?)?;
        }
        Ok(sum)
    }

    /// The part of some rows in the loss of a batch; of all where the loss is no ranking.
    fn part(
        &self,
        vectors: &Tensor,
        pairs: i64,
        rows: &Range<i64>,
        targets: &Targets,
    ) -> Result<Tensor, TchError> {
        self.matryoshka
            .sum(vectors, |vectors| self.judge.loss(vectors, pairs, rows, targets))
    }
}

impl Judge {
    fn loss(
        &self,
        vectors: &Tensor,
        pairs: i64,
        rows: &Range<i64>,
        targets: &Targets,
    ) -> Result<Tensor, TchError> {
        let columns = || columns(vectors, pairs);
        let cosines = || scored::pair_cosines(&columns()?[0], &columns()?[1]);
        match self {
            Judge::Ranking(ranking, margins) => {
                let guide = targets
                    .reference
                    .as_ref()
                    .map(|guide| Guide::new(&Columns::of(guide, pairs)?, *margins));
                ranking.loss(&Columns::of(vectors, pairs)?, rows, guide.transpose()?.as_ref())
            }
            Judge::Cosent { scale } => scored::cosent(&cosines()?, there(&targets.scores)?, *scale),
            Judge::Cosine => scored::cosine(&cosines()?, there(&targets.scores)?),
            Judge::Triplet(triplet) => triplet.loss(&columns()?),
            Judge::MarginMse => {
                let leads = match &targets.reference {
                    Some(teacher) => distillation::leads(&self::columns(teacher, pairs)?)?,
                    None => there(&targets.scores)?.f_unsqueeze(0)?,
                };
                distillation::margin_mse(&columns()?, &leads)
            }
            Judge::Distillation => distillation::distillation(vectors, there(&targets.reference)?),
        }
    }
}

/// The columns of a batch of B `pairs`, `(B, D)` each.
fn columns(vectors: &Tensor, pairs: i64) -> Result<Vec<Tensor>, TchError> {
    let width = vectors.size()[0] / pairs;
    (0..width)
        .map(|column| vectors.f_narrow(0, column * pairs, pairs))
        .collect()
}

fn there(target: &Option<Tensor>) -> Result<&Tensor, TchError> {
    target
        .as_ref()
        .ok_or_else(|| TchError::Shape("the loss needs targets and has none".into()))
}
