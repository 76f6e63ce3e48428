//! How many steps a run has, known before the first one: the learning rate's schedule needs its end.

use super::batches::deal;
use super::dataset::Dataset;
use super::mixing::deal_all;
use crate::config::Train;
use crate::error::{Result, TrainError};

/// The number of optimizer steps that `train` asks for.
///
/// An epoch's number of batches depends on its shuffle, so the epochs are dealt once for counting.
///
/// # Errors
/// Pairs of which no two can be in one batch.
pub fn count(datasets: &[&Dataset], train: &Train) -> Result<usize> {
    let batches = |epoch| deal_all(datasets, train, epoch).0.len();
    for dataset in datasets {
        if deal(dataset, train.batch_size, train.seed, (0, 0))
            .batches
            .is_empty()
        {
            let files: Vec<String> = dataset
                .pairs
                .files()
                .iter()
                .map(|file| file.path.display().to_string())
                .collect();
            return Err(TrainError::Data(format!(
                "{}: the {} training pairs make no batch: it takes at least two pairs that share no text",
                files.join(", "),
                dataset.pairs.len()
            )));
        }
    }
    Ok(match train.max_steps {
        Some(steps) => steps,
        None => (0..train.epochs.unwrap_or(1)).map(batches).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Loss;
    use crate::contrastive::pairs::Pairs;

    fn datasets(texts: &[[&str; 2]]) -> [Dataset; 1] {
        let mut pairs = Pairs::new(2);
        texts.iter().for_each(|row| pairs.push(row));
        let loss = Loss::default();
        [Dataset { pairs, loss }]
    }

    #[test]
    fn epochs_are_counted_in_batches_and_steps_are_taken_as_given() {
        let datasets = datasets(&[["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]);
        let train = Train {
            epochs: Some(3),
            batch_size: 2,
            ..Train::default()
        };
        assert_eq!(count(&[&datasets[0]], &train).unwrap(), 6);
        let train = Train {
            max_steps: Some(11),
            ..train
        };
        assert_eq!(count(&[&datasets[0]], &train).unwrap(), 11);
    }

    #[test]
    fn pairs_that_all_share_a_text_are_refused() {
        let message = count(&[&datasets(&[["a", "b"], ["a", "c"]])[0]], &Train::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains("make no batch"), "{message}");
    }
}
