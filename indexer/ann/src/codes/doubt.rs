//! How wrong the scores of codes can be: what lies within that of the best ones is compared in full.
//!
//! What is rounded off to whole steps has the variance 1/12. All that follows are the standard deviations of sums of such
//! roundings, three and a half times.

use super::{Coder, Codes, QueryCode};
use crate::metric::Metric;

/// Standard deviations of a difference that are allowed for.
const DEVIATIONS: f64 = 3.5;
/// The variance of a rounding to whole steps.
const OF_A_STEP: f64 = 1.0 / 12.0;
/// The variance of what `f16` rounds off a number from 1/2 to 1; less for smaller ones.
const OF_A_HALF: f64 = OF_A_STEP / (1_u64 << 22) as f64;
/// What `f32` can round off a sum, as a part of its largest terms.
const OF_A_SUM: f64 = 1.0 / (1_u64 << 21) as f64;

impl Coder {
    /// How far below `score`, that of the `k`-th best code, a row can lie and still be one of the `k` best rows.
    pub fn doubt(&self, query: &QueryCode, score: f32) -> f32 {
        let doubt = match (self.codes, self.metric) {
            (Codes::Binary, _) => f64::INFINITY,
            (Codes::Float32, Metric::Cosine | Metric::Dot) => 0.0,
            (Codes::Float16, Metric::Cosine) => of_half_cosines(query),
            (Codes::Float16, Metric::Dot) => DEVIATIONS * (2.0 * OF_A_HALF * squares(query.numbers())).sqrt(),
            (Codes::Int8, Metric::Cosine | Metric::Dot) => of_products(query),
            // Graphs that were written earlier have the lengths of rows, not of codes: the error of a product.
            (Codes::Int8, Metric::Euclidean) => self.of_distances(query, score).max(of_products(query)),
            (Codes::Float16 | Codes::Float32, Metric::Euclidean) => self.of_distances(query, score),
        };
        doubt as f32
    }

    /// Half a squared distance is off by the product of a rounding with the difference of row and query, and by half
    /// the rounding's own square; so it matters how far away the `k`-th best is, and not where the origin is.
    ///
    /// A row that is `doubt` behind is farther away than the `k`-th best and more uncertain: hence a quadratic equation.
    fn of_distances(&self, query: &QueryCode, score: f32) -> f64 {
        let scale = f64::from(self.scale);
        // Scores for each squared step of the rows' codes, and the rows' steps for one of the query's code.
        let unit = f64::from(query.bias_scale()) / scale;
        let (square, row, asked) = match self.codes {
            Codes::Int8 => (
                squares(query.steps()) / (unit * unit),
                OF_A_STEP,
                OF_A_STEP / (unit * unit),
            ),
            Codes::Float16 => (squares(query.numbers()) * scale * scale, OF_A_HALF, 0.0),
            Codes::Float32 | Codes::Binary => (squares(query.numbers()), 0.0, 0.0),
        };
        let distance = (square - 2.0 * f64::from(score) / unit).max(0.0);
        let variance = 2.0 * DEVIATIONS.powi(2) * (row + asked);
        // The variance of half the square of an evenly spread number is a fifth of the square of its own variance.
        let own = 2.0 * DEVIATIONS.powi(2) * (self.dimension as f64) * row * row / 5.0;
        let rounding = variance / 2.0 + (variance * variance / 4.0 + variance * distance + own).sqrt();
        unit * (rounding + OF_A_SUM * (square + distance))
    }
}

/// Two rows and the query are rounded, if the rows' codes are as long as the query's.
fn of_products(query: &QueryCode) -> f64 {
    DEVIATIONS * (4.0 * OF_A_STEP * squares(query.steps())).sqrt()
}

/// Two rows are rounded, each number by a part of its own size, if the rows' numbers are as unequal as the query's.
fn of_half_cosines(query: &QueryCode) -> f64 {
    let products = squares(query.numbers().map(|x| x * x));
    // Of a number between 1/2 and 1 it is a quarter of that at most, of one just above 1/2 as much.
    DEVIATIONS * (2.0 * 4.0 * OF_A_HALF * products).sqrt()
}

fn squares(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|x| x * x).sum()
}

impl QueryCode {
    /// The numbers of a query in [`Codes::Int8`].
    fn steps(&self) -> impl Iterator<Item = f64> {
        self.bytes().iter().map(|byte| f64::from(*byte as i8))
    }

    /// The numbers of a query in [`Codes::Float32`] or [`Codes::Float16`].
    fn numbers(&self) -> impl Iterator<Item = f64> {
        let numbers = self.bytes().as_chunks().0.iter();
        numbers.map(|x| f64::from(f32::from_ne_bytes(*x)))
    }
}
