//! The layer of each node and the order of insertion.

use crate::graph::format::MOST_LAYERS;

/// `count` nodes in the order of their insertion, and how many of the first ones are on layer 1, on layer 2, ….
///
/// A node's layer is drawn as in the paper, `floor(-ln(u) / ln(m))`, from a hash of its number, so that it depends on
/// nothing else; the highest layers come first, and within a layer the order is random.
pub(super) fn order(count: usize, m: usize) -> (Vec<u32>, Vec<usize>) {
    let mut drawn: Vec<(usize, u64, u32)> = (0..count as u32)
        .map(|node| {
            let hash = scramble(u64::from(node));
            (layer(hash, m), scramble(hash), node)
        })
        .collect();
    drawn.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let top = drawn.first().map_or(0, |first| first.0);
    let layers = (1..=top)
        .map(|layer| drawn.partition_point(|node| node.0 >= layer))
        .collect();
    (drawn.into_iter().map(|node| node.2).collect(), layers)
}

fn layer(hash: u64, m: usize) -> usize {
    // In (0, 1]: never the logarithm of 0.
    let uniform = ((hash >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    ((-uniform.ln() / (m as f64).ln()) as usize).min(MOST_LAYERS)
}

/// SplitMix64 (Steele, Lea & Flood 2014): a number whose bits all depend on all bits of `x`.
fn scramble(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_has_an_mth_of_the_one_below() {
        let (order, layers) = order(160_000, 16);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..160_000));
        assert!((9_500..10_500).contains(&layers[0]), "{layers:?}");
        assert!((550..700).contains(&layers[1]), "{layers:?}");
        assert!(layers.is_sorted_by(|lower, higher| lower >= higher) && layers.len() < 7);
    }
}
