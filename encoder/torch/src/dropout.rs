//! Dropout on the CPU with draws of our own.
//!
//! libtorch draws one float for each number (a Bernoulli of six nanoseconds, a fifth of a training step with dropout in
//! the attention). Here 64 random bits serve four numbers, on all cores. What is drawn depends on libtorch's generator
//! alone, from which each mask takes its seed, whatever the number of threads; so whoever seeds that seeds this.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use tch::{Device, Kind, TchError, Tensor};

/// Numbers with a generator of their own.
const CHUNK: usize = 1 << 16;

/// `input` with each number 0 with probability `p`, the others scaled to keep the mean; itself where `train` is not set.
pub(crate) fn dropout(input: &Tensor, p: f64, train: bool) -> Result<Tensor, TchError> {
    if !train || p == 0.0 || input.device() != Device::Cpu {
        return input.f_dropout(p, train);
    }
    let (kept, scale) = mask(&input.size(), p)?;
    // In place: what a product's gradient needs is its factors.
    input.f_mul(&kept)?.f_mul_scalar_(scale)
}

/// Which numbers of a tensor of this shape stay, a tensor of booleans on the CPU, and what they are to be scaled by.
/// `p` counts to the nearest of 65,536 parts.
pub(crate) fn mask(shape: &[i64], p: f64) -> Result<(Tensor, f64), TchError> {
    let seed = i64::try_from(Tensor::f_randint(i64::MAX, [1], (Kind::Int64, Device::Cpu))?)?;
    let dropped = (p * 65536.0).round().min(65535.0);
    let mut kept = vec![false; shape.iter().product::<i64>() as usize];
    kept.par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(number, chunk)| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64((seed as u64).wrapping_add(number as u64));
            draw(chunk, dropped as u16, &mut random);
        });
    let kept = Tensor::f_from_slice(&kept)?.f_view(shape)?;
    Ok((kept, 65536.0 / (65536.0 - dropped)))
}

fn draw(chunk: &mut [bool], dropped: u16, random: &mut Xoshiro256PlusPlus) {
    let mut fours = chunk.chunks_exact_mut(4);
    for four in &mut fours {
        let bits = random.next_u64();
        for (lane, kept) in four.iter_mut().enumerate() {
            *kept = (bits >> (16 * lane)) as u16 >= dropped;
        }
    }
    for kept in fours.into_remainder() {
        *kept = random.next_u64() as u16 >= dropped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, PoisonError};

    /// libtorch's generator is one for the process, so these tests take turns.
    static GENERATOR: Mutex<()> = Mutex::new(());

    #[test]
    fn the_share_and_the_mean_are_those_asked_for() {
        let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(5);
        for p in [0.1, 0.5, 0.9] {
            // Four standard deviations of a share of 300,000 draws.
            let tolerance = 4.0 * (p * (1.0 - p) / 300_000_f64).sqrt();
            let (kept, scale) = mask(&[3, 100_000], p).unwrap();
            let share = kept.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
            assert!((share - (1.0 - p)).abs() < tolerance, "{p}: {share}");
            assert!((scale * (1.0 - p) - 1.0).abs() < 1e-4);
            let ones = Tensor::ones([300, 1000], (Kind::Float, Device::Cpu));
            let mean = dropout(&ones, p, true)
                .unwrap()
                .mean(Kind::Double)
                .double_value(&[]);
            assert!((mean - 1.0).abs() < scale * tolerance, "{p}: {mean}");
        }
    }

    #[test]
    fn draws_follow_libtorchs_seed_and_differ_from_call_to_call() {
        let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = |seed| {
            tch::manual_seed(seed);
            [(); 2].map(|()| Vec::<bool>::try_from(mask(&[70_001], 0.5).unwrap().0).unwrap())
        };
        let [first, second] = pair(3);
        assert_eq!(pair(3), [first.clone(), second.clone()]);
        assert_ne!(first, second);
        assert_ne!(pair(4)[0], first);
        assert_ne!(
            first[..4000],
            first[CHUNK..][..4000],
            "chunks draw for themselves"
        );
    }

    #[test]
    fn gradients_pass_where_numbers_do() {
        let _turn = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        let input = Tensor::ones([1000], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let output = dropout(&input, 0.25, true).unwrap();
        output.sum(Kind::Float).backward();
        assert!(output.detach().equal(&input.grad()));
        assert!(dropout(&input, 0.25, false).unwrap().equal(&input));
    }
}
