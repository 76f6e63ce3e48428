//! A piece of the corpus on the device: uploaded, thinned out, cut into batches of groups.

use std::ops::Range;

use tch::{Device, Kind, TchError, Tensor};
use trainer_words::corpus::SENTENCE_END;
use trainer_words::learn::Settings;

use super::draws::Draws;

/// Centre words that share negatives, and whose windows are one matrix product.
pub(super) const GROUP: i64 = 32;

/// Words and marks uploaded at once: 16 MB, and some 300 MB on the device while they are prepared.
const PIECE: usize = 1 << 22;

/// Centre words of the largest batch: enough to fill a large device, few enough that gradients are not stale.
const LARGEST_BATCH: i64 = 1 << 14;

/// Numbers of the largest tensor of a batch; bounds its memory where windows or vectors are long.
const LARGEST_TENSOR: i64 = 1 << 23;

/// Batches that a run is cut into at least where the corpus is small (fewer by what subsampling skips): vectors
/// need steps to move.
const FEWEST_BATCHES: u64 = 1_000;

/// The sizes that all batches share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Words on each side of a centre word, at most.
    pub(super) window: i64,
    /// Words around and in a group: `GROUP + 2 · window`.
    pub(super) halo: i64,
    /// Negatives drawn for a group.
    pub(super) negatives: i64,
    /// Groups in a batch.
    pub(super) groups: i64,
}

impl Layout {
    /// Sizes that fit the settings and the corpus.
    pub(super) fn new(settings: &Settings, words: u64) -> Self {
        let window = settings.window as i64;
        let halo = GROUP + 2 * window;
        let negatives = GROUP.max(settings.negatives as i64);
        let widest = halo.max(negatives).max(settings.dimension as i64);
        let a_group = halo.max(negatives) * widest;
        let of_the_text = (words.saturating_mul(settings.epochs as u64) / FEWEST_BATCHES) as i64 / GROUP;
        let groups = of_the_text
            .min(LARGEST_BATCH / GROUP)
            .min(LARGEST_TENSOR / a_group)
            .max(1);
        Layout {
            window,
            halo,
            negatives,
            groups,
        }
    }
}

/// The pieces of a corpus, each behind the end of a sentence; a sentence longer than a piece is cut.
pub(super) fn pieces(tokens: &[u32]) -> Vec<Range<usize>> {
    pieces_of(tokens, PIECE)
}

pub(super) fn pieces_of(tokens: &[u32], most: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < tokens.len() {
        let most = (start + most).min(tokens.len());
        let last = tokens[start..most]
            .iter()
            .rposition(|&token| token == SENTENCE_END);
        let end = last.map_or(most, |last| start + last + 1);
        pieces.push(start..end);
        start = end;
    }
    pieces
}

/// The words that are kept, with everything that was drawn for them. All tensors are 64-bit whole numbers.
#[derive(Debug)]
pub(super) struct Piece {
    layout: Layout,
    /// Number of groups.
    groups: i64,
    /// The words, `(window + groups · GROUP + window,)`: before and behind them stands padding.
    words: Tensor,
    /// The number of each word's sentence, of the same shape; −1 where there is no word.
    sentences: Tensor,
    /// How far each centre word's window reaches, `(groups · GROUP,)`; 0 where there is no word.
    reaches: Tensor,
    /// `(groups · negatives,)`.
    negatives: Tensor,
}

/// Some groups; `g` of them.
#[derive(Debug)]
pub(super) struct Batch {
    /// Centre words, `(g, GROUP)`.
    pub(super) centres: Tensor,
    /// The words in and around each group, `(g, halo)`.
    pub(super) around: Tensor,
    /// 1 where a word of `around` is in a centre word's window, else 0: `(g, GROUP, halo)`, 32-bit floats.
    pub(super) pairs: Tensor,
    /// Words drawn, `(g, negatives)`.
    pub(super) negatives: Tensor,
}

impl Piece {
    /// Uploads a piece; `number` counts the pieces of all epochs and names its random numbers.
    pub(super) fn new(
        tokens: &[u32],
        number: u64,
        draws: &Draws,
        layout: Layout,
        settings: &Settings,
        device: Device,
    ) -> Result<Self, TchError> {
        // A mark, the largest 32-bit number, becomes −1.
        let tokens: Vec<i32> = tokens.iter().map(|&token| token as i32).collect();
        let tokens = Tensor::f_from_slice(&tokens)?
            .f_to(device)?
            .f_totype(Kind::Int64)?;
        let sentences = tokens.f_lt(0)?.f_cumsum(0, Kind::Int64)?;
        let is_word = tokens.f_ge(0)?;
        let kept = match draws.kept(&tokens.f_clamp_min(0)?, number)? {
            Some(kept) => kept.f_logical_and(&is_word)?,
            None => is_word,
        };
        let words = tokens.f_masked_select(&kept)?;
        let sentences = sentences.f_masked_select(&kept)?;
        let count = words.numel() as i64;
        let groups = (count + GROUP - 1) / GROUP;
        let behind = groups * GROUP - count;
        let reaches = match settings.dynamic_window {
            true => draws.reaches(layout.window, count, number)?,
            false => Tensor::f_full([count], layout.window, (Kind::Int64, device))?,
        };
        let around = [layout.window, layout.window + behind];
        Ok(Piece {
            layout,
            groups,
            words: words.f_pad(around, "constant", 0.0)?,
            sentences: sentences.f_pad(around, "constant", -1.0)?,
            reaches: reaches.f_pad([0, behind], "constant", 0.0)?,
            negatives: draws.negatives(groups * layout.negatives, number)?,
        })
    }

    /// Number of batches.
    pub(super) fn batches(&self) -> i64 {
        (self.groups + self.layout.groups - 1) / self.layout.groups
    }

    /// A batch; `distances` is [`distances`].
    pub(super) fn batch(&self, number: i64, distances: &Tensor) -> Result<Batch, TchError> {
        let Layout {
            window,
            halo,
            negatives,
            groups,
        } = self.layout;
        let first = number * groups;
        let groups = groups.min(self.groups - first);
        let start = first * GROUP;
        let centres = |of: &Tensor| {
            of.f_narrow(0, start + window, groups * GROUP)?
                .f_view([groups, GROUP])
        };
        // Halos overlap: a view in which each begins GROUP words behind the one before.
        let around = |of: &Tensor| {
            of.f_narrow(0, start, groups * GROUP + 2 * window)?
                .f_unfold(0, halo, GROUP)
        };
        let reaches = self
            .reaches
            .f_narrow(0, start, groups * GROUP)?
            .f_view([groups, GROUP, 1])?;
        let same_sentence = centres(&self.sentences)?
            .f_unsqueeze(2)?
            .f_eq_tensor(&around(&self.sentences)?.f_unsqueeze(1)?)?;
        let pairs = distances
            .f_le_tensor(&reaches)?
            .f_logical_and(&distances.f_ge(1)?)?
            .f_logical_and(&same_sentence)?
            .f_totype(Kind::Float)?;
        Ok(Batch {
            centres: centres(&self.words)?,
            around: around(&self.words)?,
            pairs,
            negatives: self
                .negatives
                .f_narrow(0, first * negatives, groups * negatives)?
                .f_view([groups, negatives])?,
        })
    }
}

/// How many words each word of a halo is away from each centre word of its group, `(1, GROUP, halo)`.
pub(super) fn distances(layout: Layout, device: Device) -> Result<Tensor, TchError> {
    let centres = Tensor::f_arange(GROUP, (Kind::Int64, device))?.f_add_scalar(layout.window)?;
    let around = Tensor::f_arange(layout.halo, (Kind::Int64, device))?;
    centres
        .f_view([1, GROUP, 1])?
        .f_sub(&around.f_view([1, 1, layout.halo])?)?
        .f_abs()
}
