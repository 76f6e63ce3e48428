//! One step of learning: several input rows against several output rows, as small matrix products.
//!
//! All words of a window predict the same centre word, and share its negatives, so their scores are one
//! small matrix product and their gradients two more (Ji et al. 2016, "Parallelizing Word2Vec in Shared and
//! Distributed Memory", arXiv 1604.04661, section 3.2). Products stay in registers: every row is read twice
//! and written once, however many rows meet it.

#![expect(
    unsafe_code,
    reason = "SIMD over raw rows; the invariants stand at each function"
)]

use super::matrix::LINE;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Portable, Simd, compiled_kernels};

/// Output rows of one step; more are taken in several.
pub(super) const MOST_OUTPUTS: usize = 6;

/// No number of a vector grows beyond this, so no product overflows; useful vectors stay far below.
pub(crate) const LARGEST: f32 = 1000.0;

/// What one step works on. All rows are `stride` floats long.
pub(super) struct Step<'a> {
    /// Rows that predict.
    pub(super) inputs: &'a [*mut f32],
    /// Rows that are predicted, no row twice; at most [`MOST_OUTPUTS`].
    pub(super) outputs: &'a [*mut f32],
    /// Bit j tells whether output j is to be predicted (1) or not (0).
    pub(super) labels: u32,
    /// Learning rate.
    pub(super) rate: f32,
    /// Floats in a row, padding included; a multiple of 16.
    pub(super) stride: usize,
}

/// Scores and gradients of a step, reused from step to step.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    scores: Vec<f32>,
    gradients: Vec<f32>,
}

impl Scratch {
    /// Room for that many inputs.
    pub(super) fn for_inputs(inputs: usize) -> Self {
        // Whole registers are written: four scores at once, sixteen gradients at once.
        let floats = (inputs * MOST_OUTPUTS + 4).next_multiple_of(LINE);
        Scratch {
            scores: vec![0.0; floats],
            gradients: vec![0.0; floats],
        }
    }

    /// Sum over the inputs and outputs of the last step of −log σ(±score), before the update.
    pub(super) fn loss(&self, inputs: usize, outputs: usize, labels: u32) -> f64 {
        let scores = &self.scores[..inputs * outputs];
        let each = |(at, &score): (usize, &f32)| {
            let towards = if labels >> (at % outputs) & 1 == 1 {
                -score
            } else {
                score
            };
            // softplus, without overflow
            f64::from(towards.max(0.0)) + (-f64::from(towards.abs())).exp().ln_1p()
        };
        scores.iter().enumerate().map(each).sum()
    }
}

/// The step and its helpers, compiled for one processor feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    /// Name of the feature.
    pub(super) name: &'static str,
    /// Updates inputs and outputs by one gradient step of the logistic loss of each pair.
    ///
    /// # Safety
    /// Rows are valid for `stride` floats, the scratch was made for at least that many inputs, and the
    /// processor has the feature.
    pub(super) step: unsafe fn(&Step<'_>, &mut Scratch),
    /// `(rows, out, stride)`: the mean of the rows; at least one.
    pub(super) mean: unsafe fn(&[*mut f32], *mut f32, usize),
    /// `(rows, now, before, stride)`: adds `now − before` to each row.
    pub(super) add_change: unsafe fn(&[*mut f32], *const f32, *const f32, usize),
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

/// The same functions once more, compiled for a feature.
macro_rules! compiled_for {
    ($module:ident, $simd:ty, $block:literal $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            pub(super) const KERNEL: Kernel = Kernel { name: stringify!($module), step, mean, add_change };

            $(#[target_feature(enable = $feature)])?
            unsafe fn step(step: &Step<'_>, scratch: &mut Scratch) {
                unsafe { any_step::<$simd, $block>(step, scratch) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn mean(rows: &[*mut f32], out: *mut f32, stride: usize) {
                unsafe { any_mean::<$simd>(rows, out, stride) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn add_change(rows: &[*mut f32], now: *const f32, before: *const f32, stride: usize) {
                unsafe { any_add_change::<$simd>(rows, now, before, stride) }
            }
        }
    };
}

// The block of inputs is as large as the registers hold: 4 × 6 sums of 32, 2 × 6 of 16.
#[cfg(target_arch = "x86_64")]
compiled_for!(avx512, Avx512, 4, "avx512f,avx512dq,avx2,fma");
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, Avx2, 2, "avx2,fma");
compiled_for!(portable, Portable, 2);

#[inline(always)]
unsafe fn any_step<S: Simd, const BLOCK: usize>(step: &Step<'_>, scratch: &mut Scratch) {
    unsafe {
        match step.outputs.len() {
            1 => sized_step::<S, BLOCK, 1>(step, scratch),
            2 => sized_step::<S, BLOCK, 2>(step, scratch),
            3 => sized_step::<S, BLOCK, 3>(step, scratch),
            4 => sized_step::<S, BLOCK, 4>(step, scratch),
            5 => sized_step::<S, BLOCK, 5>(step, scratch),
            _ => sized_step::<S, BLOCK, MOST_OUTPUTS>(step, scratch),
        }
    }
}

#[inline(always)]
unsafe fn sized_step<S: Simd, const BLOCK: usize, const M: usize>(step: &Step<'_>, scratch: &mut Scratch) {
    let Some(&outputs) = step.outputs.first_chunk::<M>() else {
        return;
    };
    let (inputs, stride) = (step.inputs, step.stride);
    let scores = scratch.scores.as_mut_ptr();
    unsafe {
        let mut first = 0;
        while first + BLOCK <= inputs.len() {
            scores_of::<S, BLOCK, M>(&inputs[first..], &outputs, stride, scores.add(first * M));
            first += BLOCK;
        }
        while first < inputs.len() {
            scores_of::<S, 1, M>(&inputs[first..], &outputs, stride, scores.add(first * M));
            first += 1;
        }
        gradients::<S>(scratch, inputs.len() * M, step.rate);
    }
    for output in 0..M {
        if step.labels >> output & 1 == 1 {
            for input in 0..inputs.len() {
                scratch.gradients[input * M + output] += step.rate;
            }
        }
    }
    unsafe { update::<S, M>(inputs, &outputs, scratch.gradients.as_ptr(), stride) }
}

/// Inner products of N inputs with M outputs, to `scores[input * M + output]`; up to three more are
/// overwritten.
#[inline(always)]
unsafe fn scores_of<S: Simd, const N: usize, const M: usize>(
    inputs: &[*mut f32],
    outputs: &[*mut f32; M],
    stride: usize,
    scores: *mut f32,
) {
    unsafe {
        let zero = S::splat(0.0);
        let mut sums = [[zero; M]; N];
        let mut at = 0;
        while at < stride {
            let mut values = [zero; N];
            for (value, input) in values.iter_mut().zip(inputs) {
                *value = S::load(input.add(at));
            }
            for output in 0..M {
                let other = S::load(outputs[output].add(at));
                for input in 0..N {
                    sums[input][output] = S::fma(values[input], other, sums[input][output]);
                }
            }
            at += S::LANES;
        }
        let flat = sums.as_flattened();
        let mut at = 0;
        while at < N * M {
            let register = |offset: usize| {
                if at + offset < N * M {
                    flat[at + offset]
                } else {
                    zero
                }
            };
            let four = S::sums([register(0), register(1), register(2), register(3)]);
            scores.add(at).cast::<[f32; 4]>().write_unaligned(four);
            at += 4;
        }
    }
}

/// `−rate · σ(score)` of each score. 2ˣ is a polynomial of degree 6 on ±½, right to 2 · 10⁻⁷.
#[inline(always)]
unsafe fn gradients<S: Simd>(scratch: &mut Scratch, length: usize, rate: f32) {
    const POWERS: [f32; 6] = [
        1.540_353e-4,
        1.333_355_8e-3,
        9.618_129e-3,
        5.550_411e-2,
        0.240_226_5,
        std::f32::consts::LN_2,
    ];
    let mut at = 0;
    while at < length {
        unsafe {
            let score = S::load(scratch.scores.as_ptr().add(at));
            let bounded = S::max(S::min(score, S::splat(30.0)), S::splat(-30.0));
            let exponent = S::mul(bounded, S::splat(-std::f32::consts::LOG2_E));
            let whole = S::round(exponent);
            let part = S::sub(exponent, whole);
            let mut power = S::splat(POWERS[0]);
            for factor in &POWERS[1..] {
                power = S::fma(power, part, S::splat(*factor));
            }
            power = S::fma(power, part, S::splat(1.0));
            let one_and_e = S::fma(power, S::pow2(whole), S::splat(1.0));
            let gradient = S::div(S::splat(-rate), one_and_e);
            S::store(scratch.gradients.as_mut_ptr().add(at), gradient);
        }
        at += S::LANES;
    }
}

/// Adds the gradients times the other side's rows, as they were before, to each row.
#[inline(always)]
unsafe fn update<S: Simd, const M: usize>(
    inputs: &[*mut f32],
    outputs: &[*mut f32; M],
    gradients: *const f32,
    stride: usize,
) {
    unsafe {
        let mut at = 0;
        while at < stride {
            let mut before = [S::splat(0.0); M];
            for output in 0..M {
                before[output] = S::load(outputs[output].add(at));
            }
            let mut after = before;
            for (number, input) in inputs.iter().enumerate() {
                let value = S::load(input.add(at));
                let mut updated = value;
                for output in 0..M {
                    let gradient = S::splat(*gradients.add(number * M + output));
                    updated = S::fma(gradient, before[output], updated);
                    after[output] = S::fma(gradient, value, after[output]);
                }
                S::store(input.add(at), bounded::<S>(updated));
            }
            for output in 0..M {
                S::store(outputs[output].add(at), bounded::<S>(after[output]));
            }
            at += S::LANES;
        }
    }
}

#[inline(always)]
unsafe fn bounded<S: Simd>(value: S::V) -> S::V {
    unsafe { S::max(S::min(value, S::splat(LARGEST)), S::splat(-LARGEST)) }
}

#[inline(always)]
unsafe fn any_mean<S: Simd>(rows: &[*mut f32], out: *mut f32, stride: usize) {
    unsafe {
        let part = S::splat(1.0 / rows.len() as f32);
        let mut at = 0;
        while at < stride {
            let mut sum = S::splat(0.0);
            for row in rows {
                sum = S::add(sum, S::load(row.add(at)));
            }
            S::store(out.add(at), S::mul(sum, part));
            at += S::LANES;
        }
    }
}

#[inline(always)]
unsafe fn any_add_change<S: Simd>(rows: &[*mut f32], now: *const f32, before: *const f32, stride: usize) {
    unsafe {
        let mut at = 0;
        while at < stride {
            let change = S::sub(S::load(now.add(at)), S::load(before.add(at)));
            for row in rows {
                let value = S::add(S::load(row.add(at)), change);
                S::store(row.add(at), bounded::<S>(value));
            }
            at += S::LANES;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a fixed pseudo-random pattern, 64-byte aligned or not: kernels must not care.
    fn rows(count: usize, stride: usize, seed: usize) -> Vec<Vec<f32>> {
        let value = |row: usize, at: usize| {
            (((row * 7919 + at * 104_729 + seed * 31) % 2003) as f32 / 2003.0 - 0.5) * 0.6
        };
        (0..count)
            .map(|row| (0..stride).map(|at| value(row, at)).collect())
            .collect()
    }

    fn pointers(rows: &mut [Vec<f32>]) -> Vec<*mut f32> {
        rows.iter_mut().map(|row| row.as_mut_ptr()).collect()
    }

    /// Sum of −log σ(±x·y), literally.
    fn loss(inputs: &[Vec<f32>], outputs: &[Vec<f32>], labels: u32) -> f64 {
        let mut loss = 0.0;
        for input in inputs {
            for (number, output) in outputs.iter().enumerate() {
                let score: f64 = input
                    .iter()
                    .zip(output)
                    .map(|(x, y)| f64::from(*x) * f64::from(*y))
                    .sum();
                let signed = if labels >> number & 1 == 1 { score } else { -score };
                loss += (1.0 + (-signed).exp()).ln();
            }
        }
        loss
    }

    fn run(kernel: Kernel, inputs: &mut [Vec<f32>], outputs: &mut [Vec<f32>], labels: u32, rate: f32) -> f64 {
        let stride = inputs[0].len();
        let mut scratch = Scratch::for_inputs(inputs.len());
        let (input_rows, output_rows) = (pointers(inputs), pointers(outputs));
        let step = Step {
            inputs: &input_rows,
            outputs: &output_rows,
            labels,
            rate,
            stride,
        };
        unsafe { (kernel.step)(&step, &mut scratch) };
        scratch.loss(inputs.len(), outputs.len(), labels)
    }

    #[test]
    fn a_step_goes_down_the_gradient_found_by_finite_differences() {
        let (rate, nudge) = (1e-3_f32, 1e-2_f32);
        for kernel in Kernel::available() {
            for (n, m) in [(1, 1), (1, 6), (4, 6), (7, 5), (10, 3), (2, 2), (5, 4)] {
                let (inputs, outputs) = (rows(n, 32, n), rows(m, 32, 100 + m));
                let labels = 0b10_0101;
                let (mut new_inputs, mut new_outputs) = (inputs.clone(), outputs.clone());
                let measured = run(kernel, &mut new_inputs, &mut new_outputs, labels, rate);
                assert!((measured - loss(&inputs, &outputs, labels)).abs() < 1e-4);
                for at in [0, 5, 17, 31] {
                    let slope = |change: &dyn Fn(f32) -> f64| {
                        (change(nudge) - change(-nudge)) / f64::from(2.0 * nudge)
                    };
                    for row in 0..n {
                        let expected = slope(&|by| {
                            let mut moved = inputs.clone();
                            moved[row][at] += by;
                            loss(&moved, &outputs, labels)
                        });
                        let found = f64::from((inputs[row][at] - new_inputs[row][at]) / rate);
                        assert!(
                            (found - expected).abs() < 2e-3,
                            "{} {n}×{m}: {found} {expected}",
                            kernel.name
                        );
                    }
                    for row in 0..m {
                        let expected = slope(&|by| {
                            let mut moved = outputs.clone();
                            moved[row][at] += by;
                            loss(&inputs, &moved, labels)
                        });
                        let found = f64::from((outputs[row][at] - new_outputs[row][at]) / rate);
                        assert!(
                            (found - expected).abs() < 2e-3,
                            "{} {n}×{m}: {found} {expected}",
                            kernel.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn all_kernels_agree() {
        for stride in [16, 48, 112, 304] {
            let mut results = Vec::new();
            for kernel in Kernel::available() {
                let (mut inputs, mut outputs) = (rows(9, stride, 1), rows(6, stride, 2));
                run(kernel, &mut inputs, &mut outputs, 1, 0.5);
                let mut mean = vec![0.0; stride];
                let input_rows = pointers(&mut inputs);
                unsafe { (kernel.mean)(&input_rows, mean.as_mut_ptr(), stride) };
                unsafe { (kernel.add_change)(&input_rows[..2], mean.as_ptr(), outputs[0].as_ptr(), stride) };
                results.push([inputs.concat(), outputs.concat(), mean].concat());
            }
            for result in &results[1..] {
                for (a, b) in result.iter().zip(&results[0]) {
                    assert!((a - b).abs() < 1e-5, "{a} {b} at stride {stride}");
                }
            }
        }
    }

    #[test]
    fn sigmoid_is_right_from_end_to_end() {
        for kernel in Kernel::available() {
            for score in -400..=400 {
                let score = score as f32 / 10.0;
                let (mut input, mut output) = (vec![vec![0.0; 16]], vec![vec![0.0; 16]]);
                input[0][3] = score;
                output[0][3] = 1.0;
                run(kernel, &mut input, &mut output, 0, 1.0);
                // The gradient of label 0 is −σ(score), and the other row is 1.
                let found = f64::from(score) - f64::from(input[0][3]);
                let expected = 1.0 / (1.0 + f64::from(-score).exp());
                assert!(
                    (found - expected).abs() < 4e-6,
                    "{}: σ({score}) = {found}",
                    kernel.name
                );
            }
        }
    }

    #[test]
    fn numbers_stop_at_the_bound() {
        for kernel in Kernel::available() {
            let (mut inputs, mut outputs) = (vec![vec![LARGEST; 16]; 3], vec![vec![-LARGEST; 16]; 2]);
            run(kernel, &mut inputs, &mut outputs, 0b11, 1.0);
            let mut all = inputs.iter().chain(&outputs).flatten();
            assert!(all.all(|value| value.abs() <= LARGEST), "{}", kernel.name);
        }
    }
}
