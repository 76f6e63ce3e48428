//! The Huffman tree of hierarchical softmax: frequent words have short paths.
//!
//! Morin and Bengio 2005; with Huffman codes, Mikolov et al. 2013, arXiv 1310.4546, section 2.1.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The path from the root to each word: inner nodes, and at each the turn taken.
#[derive(Debug)]
pub(super) struct Huffman {
    /// Path of word w is `starts[w]..starts[w + 1]`.
    starts: Vec<usize>,
    nodes: Vec<u32>,
    turns: Vec<bool>,
}

impl Huffman {
    /// The tree of these counts; with n words it has n − 1 inner nodes.
    pub(super) fn new(counts: &[u64]) -> Self {
        let words = counts.len();
        // Parent of each word, then of each inner node, and whether it is the heavier child.
        let mut parents: Vec<(u32, bool)> = vec![(0, false); (2 * words).saturating_sub(1)];
        let mut heap: BinaryHeap<Reverse<(u64, usize)>> = counts
            .iter()
            .enumerate()
            .map(|(word, &count)| Reverse((count.max(1), word)))
            .collect();
        let mut next = words;
        while let (Some(Reverse((light, a))), Some(Reverse((heavy, b)))) = (heap.pop(), heap.pop()) {
            let node = (next - words) as u32;
            parents[a] = (node, false);
            parents[b] = (node, true);
            heap.push(Reverse((light + heavy, next)));
            next += 1;
            if heap.len() == 1 {
                break;
            }
        }
        let root = next - 1;
        let (mut starts, mut nodes, mut turns) = (vec![0], Vec::new(), Vec::new());
        for word in 0..words {
            let first = nodes.len();
            let mut at = word;
            while at != root {
                let (parent, turn) = parents[at];
                nodes.push(parent);
                turns.push(turn);
                at = words + parent as usize;
            }
            nodes[first..].reverse();
            turns[first..].reverse();
            starts.push(nodes.len());
        }
        Huffman { starts, nodes, turns }
    }

    /// Inner nodes on the way to a word, the root first, and the turn at each.
    #[inline]
    pub(super) fn path(&self, word: u32) -> (&[u32], &[bool]) {
        let range = self.starts[word as usize]..self.starts[word as usize + 1];
        (&self.nodes[range.clone()], &self.turns[range])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_prefix_free_and_optimal() {
        let counts = [50, 20, 15, 10, 5];
        let tree = Huffman::new(&counts);
        let codes: Vec<Vec<bool>> = (0..5).map(|word| tree.path(word).1.to_vec()).collect();
        for (a, code) in codes.iter().enumerate() {
            for (b, other) in codes.iter().enumerate() {
                assert!(a == b || !other.starts_with(code));
            }
        }
        // 1·50 + 2·20 + 3·15 + 4·10 + 4·5: the least that any prefix code needs.
        let length: u64 = codes
            .iter()
            .zip(&counts)
            .map(|(code, count)| code.len() as u64 * count)
            .sum();
        assert_eq!(length, 195);
        assert_eq!(codes.iter().map(Vec::len).max(), Some(4));
    }

    #[test]
    fn every_inner_node_is_used() {
        let tree = Huffman::new(&[3, 3, 2, 2, 1, 1, 1]);
        let nodes: HashSet<u32> = (0..7).flat_map(|word| tree.path(word).0.to_vec()).collect();
        assert_eq!(nodes, (0..6).collect());
    }
}
