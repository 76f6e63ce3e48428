//! Where documents are before t-SNE moves them: on the axes along which the vectors differ most.
//!
//! Kobak and Linderman, "Initialization is critical for preserving global data structure in both t-SNE and UMAP"
//! (Nature Biotechnology 2021). The axes are found one after the other by power iteration, on one thread, so that the
//! same sums are added in the same order.

use encoder::vectors::{Vectors, dot, normalize};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Standard deviation of the positions on the first axis, as in openTSNE: small enough to move freely.
const SPREAD: f32 = 1e-4;
/// The part of that which is random, so that equal documents do not lie on one point.
const RANDOM: f32 = 0.01;
/// Unit vectors that differ by less on average are equal but for rounding.
const EQUAL: f32 = 1e-6;
/// Multiplications with the covariance for each axis. Where two axes count nearly the same, any between them does.
const ROUNDS: usize = 40;

/// The first positions of `vectors`, shape (N, D): N times `dims`, row after row.
pub fn positions(vectors: &Vectors, dims: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let centred = Centred::of(vectors);
    let mut axes: Vec<Vec<f32>> = Vec::with_capacity(dims);
    let mut columns: Vec<Vec<f32>> = Vec::with_capacity(dims);
    for _ in 0..dims {
        let axis = centred.axis(&axes, &mut random);
        columns.push(centred.along(&axis));
        axes.push(axis);
    }
    let spread = deviation(&columns[0]);
    // Where all documents are equal, there is nothing but chance.
    let (scale, noise) = match spread > EQUAL {
        true => (SPREAD / spread, RANDOM * SPREAD),
        false => (0.0, SPREAD),
    };
    let mut positions = Vec::with_capacity(vectors.len() * dims);
    for row in 0..vectors.len() {
        for column in &columns {
            positions.push(column[row] * scale + random.random_range(-noise..noise));
        }
    }
    positions
}

/// Vectors, seen from their mean.
struct Centred<'a> {
    vectors: &'a Vectors,
    mean: Vec<f32>,
}

impl<'a> Centred<'a> {
    fn of(vectors: &'a Vectors) -> Self {
        let mut sums = vec![0.0_f64; vectors.dimension()];
        for row in vectors.rows() {
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, x)| *sum += f64::from(*x));
        }
        let count = vectors.len() as f64;
        let mean = sums.into_iter().map(|sum| (sum / count) as f32).collect();
        Self { vectors, mean }
    }

    /// The unit vector along which the rows differ most, of those at right angles to `axes`.
    fn axis(&self, axes: &[Vec<f32>], random: &mut ChaCha8Rng) -> Vec<f32> {
        let mut axis: Vec<f32> = self.mean.iter().map(|_| random.random_range(-1.0..1.0)).collect();
        for _ in 0..ROUNDS {
            leave(axes, &mut axis);
            normalize(&mut axis);
            axis = self.times_covariance(&axis);
        }
        leave(axes, &mut axis);
        normalize(&mut axis);
        axis
    }

    /// Each row's place along an axis.
    fn along(&self, axis: &[f32]) -> Vec<f32> {
        let middle = dot(&self.mean, axis);
        self.vectors.rows().map(|row| dot(row, axis) - middle).collect()
    }

    fn times_covariance(&self, axis: &[f32]) -> Vec<f32> {
        let places = self.along(axis);
        let mut product = vec![0.0_f32; axis.len()];
        for (row, place) in self.vectors.rows().zip(places) {
            let differences = row.iter().zip(&self.mean).map(|(x, mean)| x - mean);
            product
                .iter_mut()
                .zip(differences)
                .for_each(|(sum, x)| *sum += place * x);
        }
        product
    }
}

/// Takes from `axis` what points along `axes`, which have unit length.
fn leave(axes: &[Vec<f32>], axis: &mut [f32]) {
    for other in axes {
        let along = dot(other, axis);
        axis.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
    }
}

fn deviation(numbers: &[f32]) -> f32 {
    let count = numbers.len().max(1) as f64;
    let squares: f64 = numbers.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    (squares / count).sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows on an ellipse whose axes are the second and the third coordinate, far from the origin.
    fn ellipse() -> Vectors {
        let turned = |i: usize| i as f32 / 50.0 * std::f32::consts::TAU;
        let rows = (0..50).map(|i| [5.0, 4.0 + 3.0 * turned(i).cos(), turned(i).sin(), 0.0]);
        Vectors::from_rows(4, rows.collect::<Vec<_>>().concat())
    }

    #[test]
    fn positions_are_the_principal_components_to_a_spread() {
        let vectors = ellipse();
        let first = positions(&vectors, 2, 1);
        let column = |place: usize| first.iter().skip(place).step_by(2).copied().collect::<Vec<_>>();
        let (x, y) = (column(0), column(1));
        assert!((deviation(&x) / SPREAD - 1.0).abs() < 0.02, "{}", deviation(&x));
        assert!(
            (deviation(&y) / SPREAD - 1.0 / 3.0).abs() < 0.02,
            "{}",
            deviation(&y)
        );
        // Whichever way an axis points, it is the same one for all rows.
        let scale = SPREAD / deviation(&[3.0, 0.0]);
        let (to_x, to_y) = (x[0].signum() * scale, y[12].signum() * scale);
        for (row, (x, y)) in vectors.rows().zip(x.iter().zip(&y)) {
            let expected = (to_x * (row[1] - 4.0), to_y * row[2]);
            assert!(
                (x - expected.0).abs() < 3.0 * RANDOM * SPREAD,
                "{x}, expected {expected:?}"
            );
            assert!(
                (y - expected.1).abs() < 3.0 * RANDOM * SPREAD,
                "{y}, expected {expected:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_positions_and_equal_rows_lie_apart() {
        let vectors = Vectors::from_rows(3, [0.0, 0.6, 0.8].repeat(9));
        let first = positions(&vectors, 3, 4);
        assert_eq!(first, positions(&vectors, 3, 4));
        assert_ne!(first, positions(&vectors, 3, 5));
        assert!(first.iter().all(|x| x.is_finite() && x.abs() <= SPREAD));
        assert!(
            first
                .iter()
                .all(|x| first.iter().filter(|y| *y == x).count() == 1)
        );
    }
}
