//! Relative positions of MPNet: each pair of tokens is in a bucket by how far apart they are, and each bucket adds a learned
//! number to every head's attention scores, the same in all layers (Raffel et al. 2020, "Exploring the Limits of Transfer
//! Learning with a Unified Text-to-Text Transformer", section 2.1, <https://arxiv.org/abs/1910.10683>).

/// The parameter with those numbers, shape `(buckets, heads)`; so it is called in MPNet's files, too.
pub const RELATIVE_POSITIONS: &str = "encoder.relative_attention_bias.weight";

/// Tokens further apart than this are all in the last bucket of their side.
const FARTHEST: f32 = 128.0;

/// The bucket of each pair of tokens of a text of `length` tokens, row-major, shape `(length, length)`: the token that looks,
/// then the one looked at. All are below `buckets`, at least 4: half of them are for tokens behind, half of these for single
/// distances and the rest for growing ranges of them.
pub fn relative_buckets(length: usize, buckets: usize) -> Vec<u32> {
    let side = buckets / 2;
    let single = side / 2;
    let of_distance = |distance: usize| {
        if distance < single {
            return distance;
        }
        // In 32 bits and in this order, as PyTorch computes it: the borders of ranges depend on it.
        let range = (distance as f32 / single as f32).ln() / (FARTHEST / single as f32).ln();
        (single + (range * (side - single) as f32) as usize).min(side - 1)
    };
    let by_distance: Vec<usize> = (0..length).map(of_distance).collect();
    let pairs = (0..length).flat_map(|from| (0..length).map(move |to| (from, to)));
    let bucket = |(from, to): (usize, usize)| match to > from {
        true => side + by_distance[to - from],
        false => by_distance[from - to],
    };
    pairs.map(|pair| bucket(pair) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_pythons_transformers() {
        // MPNetEncoder.relative_position_bucket for a token and those 0, 1, ... before it, and then behind it.
        let length = 200;
        let all = relative_buckets(length, 32);
        let bucket = |from: usize, to: usize| all[from * length + to];
        let distances = [
            0, 1, 7, 8, 11, 12, 15, 16, 22, 23, 31, 32, 45, 46, 63, 64, 90, 91, 127, 128, 199,
        ];
        let before = distances.map(|distance| bucket(199, 199 - distance));
        assert_eq!(
            before,
            [
                0, 1, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 15, 15
            ]
        );
        for distance in 1..length {
            assert_eq!(bucket(0, distance), 16 + bucket(distance, 0));
        }
        for (length, buckets) in [(0, 32), (1, 4), (300, 4), (300, 5)] {
            let all = relative_buckets(length, buckets);
            assert_eq!(all.len(), length * length);
            assert!(all.iter().all(|&bucket| (bucket as usize) < buckets));
        }
    }
}
