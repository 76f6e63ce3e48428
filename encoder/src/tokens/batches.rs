//! Padded batches: texts of like length together, cut by a token budget, so that little work is
//! spent on padding.

use super::Tokens;

/// Texts padded to the longest of them; all arrays are row-major, shape `(rows, length)`.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenBatch {
    /// Token ids; `pad_id` behind the end of a text.
    pub ids: Vec<u32>,
    /// Tokens of each text that are not padding, shape `(rows)`.
    pub lengths: Vec<usize>,
    /// Tokens of the longest text.
    pub length: usize,
}

impl TokenBatch {
    /// Pads `texts`, at least one, to the longest of them.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t Tokens>, pad_id: u32) -> Self {
        let rows: Vec<&[u32]> = texts.into_iter().map(|tokens| tokens.ids.as_slice()).collect();
        let length = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let mut ids = vec![pad_id; rows.len() * length];
        if length > 0 {
            for (padded, row) in ids.chunks_exact_mut(length).zip(&rows) {
                padded[..row.len()].copy_from_slice(row);
            }
        }
        Self {
            ids,
            lengths: rows.iter().map(|row| row.len()).collect(),
            length,
        }
    }

    /// Number of texts.
    pub fn rows(&self) -> usize {
        self.lengths.len()
    }

    /// Whether no text is shorter than another, so that no mask is needed.
    pub fn is_dense(&self) -> bool {
        self.lengths.iter().all(|&length| length == self.length)
    }

    /// 1.0 for tokens, 0.0 for padding; shape `(rows, length)`.
    pub fn mask(&self) -> Vec<f32> {
        self.lengths
            .iter()
            .flat_map(|&length| (0..self.length).map(move |i| if i < length { 1.0 } else { 0.0 }))
            .collect()
    }
}

/// Cuts texts into batches: sorted by length (longest first, ties by position), each batch padded to
/// at most `token_budget` tokens, or a single text. Returns the positions of each batch's texts.
pub fn plan(texts: &[Tokens], token_budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(texts[i].ids.len()));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match batches.last_mut() {
            // The first text of a batch is its longest: it sets the padded length.
            Some(batch) if texts[batch[0]].ids.len() * (batch.len() + 1) <= token_budget => batch.push(i),
            _ => batches.push(vec![i]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(length: usize) -> Tokens {
        Tokens {
            ids: vec![7; length],
            truncated: false,
        }
    }

    #[test]
    fn a_plan_holds_each_text_once_within_the_budget() {
        let texts: Vec<Tokens> = (0..200).map(|i| tokens(1 + i * 37 % 90)).collect();
        let batches = plan(&texts, 256);
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..200).collect::<Vec<_>>());
        for batch in &batches {
            let longest = batch.iter().map(|&i| texts[i].ids.len()).max().unwrap();
            assert!(batch.len() == 1 || longest * batch.len() <= 256);
        }
    }

    #[test]
    fn a_text_over_the_budget_gets_a_batch_of_its_own() {
        assert_eq!(
            plan(&[tokens(10), tokens(500), tokens(10)], 20),
            [vec![1], vec![0, 2]]
        );
        assert!(plan(&[], 20).is_empty());
    }

    #[test]
    fn padding_and_mask_agree() {
        let batch = TokenBatch::new(&[tokens(1), tokens(3)], 0);
        assert_eq!(batch.ids, [7, 0, 0, 7, 7, 7]);
        assert_eq!(batch.mask(), [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert!(!batch.is_dense());
    }
}
