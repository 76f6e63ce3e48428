//! Which words are drawn as negatives, and which are skipped because they are too frequent: tables on the
//! device, looked up for a whole piece of text at once.

use tch::{Device, TchError, Tensor};
use trainer_words::learn::Settings;

use super::random::{self, Use};

/// 2³²: a probability of 1.
const CERTAIN: f64 = 4_294_967_296.0;

/// The tables; one entry for each word, 64-bit whole numbers.
#[derive(Debug)]
pub(super) struct Draws {
    seed: u64,
    device: Device,
    words: i64,
    /// A word is kept with this probability, of 2³²; `None` where all are.
    keep: Option<Tensor>,
    /// A cell of the alias table is its own word with this probability, of 2³², ...
    threshold: Tensor,
    /// ... else this word.
    other: Tensor,
}

impl Draws {
    pub(super) fn new(counts: &[u64], settings: &Settings, device: Device) -> Result<Self, TchError> {
        let (threshold, other) = alias_table(counts, settings.ns_exponent);
        let keep = match settings.sample == 0.0 {
            true => None,
            false => Some(Tensor::f_from_slice(&kept_shares(counts, settings.sample))?.f_to(device)?),
        };
        Ok(Draws {
            seed: settings.seed,
            device,
            words: counts.len() as i64,
            keep,
            threshold: Tensor::f_from_slice(&threshold)?.f_to(device)?,
            other: Tensor::f_from_slice(&other)?.f_to(device)?,
        })
    }

    /// Which of a piece's words are kept: truth values of the shape of `words`.
    pub(super) fn kept(&self, words: &Tensor, piece: u64) -> Result<Option<Tensor>, TchError> {
        let Some(keep) = &self.keep else {
            return Ok(None);
        };
        let count = words.numel() as i64;
        let bits = random::bits(self.seed, Use::Subsampling, piece, count, self.device)?;
        Ok(Some(bits.f_less_tensor(&keep.f_index_select(0, words)?)?))
    }

    /// How many words away each window reaches: 1..=`window`, evenly.
    pub(super) fn reaches(&self, window: i64, count: i64, piece: u64) -> Result<Tensor, TchError> {
        let bits = random::bits(self.seed, Use::Reach, piece, count, self.device)?;
        random::below(&bits, window)?.f_add_scalar(1)
    }

    /// Words in proportion to their count to the power `ns_exponent` (Walker 1977, in Vose's form of 1991).
    pub(super) fn negatives(&self, count: i64, piece: u64) -> Result<Tensor, TchError> {
        let cells = random::bits(self.seed, Use::Cell, piece, count, self.device)?;
        let cells = random::below(&cells, self.words)?;
        let own = random::bits(self.seed, Use::Side, piece, count, self.device)?
            .f_less_tensor(&self.threshold.f_index_select(0, &cells)?)?;
        cells.f_where_self(&own, &self.other.f_index_select(0, &cells)?)
    }
}

/// A word of share f of the text is kept with probability √(t/f) + t/f, t = `sample` (word2vec.c's form of
/// Mikolov et al. 2013, arXiv 1310.4546, section 2.3).
fn kept_shares(counts: &[u64], sample: f64) -> Vec<i64> {
    let total = counts.iter().sum::<u64>() as f64;
    let kept = |&count: &u64| {
        let ratio = sample * total / count.max(1) as f64;
        ((ratio.sqrt() + ratio).min(1.0) * CERTAIN) as i64
    };
    counts.iter().map(kept).collect()
}

fn alias_table(counts: &[u64], exponent: f64) -> (Vec<i64>, Vec<i64>) {
    let weights: Vec<f64> = counts
        .iter()
        .map(|&count| (count.max(1) as f64).powf(exponent))
        .collect();
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    let mut shares: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
    let mut threshold = vec![CERTAIN as i64; counts.len()];
    let mut other: Vec<i64> = (0..counts.len() as i64).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..shares.len()).partition(|&word| shares[word] < 1.0);
    while let (Some(&donor), Some(word)) = (large.last(), small.pop()) {
        threshold[word] = (shares[word] * CERTAIN) as i64;
        other[word] = donor as i64;
        shares[donor] -= 1.0 - shares[word];
        if shares[donor] < 1.0 {
            large.pop();
            small.push(donor);
        }
    }
    (threshold, other)
}
