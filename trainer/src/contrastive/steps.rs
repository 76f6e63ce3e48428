//! How many steps a run has, known before the first one: the learning rate's schedule needs its end.

use super::batches::deal;
use super::pairs::Pairs;
use crate::config::Train;
use crate::error::{Result, TrainError};

/// The number of optimizer steps that `train` asks for.
///
/// An epoch's number of batches depends on its shuffle, so the epochs are dealt once for counting.
///
/// # Errors
/// Pairs of which no two can be in one batch.
pub fn count(pairs: &Pairs, train: &Train) -> Result<usize> {
    let batches = |epoch| deal(pairs, train.batch_size, train.seed, epoch).batches.len();
    if batches(0) == 0 {
        return Err(TrainError::Data(format!(
            "the {} training pairs make no batch: it takes at least two pairs that share no text",
            pairs.len()
        )));
    }
    Ok(match train.max_steps {
        Some(steps) => steps,
        None => (0..train.epochs.unwrap_or(1)).map(batches).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(texts: &[[&str; 2]]) -> Pairs {
        let mut pairs = Pairs::new(2);
        texts.iter().for_each(|row| pairs.push(row));
        pairs
    }

    #[test]
    fn epochs_are_counted_in_batches_and_steps_are_taken_as_given() {
        let pairs = pairs(&[["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]);
        let train = Train {
            epochs: Some(3),
            batch_size: 2,
            ..Train::default()
        };
        assert_eq!(count(&pairs, &train).unwrap(), 6);
        let train = Train {
            max_steps: Some(11),
            ..train
        };
        assert_eq!(count(&pairs, &train).unwrap(), 11);
    }

    #[test]
    fn pairs_that_all_share_a_text_are_refused() {
        let message = count(&pairs(&[["a", "b"], ["a", "c"]]), &Train::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains("make no batch"), "{message}");
    }
}
