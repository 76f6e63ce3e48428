//! Skip-gram with negative sampling on a GPU, through libtorch; the same code runs on libtorch's CPU.
//!
//! The corpus goes to the device in pieces of 4 M words (`piece`). There it is thinned out, windows and
//! negatives are drawn for all of the piece (`draws`, `random`), and then learned batch by batch
//! (`step`): nothing is copied between the host and the device within a piece, but the loss, five times a second.
//!
//! # How a batch is laid out
//! Consecutive centre words are taken in groups of G = 32. A group's windows lie within its H = G + 2 · window
//! words "around" it, and a group shares N = max(32, `negatives`) words drawn as negatives, so everything is
//! a batched matrix product, as in Ji et al. 2016 (arXiv 1604.04661), with wider groups. With g groups and vectors
//! of d numbers:
//!
//! | tensor | shape | |
//! |---|---|---|
//! | centre words' output vectors | (g, G, d) | |
//! | input vectors around them | (g, H, d) | read once for all windows of the group |
//! | negatives' output vectors | (g, N, d) | |
//! | pairs | (g, G, H) | 1 where a word is in the window: near enough, in the same sentence, not the centre |
//! | scores of pairs | (g, G, H) | centres · aroundᵀ; products outside the windows are thrown away |
//! | weights of negatives | (g, H, N) | the pairs of a word whose centre is not the negative, · `negatives` / N |
//! | scores of negatives | (g, H, N) | around · negativesᵀ |
//!
//! A pair meets N negatives, each with weight `negatives` / N: in expectation the objective is that of the CPU, but that
//! the CPU counts a negative that is drawn twice for a pair only once. Gradients are written out (`step`): four more
//! products, then four more for the curvature of the loss, by which a word that stands in a batch many times
//! moves less far (`moves`); see `Tables::learn`.
//!
//! # Memory
//! Three tables of words · d floats, one of them scratch; while a piece is prepared, about ten 64-bit numbers for each of its words
//! (some 400 MB); for each centre word of a batch about 4 · (5 · d · (H + G + N) / G + 6 · H + 7 · H · N / G)
//! bytes, counted, not measured: 9 kB at d = 100 and window 5, so 150 MB for the largest batch of 16,384. Longer windows or vectors make
//! batches smaller, not memory larger, down to one group. Small corpora have smaller batches, a thousandth of
//! all words to be learned, since vectors need steps to move.
//!
//! # What is the same again, and what is not
//! Random numbers are hashes of positions, the same on every device. On the CPU the same seed gives the same bits
//! at the same number of libtorch's threads. On CUDA `index_add_` adds in no fixed order, so two runs differ in
//! the last bits, and from there on; `deterministic = true` is refused.
//!
//! # Not proven
//! No part of this has run on CUDA: neither speed, nor memory, nor quality there is known.
//!
//! Quality was measured on libtorch's CPU alone, once, with one seed: 4.3 M words of medical text, one epoch, d = 100,
//! `sample` 1e-4, batches of about 4,300 centre words. Spearman on UMNSRS-sim, WS-353 and MEN, and the longest vector:
//!
//! | | UMNSRS | WS-353 | MEN | longest |
//! |---|---|---|---|---|
//! | `trainer_words::learn` | 0.106 | 0.201 | 0.177 | 6.4 |
//! | damping 1 | 0.039 | 0.170 | 0.156 | 5.8 |
//! | damping 0.3 | 0.091 | 0.158 | 0.178 | 5.8 |
//! | damping 0.1 (chosen) | 0.119 | 0.176 | 0.180 | 19.7 |
//! | damping 0.03 | 0.080 | 0.143 | 0.130 | 567 |
//! | no damping | 0.084 | 0.026 | 0.116 | 633 |
//! | damping 0.1, batches of 16,384 (a quarter of the steps) | -0.036 | 0.153 | 0.139 | 1,248 |
//!
//! The damping was chosen on these same pairs, and one seed does not tell neighbours in the table apart: equal
//! quality is not shown. The last line is not good: some vectors grow without bound. Batches of that size come
//! up from 16 M words of text (epochs counted) on, with more steps than there, and are unproven.
//!
//! # Not learned here
//! CBOW, hierarchical softmax and subwords are refused, and there are no checkpoints: an interrupted run begins
//! again.

mod draws;
mod moves;
mod piece;
mod random;
mod run;
mod step;
#[cfg(test)]
mod tests;
mod unsupported;

pub use run::learn;
