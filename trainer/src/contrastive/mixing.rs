//! The batches of several data sets in one order; each batch is of one data set, because each may have its own loss.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::batches::{Epoch, deal};
use super::dataset::Dataset;
use crate::config::{Mixing, Train};

/// The stream of random numbers that mixes; data sets have the streams from 0.
const MIXER: u32 = u32::MAX;

/// A batch: the number of its data set, and pairs of it.
pub type Dealt = (usize, Vec<u32>);

/// The batches of one epoch in training order, and the number of pairs that sit it out; same input, same batches.
pub fn deal_all(datasets: &[&Dataset], train: &Train, epoch: usize) -> (Vec<Dealt>, usize) {
    let dealt: Vec<Epoch> = (0..)
        .zip(datasets)
        .map(|(number, dataset)| deal(dataset, train.batch_size, train.seed, (epoch, number)))
        .collect();
    let pairs: usize = datasets.iter().map(|dataset| dataset.pairs.len()).sum();
    let mut batches: Vec<_> = dealt.into_iter().map(|epoch| epoch.batches.into_iter()).collect();
    let order = match train.mixing.unwrap_or(Mixing::Proportional) {
        Mixing::Proportional => {
            let mut order: Vec<usize> = (0..)
                .zip(&batches)
                .flat_map(|(number, batches)| std::iter::repeat_n(number, batches.len()))
                .collect();
            // One data set has one order, whatever the shuffle.
            order.shuffle(&mut random(train.seed, epoch, MIXER));
            order
        }
        Mixing::RoundRobin => {
            let fewest = batches.iter().map(ExactSizeIterator::len).min().unwrap_or(0);
            (0..fewest).flat_map(|_| 0..batches.len()).collect()
        }
    };
    let dealt: Vec<Dealt> = order
        .into_iter()
        .filter_map(|number| Some((number, batches[number].next()?)))
        .collect();
    let taken: usize = dealt.iter().map(|(_, batch)| batch.len()).sum();
    (dealt, pairs - taken)
}

/// The draws of one epoch and purpose. Streams of one seed are independent, so no two epochs of any two seeds share a
/// shuffle.
pub(super) fn random(seed: u32, epoch: usize, purpose: u32) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(u64::from(seed));
    random.set_stream(u64::from(purpose) << 32 | epoch as u64);
    random
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Loss, LossKind};
    use crate::contrastive::pairs::Pairs;

    fn datasets(sizes: &[usize]) -> Vec<Dataset> {
        let dataset = |(number, &size): (usize, &usize)| {
            let mut pairs = Pairs::new(2);
            (0..size).for_each(|i| pairs.push(&[&format!("{number} q{i}"), &format!("{number} a{i}")]));
            Dataset {
                pairs,
                loss: Loss::default(),
            }
        };
        sizes.iter().enumerate().map(dataset).collect()
    }

    fn refs(datasets: &[Dataset]) -> Vec<&Dataset> {
        datasets.iter().collect()
    }

    fn train(mixing: Mixing) -> Train {
        Train {
            batch_size: 4,
            mixing: Some(mixing),
            ..Train::default()
        }
    }

    #[test]
    fn proportional_deals_every_pair_once_and_mixes_the_data_sets() {
        let datasets = datasets(&[40, 80]);
        let (batches, left_out) = deal_all(&refs(&datasets), &train(Mixing::Proportional), 0);
        assert_eq!((batches.len(), left_out), (30, 0));
        let of_first: Vec<bool> = batches.iter().map(|(number, _)| *number == 0).collect();
        assert_eq!(of_first.iter().filter(|&&first| first).count(), 10);
        assert!(of_first[..15].contains(&true) && of_first[15..].contains(&true));
        for (number, dataset) in datasets.iter().enumerate() {
            let of_one = batches.iter().filter(|(of, _)| *of == number);
            let mut pairs: Vec<u32> = of_one.flat_map(|(_, pairs)| pairs.clone()).collect();
            pairs.sort_unstable();
            assert!(pairs.into_iter().eq(0..dataset.pairs.len() as u32));
        }
        let again = deal_all(&refs(&datasets), &train(Mixing::Proportional), 0).0;
        assert_eq!(batches, again);
        assert_ne!(
            batches,
            deal_all(&refs(&datasets), &train(Mixing::Proportional), 1).0
        );
    }

    #[test]
    fn round_robin_takes_turns_until_one_has_no_more() {
        let (batches, left_out) = deal_all(&refs(&datasets(&[8, 80, 12])), &train(Mixing::RoundRobin), 3);
        let numbers: Vec<usize> = batches.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 1, 2]);
        assert_eq!(left_out, 76);
    }

    #[test]
    fn a_loss_without_in_batch_negatives_lets_pairs_with_the_same_text_meet() {
        let mut datasets = datasets(&[0]);
        (0..6).for_each(|i| datasets[0].pairs.push(&["the same", &format!("a{i}")]));
        let batches =
            |datasets: &[Dataset]| deal_all(&refs(datasets), &train(Mixing::Proportional), 0).0.len();
        assert_eq!(batches(&datasets), 0);
        datasets[0].loss.kind = LossKind::Cosine;
        assert_eq!(batches(&datasets), 2);
    }
}
