//! What a batch is judged by: functions of its vectors alone.

pub mod matryoshka;
pub mod ranking;
#[cfg(test)]
mod tests;

use tch::{TchError, Tensor};

use crate::config::{self, Train};
use matryoshka::Matryoshka;
use ranking::{Columns, Ranking};

/// The configured loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    ranking: Ranking,
    matryoshka: Matryoshka,
}

impl Loss {
    /// As configured.
    pub fn new(train: &Train, settings: &config::Loss) -> Self {
        Loss {
            ranking: Ranking::new(train.scale, settings),
            matryoshka: Matryoshka::new(&settings.matryoshka),
        }
    }

    /// The loss of a batch of `pairs` pairs, as a scalar with a gradient. `vectors` has the columns of the batch one
    /// after the other, shape `(columns · pairs, dimension)`: anchors, positives, hard negatives.
    ///
    /// # Errors
    /// Shapes that do not fit together.
    pub fn of(&self, vectors: &Tensor, pairs: i64) -> Result<Tensor, TchError> {
        let documents = vectors.size()[0] - pairs;
        self.matryoshka.sum(vectors, |vectors| {
            let columns = Columns {
                anchors: vectors.f_narrow(0, 0, pairs)?,
                documents: vectors.f_narrow(0, pairs, documents)?,
            };
            self.ranking.loss(&columns)
        })
    }
}
