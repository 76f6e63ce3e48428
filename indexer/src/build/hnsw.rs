//! Builds the graph with `hnsw_rs` and reads it out through that crate's public interface.
//!
//! Nothing of `hnsw_rs` is left in what is written: the frozen graph is ours, and another builder
//! could take this one's place.

use std::collections::BTreeMap;

use encoder::vectors::Vectors;
use hnsw_rs::prelude::{Distance, Hnsw};

use super::{Observer, Phase};
use crate::error::{IndexError, Result};
use crate::graph::{Lists, dot};
use crate::manifest::HnswRecord;

/// Layers that `hnsw_rs` has room for.
const LAYERS: usize = 16;
/// Points inserted one after the other, so that the parallel ones find a graph to be linked to.
const SERIAL: usize = 64;
/// Points inserted between two looks at whether to stop.
const SLICE: usize = 512;

/// One minus the inner product of unit vectors: 0 for the same direction, 2 for the opposite one.
struct CosineDistance;

impl Distance<f32> for CosineDistance {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        // Rounding can make the product exceed 1, and hnsw_rs takes a negative distance for a bug.
        (1.0 - dot(a, b)).max(0.0)
    }
}

/// Refuses parameters that the builder cannot work with.
pub(super) fn check(parameters: HnswRecord) -> Result<()> {
    let within =
        |option, range: std::ops::RangeInclusive<usize>, expected, found| match range.contains(&found) {
            true => Ok(()),
            false => Err(IndexError::Option {
                option,
                expected,
                found,
            }),
        };
    within("--m", 4..=128, "4 to 128", parameters.m)?;
    within(
        "--ef-construction",
        8..=10_000,
        "8 to 10000",
        parameters.ef_construction,
    )
}

/// Links the rows of `vectors`, which are unit vectors and at least one, in all threads of rayon.
pub(super) fn build(vectors: &Vectors, parameters: HnswRecord, observer: &mut dyn Observer) -> Result<Lists> {
    observer.begin(Phase::Link, Some(vectors.len() as u64));
    let HnswRecord { m, ef_construction } = parameters;
    let hnsw = Hnsw::new(m, vectors.len(), LAYERS, ef_construction, CosineDistance);
    let points: Vec<(&[f32], usize)> = vectors.rows().zip(0..).collect();
    let (first, rest) = points.split_at(SERIAL.min(points.len()));
    first.iter().for_each(|point| hnsw.insert_slice(*point));
    observer.advance(first.len() as u64);
    for slice in rest.chunks(SLICE) {
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
        hnsw.parallel_insert_slice(&slice.to_vec());
        observer.advance(slice.len() as u64);
    }
    Ok(read_out(&hnsw, vectors.len(), m))
}

fn read_out(hnsw: &Hnsw<'_, f32, CosineDistance>, count: usize, m: usize) -> Lists {
    let mut lists = Lists {
        m,
        entry: 0,
        level0: vec![Vec::new(); count],
        upper: BTreeMap::new(),
    };
    let top = usize::from(hnsw.get_max_level_observed());
    let points = hnsw.get_point_indexation();
    let mut entry = None;
    for layer in 0..=top {
        for point in points.get_layer_iterator(layer) {
            let node = point.get_origin_id();
            let neighborhood = point.get_neighborhood_id();
            let mut layers = neighborhood
                .iter()
                .take(layer + 1)
                .enumerate()
                .map(|(layer, near)| {
                    // A list can hold points that are not on its layer, from the time of their insertion.
                    let there = near.iter().filter(|near| usize::from(near.p_id.0) >= layer);
                    there
                        .map(|near| near.d_id as u32)
                        .filter(|near| *near as usize != node)
                        .collect()
                });
            lists.level0[node] = layers.next().unwrap_or_default();
            if layer > 0 {
                lists.upper.insert(node as u32, layers.collect());
            }
            if layer == top {
                entry = Some(entry.map_or(node, |entry: usize| entry.min(node)));
            }
        }
    }
    lists.entry = entry.unwrap_or(0) as u32;
    lists
}

#[cfg(test)]
mod tests {
    use super::super::Unwatched;
    use super::*;
    use crate::vectors_file::Rows;

    const PARAMETERS: HnswRecord = HnswRecord {
        m: 16,
        ef_construction: 200,
    };

    fn circle(count: usize) -> Vectors {
        let mut vectors = Vectors::new(2);
        for i in 0..count {
            let angle = i as f32 / count as f32 * std::f32::consts::TAU;
            vectors.push(&[angle.cos(), angle.sin()]);
        }
        vectors
    }

    #[test]
    fn tiny_sets_are_linked_completely() {
        for count in 1..=6 {
            let vectors = circle(count);
            let mut lists = build(&vectors, PARAMETERS, &mut Unwatched).unwrap();
            lists.connect(Rows::from(&vectors));
            assert!(
                lists.level0.iter().all(|list| list.len() == count - 1),
                "{count}: {lists:?}"
            );
        }
    }

    #[test]
    fn rows_that_are_all_the_same_or_zero_stay_reachable() {
        for value in [1.0, 0.0] {
            let vectors = Vectors::from_rows(1, vec![value; 700]);
            let mut lists = build(&vectors, PARAMETERS, &mut Unwatched).unwrap();
            lists.connect(Rows::from(&vectors));
            assert_eq!(
                lists.connect(Rows::from(&vectors)),
                0,
                "a second look finds no gap"
            );
        }
    }

    #[test]
    fn upper_layers_hold_only_their_own_points() {
        let vectors = circle(3000);
        let lists = build(&vectors, PARAMETERS, &mut Unwatched).unwrap();
        assert!(lists.upper.len() > 50);
        for layers in lists.upper.values() {
            for (above, list) in layers.iter().enumerate() {
                assert!(list.len() <= PARAMETERS.m);
                assert!(list.iter().all(|near| lists.upper[near].len() > above));
            }
        }
    }

    #[test]
    fn parameters_out_of_range_are_refused_by_name() {
        let error = check(HnswRecord { m: 256, ..PARAMETERS })
            .unwrap_err()
            .to_string();
        assert_eq!(error, "--m: expected 4 to 128, found 256");
        let error = check(HnswRecord {
            ef_construction: 1,
            ..PARAMETERS
        })
        .unwrap_err()
        .to_string();
        assert!(error.starts_with("--ef-construction"), "{error}");
    }
}
