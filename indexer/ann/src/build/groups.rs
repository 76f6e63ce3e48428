//! Rows with equal codes are one node.
//!
//! A graph tells them apart by nothing, and where there are many of them (the same sentence in thousands of documents)
//! they would be each other's nearest neighbours and have no links left to anything else.

use std::hash::{DefaultHasher, Hasher};

use rayon::prelude::*;

use crate::codes::Coder;
use crate::lines::Lines;
use crate::rows::Rows;

/// The rows in groups of equal codes, ordered by their first rows.
#[derive(Debug)]
pub(super) struct Groups {
    /// All rows, group after group, ascending in each.
    rows: Vec<u32>,
    /// Where each group starts in `rows`, and where the last one ends.
    starts: Vec<u32>,
}

impl Groups {
    /// Finds the rows that `coder` gives equal codes.
    pub fn find(vectors: Rows<'_>, coder: &Coder) -> Self {
        let count = vectors.len() as u32;
        let hash = |code: &mut Lines, row: u32| {
            let mut hasher = DefaultHasher::new();
            hasher.write(encode(vectors, coder, code, row));
            (hasher.finish(), row)
        };
        let mut hashed: Vec<(u64, u32)> = (0..count)
            .into_par_iter()
            .map_init(Lines::default, hash)
            .collect();
        hashed.par_sort_unstable();
        let (mut code, mut first_code) = (Lines::default(), Lines::default());
        let mut first_of: Vec<u32> = (0..count).collect();
        for alike in hashed.chunk_by(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
            let first = alike[0].1;
            let first_code = encode(vectors, coder, &mut first_code, first);
            for (_, row) in &alike[1..] {
                if encode(vectors, coder, &mut code, *row) == first_code {
                    first_of[*row as usize] = first;
                }
            }
        }
        let mut rows: Vec<u32> = (0..count).collect();
        rows.par_sort_by_key(|row| first_of[*row as usize]);
        let starts = (0..count).filter(|i| first_of[rows[*i as usize] as usize] == rows[*i as usize]);
        let starts = starts.chain([count]).collect();
        Self { rows, starts }
    }

    /// Number of groups.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of a group, ascending.
    pub fn rows(&self, group: u32) -> &[u32] {
        let [start, end] = [0, 1].map(|next| self.starts[group as usize + next] as usize);
        &self.rows[start..end]
    }

    /// The first row of a group.
    pub fn first(&self, group: u32) -> u32 {
        self.rows[self.starts[group as usize] as usize]
    }
}

fn encode<'a>(vectors: Rows<'_>, coder: &Coder, code: &'a mut Lines, row: u32) -> &'a [u8] {
    let code = code.resized(coder.stride());
    coder.encode(vectors.row(row as usize), code);
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Codes, Metric};

    #[test]
    fn equal_codes_come_together_in_the_order_of_their_first_rows() {
        let numbers = [
            [0.0, 1.0],
            [1.0, 0.0],
            [0.0, 1.0],
            [-1.0, 0.0],
            [1.0, 1e-6],
            [0.0, 1.0],
        ];
        let rows = Rows::new(numbers.as_flattened(), 2, 2);
        let groups = |codes| {
            let groups = Groups::find(rows, &Coder::fit(codes, Metric::Cosine, rows));
            let each = (0..groups.len() as u32).inspect(|group| {
                assert_eq!(groups.first(*group), groups.rows(*group)[0]);
            });
            each.map(|group| groups.rows(group).to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(groups(Codes::Int8), [vec![0, 2, 5], vec![1, 4], vec![3]]);
        assert_eq!(groups(Codes::Float32), [vec![0, 2, 5], vec![1], vec![3], vec![4]]);
    }
}
