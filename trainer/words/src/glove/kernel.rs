//! AdaGrad on the records of a block, with SIMD.
//!
//! For a word w, a context word c and X co-occurrences, GloVe's objective is the sum over all pairs of
//!
//! ½ f(X) (w·c + b + b̃ − log X)², with f(X) = min(1, (X ÷ x_max)^alpha)
//!
//! (half of the paper's equation 8, as in the authors' program). Biases are numbers of the vectors: w is
//! followed by b and 1, c by 1 and b̃, so w·c is the whole score and one update changes all.
//!
//! Beside each number stands the sum of the squares of its steps, at first 1. A number changes by its step ÷
//! the root of that sum, the step itself included, so never by more than 1, whatever the gradient. And no
//! number grows beyond ±1000, so with a learning rate of at most 1 no score or step exceeds 10¹³, and its
//! square fits f32 with room for 10¹² of them. Were a sum infinite after all, its number would not change any
//! more: that is how the ones and the padding keep still. Nowhere is an infinity multiplied by 0 or taken
//! from another, so there is no NaN.

#![expect(
    unsafe_code,
    reason = "SIMD over raw rows; the invariants stand at each function"
)]

use crate::learn::kernel::LARGEST;
use crate::learn::matrix::Matrix;
use crate::learn::rows::prefetch;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Portable, Simd, compiled_kernels};

/// Records whose vectors are fetched before they are needed.
const AHEAD: usize = 4;

/// A record as it is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Example {
    pub(super) row: u32,
    pub(super) column: u32,
    /// log X
    pub(super) log: f32,
    /// f(X)
    pub(super) weight: f32,
}

/// Vectors of words and of contexts. Each row is a vector and then the sums of squares of its numbers, both
/// as long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    pub(super) words: &'a Matrix,
    pub(super) contexts: &'a Matrix,
}

/// The update, compiled for one processor feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    /// Name of the feature.
    pub(super) name: &'static str,
    /// Learns the examples in order at a learning rate, and sums the objective before each update.
    ///
    /// # Safety
    /// Nobody else reads or writes the rows of the examples, and the processor has the feature.
    pub(super) learn: unsafe fn(Tables<'_>, &[Example], f32) -> f64,
}

impl Kernel {
    /// The fastest one for this processor.
    pub(super) fn detect() -> Self {
        Self::available()[0]
    }

    /// All that this processor can run, fastest first.
    pub(super) fn available() -> Vec<Self> {
        compiled_kernels!()
    }
}

/// The same function once more, compiled for a feature.
macro_rules! compiled_for {
    ($module:ident, $simd:ty $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            pub(super) const KERNEL: Kernel = Kernel { name: stringify!($module), learn };

            $(#[target_feature(enable = $feature)])?
            unsafe fn learn(tables: Tables<'_>, examples: &[Example], rate: f32) -> f64 {
                unsafe { any_learn::<$simd>(tables, examples, rate) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
compiled_for!(avx512, Avx512, "avx512f,avx512dq,avx2,fma");
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, Avx2, "avx2,fma");
compiled_for!(portable, Portable);

/// What AdaGrad needs beside [`Simd`].
///
/// # Safety
/// As [`Simd`].
trait Root: Simd {
    /// 1 ÷ √a to 1 in 2,700 or better, which is enough for the length of a step; 0 for infinity.
    unsafe fn inverse_root(a: Self::V) -> Self::V;
}

#[cfg(target_arch = "x86_64")]
impl Root for Avx512 {
    #[inline(always)]
    unsafe fn inverse_root(a: Self::V) -> Self::V {
        unsafe { std::arch::x86_64::_mm512_rsqrt14_ps(a) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Root for Avx2 {
    #[inline(always)]
    unsafe fn inverse_root(a: Self::V) -> Self::V {
        unsafe { std::arch::x86_64::_mm256_rsqrt_ps(a) }
    }
}

impl Root for Portable {
    #[inline(always)]
    unsafe fn inverse_root(a: Self::V) -> Self::V {
        a.map(|a| 1.0 / a.sqrt())
    }
}

#[inline(always)]
unsafe fn any_learn<S: Root>(tables: Tables<'_>, examples: &[Example], rate: f32) -> f64 {
    let Tables { words, contexts } = tables;
    let length = words.stride() / 2;
    let mut loss = 0.0;
    for (at, example) in examples.iter().enumerate() {
        if let Some(ahead) = examples.get(at + AHEAD) {
            prefetch(words.row(ahead.row), words.stride());
            prefetch(contexts.row(ahead.column), contexts.stride());
        }
        let (word, context) = (words.row(example.row), contexts.row(example.column));
        let distance = unsafe { product::<S>(word, context, length) } - example.log;
        let gradient = example.weight * distance;
        loss += 0.5 * f64::from(gradient) * f64::from(distance);
        unsafe { update::<S>(word, context, length, rate * gradient) };
    }
    loss
}

/// The inner product of two vectors; `length` is a multiple of a cache line.
#[inline(always)]
unsafe fn product<S: Simd>(word: *const f32, context: *const f32, length: usize) -> f32 {
    unsafe {
        // Four sums, since an addition has to wait for the one before it.
        let mut sums = [S::splat(0.0); 4];
        let mut at = 0;
        while at + 4 * S::LANES <= length {
            for (number, sum) in sums.iter_mut().enumerate() {
                let place = at + number * S::LANES;
                *sum = S::fma(S::load(word.add(place)), S::load(context.add(place)), *sum);
            }
            at += 4 * S::LANES;
        }
        let mut number = 0;
        while at < length {
            sums[number] = S::fma(S::load(word.add(at)), S::load(context.add(at)), sums[number]);
            at += S::LANES;
            number += 1;
        }
        let [a, b, c, d] = S::sums(sums);
        (a + b) + (c + d)
    }
}

/// One step of AdaGrad on both vectors; `gradient` is the score's, times the learning rate.
#[inline(always)]
unsafe fn update<S: Root>(word: *mut f32, context: *mut f32, length: usize, gradient: f32) {
    unsafe {
        let gradient = S::splat(gradient);
        let mut at = 0;
        while at < length {
            let (w, c) = (S::load(word.add(at)), S::load(context.add(at)));
            moved::<S>(word.add(at), length, w, S::mul(gradient, c));
            moved::<S>(context.add(at), length, c, S::mul(gradient, w));
            at += S::LANES;
        }
    }
}

/// Takes the step from the numbers at `to`, whose sums of squares lie `length` behind them.
#[inline(always)]
unsafe fn moved<S: Root>(to: *mut f32, length: usize, value: S::V, step: S::V) {
    unsafe {
        let squares = to.add(length);
        let sum = S::fma(step, step, S::load(squares));
        S::store(squares, sum);
        let moved = S::sub(value, S::mul(step, S::inverse_root(sum)));
        let bounded = S::max(S::min(moved, S::splat(LARGEST)), S::splat(-LARGEST));
        S::store(to, bounded);
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    /// One row of either side with the given numbers; the last `padding` numbers never change.
    fn table(rows: &[Vec<f32>], padding: usize) -> Matrix {
        let length = rows[0].len();
        let mut table = Matrix::zeros(rows.len(), 2 * length).unwrap();
        for (row, numbers) in rows.iter().enumerate() {
            let (vector, squares) = table.values_mut(row).split_at_mut(length);
            vector.copy_from_slice(numbers);
            squares[..length - padding].fill(1.0);
            squares[length - padding..].fill(f32::INFINITY);
        }
        table
    }

    fn pattern(length: usize, seed: usize) -> Vec<f32> {
        let value = |at: usize| ((at * 104_729 + seed * 7919) % 2003) as f32 / 2003.0 - 0.5;
        (0..length).map(value).collect()
    }

    fn run(kernel: Kernel, words: &Matrix, contexts: &Matrix, examples: &[Example], rate: f32) -> f64 {
        unsafe { (kernel.learn)(Tables { words, contexts }, examples, rate) }
    }

    fn objective(word: &[f32], context: &[f32], example: Example) -> f64 {
        let score: f64 = word
            .iter()
            .zip(context)
            .map(|(w, c)| f64::from(*w) * f64::from(*c))
            .sum();
        0.5 * f64::from(example.weight) * (score - f64::from(example.log)).powi(2)
    }

    const EXAMPLE: Example = Example {
        row: 0,
        column: 0,
        log: 1.5,
        weight: 0.4,
    };

    #[test]
    fn a_step_goes_down_the_gradient_found_by_finite_differences() {
        // So small a rate that the sum of squares stays 1: the step is the gradient.
        let (rate, nudge) = (1e-3_f32, 1e-2_f32);
        for kernel in Kernel::available() {
            for length in [16, 32, 112, 304] {
                let (word, context) = (pattern(length, 1), pattern(length, 2));
                let tables = [table(from_ref(&word), 0), table(from_ref(&context), 0)];
                let loss = run(kernel, &tables[0], &tables[1], &[EXAMPLE], rate);
                assert!((loss - objective(&word, &context, EXAMPLE)).abs() < 1e-4 * loss.max(1.0));
                for at in [0, 5, 13, length - 1] {
                    let slope = |change: &dyn Fn(f32) -> f64| {
                        (change(nudge) - change(-nudge)) / f64::from(2.0 * nudge)
                    };
                    let moved = |numbers: &[f32], by: f32| {
                        let mut numbers = numbers.to_vec();
                        numbers[at] += by;
                        numbers
                    };
                    let of_word = slope(&|by| objective(&moved(&word, by), &context, EXAMPLE));
                    let of_context = slope(&|by| objective(&word, &moved(&context, by), EXAMPLE));
                    let change =
                        |before: &[f32], table: &Matrix| f64::from((before[at] - table.values(0)[at]) / rate);
                    let found = [change(&word, &tables[0]), change(&context, &tables[1])];
                    for (found, expected) in found.into_iter().zip([of_word, of_context]) {
                        let tolerance = 1e-3 * expected.abs() + 1e-3;
                        assert!(
                            (found - expected).abs() < tolerance,
                            "{} {found} {expected}",
                            kernel.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn adagrad_divides_by_the_root_of_the_sum_of_squares() {
        for kernel in Kernel::available() {
            let mut numbers = pattern(16, 3);
            let tables = [table(from_ref(&numbers), 0), table(&[pattern(16, 4)], 0)];
            let mut squares = 1.0_f64;
            for _ in 0..5 {
                let (word, context) = (
                    tables[0].values(0)[..16].to_vec(),
                    tables[1].values(0)[..16].to_vec(),
                );
                let score: f32 = word.iter().zip(&context).map(|(w, c)| w * c).sum();
                let step = f64::from(0.9 * EXAMPLE.weight * (score - EXAMPLE.log) * context[7]);
                run(kernel, &tables[0], &tables[1], &[EXAMPLE], 0.9);
                squares += step * step;
                numbers[7] = (f64::from(word[7]) - step / squares.sqrt()) as f32;
                assert!((tables[0].values(0)[7] - numbers[7]).abs() < 1e-3 * step.abs() as f32 + 1e-6);
                assert!((f64::from(tables[0].values(0)[16 + 7]) - squares).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn all_kernels_agree() {
        let rows = |seed: usize| (0..4).map(|row| pattern(48, seed + row)).collect::<Vec<_>>();
        let examples: Vec<Example> = (0..40)
            .map(|at| Example {
                row: at % 4,
                column: at * 7 % 3,
                log: at as f32 / 10.0,
                weight: 0.7,
            })
            .collect();
        let results: Vec<Vec<f32>> = Kernel::available()
            .into_iter()
            .map(|kernel| {
                let tables = [table(&rows(0), 2), table(&rows(9), 2)];
                run(kernel, &tables[0], &tables[1], &examples, 0.05);
                (0..4)
                    .flat_map(|row| tables[0].values(row)[..48].to_vec())
                    .collect()
            })
            .collect();
        for result in &results {
            assert!(result.iter().zip(&results[0]).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }

    #[test]
    fn numbers_with_an_infinite_sum_do_not_change_and_no_others_overflow() {
        for kernel in Kernel::available() {
            for extreme in [1e-30, 1.0, LARGEST] {
                let word: Vec<f32> = pattern(32, 5).iter().map(|value| value * extreme).collect();
                let tables = [table(from_ref(&word), 3), table(&[vec![extreme; 32]], 3)];
                for log in [-7.0, 25.0, 0.0] {
                    let example = Example { log, ..EXAMPLE };
                    run(kernel, &tables[0], &tables[1], &[example; 50], 1.0);
                }
                let row = tables[0].values(0);
                assert!(
                    row[..32].iter().all(|value| value.is_finite()),
                    "{} {extreme}",
                    kernel.name
                );
                assert!(row[..32].iter().all(|value| value.abs() <= LARGEST));
                assert_eq!(row[29..32], word[29..], "{} {extreme}", kernel.name);
            }
        }
    }
}
