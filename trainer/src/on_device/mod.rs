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
//! Quality was measured on libtorch's CPU alone, and the rows of `trainer_words::learn` before it learned a text's
//! pieces in an order spread over all of it: 4.3 M words of medical text, d = 100, `sample` 1e-4, means over
//! seeds 1 to 3 (2 seeds: 1 and 2). Batches in centre words; Spearman on UMNSRS-sim, WS-353 and MEN; the longest
//! vector of all seeds, where a number could have grown up to the bound of ±1000:
//!
//! | epochs | batches | | UMNSRS | WS-353 | MEN | longest |
//! |---|---|---|---|---|---|---|
//! | 1 | | `trainer_words::learn` | 0.116 | 0.183 | 0.182 | 6.4 |
//! | 1 | 4,096 | chosen: along the gradient, 0.25 · abs(e) | 0.113 | 0.207 | 0.180 | 6.0 |
//! | 1 | 16,384 | chosen | 0.101 | 0.195 | 0.175 | 5.3 |
//! | 1 | 4,096 | trace, 0.1 · abs(e) | 0.085 | 0.195 | 0.181 | 5.8 |
//! | 1 | 16,384 | trace, 0.1 · abs(e) | 0.060 | 0.183 | 0.176 | 5.4 |
//! | 3 | | `trainer_words::learn` | 0.400 | 0.313 | 0.361 | 6.3 |
//! | 3 | 16,384 | chosen | 0.410 | 0.297 | 0.365 | 5.1 |
//! | 3 | 16,384 | along the gradient, 0.5 · abs(e), 2 seeds | 0.380 | 0.291 | 0.366 | 5.2 |
//! | 3 | 16,384 | trace, 0.1 · abs(e), 2 seeds | 0.380 | 0.287 | 0.370 | 5.2 |
//!
//! With σ · (1 − σ) in place of abs(e), and the trace, batches of 16,384 diverge (seed 1, 1 epoch). The standard
//! deviation between seeds is up to 0.02. The damping was chosen on these same pairs; equal quality is not shown,
//! and other text, dimensions and learning rates are not measured.
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
pub use unsupported::refuse;
