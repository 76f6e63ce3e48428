//! Vectors → positions on a map, by t-SNE.
//!
//! van der Maaten and Hinton, "Visualizing Data using t-SNE" (JMLR 2008), with the Barnes–Hut approximation
//! of van der Maaten, "Accelerating t-SNE using Tree-Based Algorithms" (JMLR 2014), by the crate `bhtsne`.
//!
//! Same seed, same map: first positions come from a seeded generator, and the optimization runs on one
//! thread. `bhtsne` sums floating-point numbers in parallel in an order that depends on which core is
//! faster, and t-SNE turns the last bit of such a sum into another map. The costly step before it, each
//! document's true nearest neighbours, uses all cores: there each row's result is its own.

use bhtsne::{Dim, Morton, Neighbor, tSNE};
use encoder::vectors::{Vectors, exact_top_k};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Dims, MapError};

/// Iterations of gradient descent, as in the original implementation.
pub const ITERATIONS: usize = 1000;
/// Barnes–Hut's accuracy: cells seen under a smaller angle count as one point. The 2014 paper's choice.
const THETA: f32 = 0.5;
/// First positions lie within this of the origin, as in the 2008 paper: small enough to move freely.
const FIRST_SPREAD: f32 = 1e-4;

/// How to lay out a map.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Effective number of neighbours, at least 1; see [`documents_needed`].
    pub perplexity: f32,
    /// Seed of the first positions.
    pub seed: u64,
    /// Dimensions of the positions.
    pub dims: Dims,
}

/// Nearest neighbours that a perplexity looks at: three times as many, as in the 2014 paper.
fn neighbors_needed(perplexity: f32) -> usize {
    (3.0 * perplexity) as usize
}

/// Documents that a perplexity needs: its neighbours and the document itself.
pub fn documents_needed(perplexity: f32) -> usize {
    neighbors_needed(perplexity) + 1
}

/// Places `vectors`, shape (N, D) of unit rows, on a map: shape (N, 2) or (N, 3).
///
/// `progress` is called after each of [`ITERATIONS`] iterations.
///
/// # Errors
/// Positions become infinite, or no thread can be started. N must be at least [`documents_needed`].
pub fn place(vectors: &Vectors, layout: Layout, progress: impl Fn() + Send) -> Result<Vectors, MapError> {
    let neighbors = nearest(vectors, neighbors_needed(layout.perplexity));
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let positions = one_thread.install(|| match layout.dims {
        Dims::Two => descend::<2>(&neighbors, layout, progress),
        Dims::Three => descend::<3>(&neighbors, layout, progress),
    });
    if positions.iter().all(|value| value.is_finite()) {
        Ok(Vectors::from_rows(layout.dims.count(), positions))
    } else {
        Err(MapError::Diverged)
    }
}

/// Each row's `count` nearest others by Euclidean distance, nearest first.
fn nearest(vectors: &Vectors, count: usize) -> Vec<Vec<Neighbor<f32>>> {
    // One more is sought, since every row finds itself; among duplicates it may not be the first to.
    exact_top_k(vectors, vectors, count + 1)
        .into_iter()
        .zip(0u32..)
        .map(|(found, own)| {
            let others = found
                .into_iter()
                .filter(|neighbor| neighbor.row != own)
                .take(count);
            others
                .map(|other| Neighbor {
                    index: other.row as usize,
                    distance: distance(other.score),
                })
                .collect()
        })
        .collect()
}

/// Euclidean distance of two unit vectors with this inner product: |a − b|² = 2 − 2ab.
fn distance(product: f32) -> f32 {
    (2.0 - 2.0 * product).max(0.0).sqrt()
}

fn descend<const D: usize>(neighbors: &[Vec<Neighbor<f32>>], layout: Layout, progress: impl Fn()) -> Vec<f32>
where
    Dim<D>: Morton<D>,
{
    let mut random = ChaCha8Rng::seed_from_u64(layout.seed);
    let first: Vec<f32> = (0..neighbors.len() * D)
        .map(|_| random.random_range(-FIRST_SPREAD..FIRST_SPREAD))
        .collect();
    let mut map: tSNE<'_, f32, Vec<Neighbor<f32>>, D> = tSNE::new(neighbors);
    map.perplexity(layout.perplexity)
        .epochs(ITERATIONS)
        .initial_embedding(first)
        .epoch_callback(|_, _| progress())
        .barnes_hut_with_neighbors(THETA, neighbors);
    map.embedding()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_not_its_own_neighbor_even_among_duplicates() {
        let rows = [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
        let vectors = Vectors::from_rows(2, rows.concat());
        let found = nearest(&vectors, 2);
        let indices = |row: usize| {
            found[row]
                .iter()
                .map(|neighbor| neighbor.index)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            [indices(0), indices(1), indices(2), indices(3)],
            [[1, 2], [0, 2], [0, 1], [0, 1]]
        );
        assert_eq!(found[0][0].distance, 0.0);
        assert!((found[3][0].distance - 2f32.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn a_perplexity_needs_three_times_as_many_and_one() {
        assert_eq!(documents_needed(30.0), 91);
        assert_eq!(documents_needed(2.5), 8);
    }
}
