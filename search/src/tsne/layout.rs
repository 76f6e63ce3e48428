//! Vectors → positions on a map, by t-SNE.
//!
//! van der Maaten and Hinton, "Visualizing Data using t-SNE" (JMLR 2008), with the Barnes–Hut approximation
//! of van der Maaten, "Accelerating t-SNE using Tree-Based Algorithms" (JMLR 2014), by the crate `bhtsne`.
//!
//! First positions are the vectors' principal components, so that what is far apart among all documents starts far
//! apart: neighbours alone, which is all that t-SNE looks at, do not say where groups lie to each other.
//!
//! Same seed, same map: what is random comes from a seeded generator, and all but the search for neighbours runs on one
//! thread. `bhtsne` sums floating-point numbers in parallel in an order that depends on which core is
//! faster, and t-SNE turns the last bit of such a sum into another map. The costly step before it, each
//! document's true nearest neighbours, uses all cores: there each row's result is its own.

use bhtsne::{Dim, Morton, Neighbor, tSNE};
use encoder::vectors::{Vectors, exact_top_k};

use super::{Dims, MapError, principal};

/// Iterations of gradient descent, as in the original implementation.
pub const ITERATIONS: usize = 1000;
/// Barnes–Hut's accuracy: cells seen under a smaller angle count as one point. The 2014 paper's choice.
const THETA: f32 = 0.5;
/// How to lay out a map.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Effective number of neighbours, at least 1; see [`documents_needed`].
    pub perplexity: f32,
    /// Seed of what is random in the first positions.
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
    let first = principal::positions(vectors, layout.dims.count(), layout.seed);
    let positions = one_thread.install(|| match layout.dims {
        Dims::Two => descend::<2>(&neighbors, first, layout.perplexity, progress),
        Dims::Three => descend::<3>(&neighbors, first, layout.perplexity, progress),
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

fn descend<const D: usize>(
    neighbors: &[Vec<Neighbor<f32>>],
    first: Vec<f32>,
    perplexity: f32,
    progress: impl Fn(),
) -> Vec<f32>
where
    Dim<D>: Morton<D>,
{
    let mut map: tSNE<'_, f32, Vec<Neighbor<f32>>, D> = tSNE::new(neighbors);
    map.perplexity(perplexity)
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

    /// Two far groups of two clusters each, every cluster of fifty documents.
    fn far_groups() -> Vectors {
        let mut state = 3_u64;
        let mut draw = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut vectors = Vectors::new(16);
        for (group, cluster) in [(0.8, 0.4), (0.8, -0.4), (-0.8, 0.4), (-0.8, -0.4)] {
            for _ in 0..50 {
                let mut row: Vec<f32> = (0..16).map(|_| 0.05 * draw()).collect();
                row[3] += group;
                row[7] += cluster;
                encoder::vectors::normalize(&mut row);
                vectors.push(&row);
            }
        }
        vectors
    }

    #[test]
    fn groups_that_are_far_apart_stay_apart_along_the_first_axis() {
        let of_three = (1, Dims::Three);
        for (seed, dims) in [1, 2, 3, 4]
            .map(|seed| (seed, Dims::Two))
            .into_iter()
            .chain([of_three])
        {
            let layout = Layout {
                perplexity: 10.0,
                seed,
                dims,
            };
            let map = place(&far_groups(), layout, || {}).unwrap();
            let mut places: Vec<(f32, bool)> = (0..200).map(|row| (map.row(row)[0], row < 100)).collect();
            places.sort_by(|a, b| a.0.total_cmp(&b.0));
            let left: Vec<bool> = places[..100].iter().map(|place| place.1).collect();
            assert!(
                left.iter().all(|group| *group == left[0]),
                "seed {seed}, {dims:?}: {left:?}"
            );
        }
    }

    #[test]
    fn a_perplexity_needs_three_times_as_many_and_one() {
        assert_eq!(documents_needed(30.0), 91);
        assert_eq!(documents_needed(2.5), 8);
    }
}
