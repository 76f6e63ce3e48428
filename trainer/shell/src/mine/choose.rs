//! Which of the texts near to a question are its hard negatives.

use encoder::vectors::Neighbor;

use crate::config::Mine;

/// What was looked at and left out, over all pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Too near to the right answer, or above `max_score`.
    pub too_near: usize,
    /// Below `min_score`.
    pub too_far: usize,
    /// Pairs with fewer negatives than asked for.
    pub pairs: usize,
}

/// The hard negatives of a pair, hardest first: `mine.negatives` of them, or `None` where there are fewer.
///
/// `found` are the texts nearest to the question, best first, its right answers left out; `positive` is the cosine of
/// the pair's own right answer.
pub fn choose(found: &[Neighbor], positive: f32, mine: &Mine, left: &mut Left) -> Option<Vec<Neighbor>> {
    let positive = f64::from(positive);
    // Of a cosine below 0, a part less is more: the margin then asks for less, as it should.
    let relative = positive - mine.relative_margin * positive.abs();
    let highest = relative.min(positive - mine.margin).min(mine.max_score);
    let mut chosen = Vec::with_capacity(mine.negatives);
    for &candidate in found.iter().take(mine.depth).skip(mine.skip) {
        let score = f64::from(candidate.score);
        if score > highest {
            left.too_near += 1;
        } else if score < mine.min_score {
            left.too_far += 1;
        } else {
            chosen.push(candidate);
            if chosen.len() == mine.negatives {
                return Some(chosen);
            }
        }
    }
    left.pairs += 1;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Vec<Neighbor> {
        let scores = [0.95, 0.9, 0.8, 0.7, 0.6, -0.5];
        let neighbor = |(row, score): (usize, f32)| Neighbor {
            row: row as u32,
            score,
        };
        scores.into_iter().enumerate().map(neighbor).collect()
    }

    fn rows(positive: f32, mine: &Mine) -> (Option<Vec<u32>>, Left) {
        let mut left = Left::default();
        let chosen = choose(&found(), positive, mine, &mut left);
        let rows = chosen.map(|chosen| chosen.iter().map(|hit| hit.row).collect());
        (rows, left)
    }

    fn plain() -> Mine {
        Mine {
            negatives: 2,
            relative_margin: 0.0,
            ..Mine::default()
        }
    }

    #[test]
    fn the_nearest_that_are_no_nearer_than_the_answer_are_chosen() {
        let (chosen, left) = rows(0.85, &plain());
        assert_eq!(chosen, Some(vec![2, 3]));
        assert_eq!(left.too_near, 2);
        assert_eq!(rows(0.9, &plain()).0, Some(vec![1, 2]), "as near is near enough");
    }

    #[test]
    fn margins_bounds_and_ranks_narrow_the_choice() {
        let of = |change: fn(&mut Mine)| {
            let mut mine = plain();
            change(&mut mine);
            rows(0.9, &mine).0
        };
        assert_eq!(
            of(|mine| mine.relative_margin = 0.2),
            Some(vec![3, 4]),
            "at most 0.72"
        );
        assert_eq!(of(|mine| mine.margin = 0.15), Some(vec![3, 4]), "at most 0.75");
        assert_eq!(of(|mine| mine.max_score = 0.65), Some(vec![4, 5]));
        assert_eq!(of(|mine| mine.skip = 3), Some(vec![3, 4]));
        assert_eq!(
            of(|mine| mine.depth = 2),
            None,
            "one of the first two is too near"
        );
        assert_eq!(of(|mine| mine.min_score = 0.75), Some(vec![1, 2]));
    }

    #[test]
    fn a_pair_with_too_few_is_counted_and_left_out() {
        let mine = Mine {
            negatives: 3,
            min_score: 0.65,
            ..plain()
        };
        let (chosen, left) = rows(0.85, &mine);
        assert_eq!(chosen, None);
        assert_eq!((left.too_near, left.too_far, left.pairs), (2, 2, 1));
    }

    #[test]
    fn a_relative_margin_below_zero_goes_down_too() {
        let mine = Mine {
            negatives: 1,
            relative_margin: 0.5,
            ..plain()
        };
        assert_eq!(rows(-0.3, &mine).0, Some(vec![5]), "at most -0.45");
    }
}
