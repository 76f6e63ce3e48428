//! What the steps cost: padding, memory, time.

use std::time::Instant;

use encoder::Precision;
use encoder::tokens::{TokenBatch, Tokens};
use tch::{Device, Kind};

use super::Inspected;
use crate::base_model;
use crate::contrastive::dataset::Prepared;
use crate::contrastive::embed::groups;
use crate::contrastive::mixing::Dealt;
use crate::contrastive::torch;
use crate::error::Result;

/// Tokens that are computed to estimate the time.
const PROBE_TOKENS: usize = 2048;

/// The way back through a layer computes about as much as this many passes forward: one for the gradients of the
/// matrices, which LoRA does without, and one for those of the layer below.
const BACKWARD: f64 = 2.0;
const BACKWARD_WITH_LORA: f64 = 1.0;

/// Bytes kept for the way back for each token, layer and number of a hidden state: 34 at 16 bits without the
/// attention's matrix (Korthikanti et al. 2022, "Reducing Activation Recomputation", section 4.1), twice that at 32 bits.
/// In bfloat16 what passes from layer to layer stays at 32, and has copies at 16 besides; the number is measured.
const ACTIVATION_BYTES: u64 = 68;
const ACTIVATION_BYTES_BF16: u64 = 60;

/// Bytes kept for each attention weight: it, whether dropout keeps it, and what is left of it. Without dropout, and on a GPU,
/// no weight is kept.
const ATTENTION_BYTES: u64 = 9;
const ATTENTION_BYTES_BF16: u64 = 5;

/// What is held for a byte of these: passing results of the way back, and what the allocator keeps between them. And what
/// the program holds with libtorch before any of it. By these a training of all-MiniLM-L6-v2 on two cores was expected to take
/// 3.6 GB on MedQuAD in float32 and 3.0 in bf16, and 2.2 on the sample data; at its peak it took 3.8, 3.1 and 2.1.
const HELD: f64 = 1.35;
const PROGRAM_BYTES: u64 = 350_000_000;

/// The tokens of an epoch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Load {
    /// Tokens of all batches.
    tokens: usize,
    /// The same, filled up to the longest of each group.
    padded: usize,
    /// The most that is computed at a time, filled up.
    largest: usize,
    /// The most attention weights of a head that are computed at a time: for each text the square of its length.
    weights: usize,
}

impl Load {
    /// Part of the computed tokens that is padding.
    pub fn padding(&self) -> f64 {
        1.0 - self.tokens as f64 / self.padded.max(1) as f64
    }
}

/// Counts the tokens of `batches` as the training groups them. Negatives that are still to be mined are other pairs'
/// answers or like them, so each counts as the pair's own.
pub fn load(inspected: &Inspected, batches: &[Dealt]) -> Load {
    let mut load = Load::default();
    for (number, batch) in batches {
        let prepared = &inspected.datasets[*number];
        let most = prepared.dataset.loss.mini_batch_tokens.unwrap_or(usize::MAX);
        let mut texts = prepared.tokens.columns(&prepared.dataset.pairs, batch);
        let positives = batch.len()..2 * batch.len();
        for _ in 0..inspected.to_mine(*number) {
            texts.extend_from_within(positives.clone());
        }
        let length = |&i: &usize| texts[i].ids.len();
        // Texts and their length with padding, of each group.
        let shapes = groups(&texts, most)
            .iter()
            .map(|group| (group.len(), group.iter().map(length).max().unwrap_or(0)))
            .collect::<Vec<_>>();
        let padded: usize = shapes.iter().map(|(texts, length)| texts * length).sum();
        let weights = shapes.iter().map(|(texts, length)| texts * length * length);
        // Mini-batches are computed one after the other.
        let weights = match prepared.dataset.loss.mini_batch_tokens {
            Some(_) => weights.max().unwrap_or(0),
            None => weights.sum(),
        };
        load.tokens += texts.iter().map(|tokens| tokens.ids.len()).sum::<usize>();
        load.padded += padded;
        load.largest = load.largest.max(padded.min(most));
        load.weights = load.weights.max(weights);
    }
    load
}

/// Bytes for the program, weights, activations, the vectors of guides and teachers, and, of what is trained, gradients, AdamW's two
/// moments, and the best weights where they are measured, of the round and of the rounds before.
pub fn memory(inspected: &Inspected, load: &Load) -> u64 {
    let (trained, parameters) = base_model::parameters(inspected.encoder);
    let copies = match (inspected.evaluator, inspected.config.rounds()) {
        (None, _) => 3,
        (Some(_), 1) => 4,
        (Some(_), _) => 5,
    };
    let bert = inspected.encoder.folder().bert();
    let trained_layers = layers(inspected).0;
    let hidden = (bert.hidden_size * trained_layers) as u64;
    let heads = (bert.num_attention_heads * trained_layers) as u64;
    let (activation, attention) = match inspected.config.train.precision {
        Precision::Float32 => (ACTIVATION_BYTES, ATTENTION_BYTES),
        Precision::Bf16 => (ACTIVATION_BYTES_BF16, ATTENTION_BYTES_BF16),
    };
    let dropout = inspected.config.train.dropout;
    let keeps_weights = dropout.unwrap_or(bert.attention_probs_dropout_prob) > 0.0
        && inspected.encoder.var_store().device() == Device::Cpu;
    let attention = if keeps_weights { attention } else { 0 };
    let asked = inspected.datasets.iter().map(Prepared::numbers_of_other_model);
    let kept = activation * hidden * load.largest as u64 + attention * heads * load.weights as u64;
    PROGRAM_BYTES
        + 4 * (parameters + copies * trained + asked.sum::<usize>()) as u64
        + (HELD * kept as f64) as u64
}

/// The layers that gradients go back through, and all of them.
fn layers(inspected: &Inspected) -> (usize, usize) {
    let all = inspected.encoder.folder().bert().num_hidden_layers;
    (all - inspected.config.train.freeze_layers.min(all), all)
}

/// Seconds for all steps, from a pass of some of the first batch's texts.
///
/// # Errors
/// What libtorch refuses.
pub fn time(inspected: &Inspected) -> Result<f64> {
    let batches = inspected.first_epoch().0;
    let Some((number, first)) = batches.first() else {
        return Ok(0.0);
    };
    let prepared = &inspected.datasets[*number];
    let texts = prepared.tokens.columns(&prepared.dataset.pairs, first);
    let mut probe: Vec<&Tokens> = Vec::new();
    let mut tokens = 0;
    // From all over the batch, so that questions and answers are there in their shares.
    let steps = (texts.len() / 7 + 1) | 1;
    for turn in 0..texts.len() {
        let text = &texts[turn * coprime(steps, texts.len()) % texts.len()];
        if tokens > 0 && tokens + text.ids.len() > PROBE_TOKENS {
            break;
        }
        tokens += text.ids.len();
        probe.push(text);
    }
    // The first pass also allocates.
    forward(inspected, &probe)?;
    let began = Instant::now();
    forward(inspected, &probe)?;
    let each_token = began.elapsed().as_secs_f64() / tokens.max(1) as f64;
    let epoch = load(inspected, &batches);
    let each_step = epoch.tokens as f64 / batches.len() as f64;
    let forward = if prepared.dataset.loss.mini_batch_tokens.is_some() {
        2.0
    } else {
        1.0
    };
    let (trained, all) = layers(inspected);
    let each_layer = match inspected.config.lora {
        Some(_) => BACKWARD_WITH_LORA,
        None => BACKWARD,
    };
    let backward = each_layer * trained as f64 / all.max(1) as f64;
    let steps = inspected.config.rounds() * inspected.steps;
    Ok(each_token * each_step * (forward + backward) * steps as f64)
}

/// The first number from `step` on that has no divisor in common with `count`.
fn coprime(step: usize, count: usize) -> usize {
    let divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (step..).find(|&step| divisor(step, count) == 1).unwrap_or(1)
}

fn forward(inspected: &Inspected, texts: &[&Tokens]) -> Result<()> {
    let encoder = inspected.encoder;
    let pad = encoder.tokenizer().pad_id();
    tch::no_grad(|| {
        for group in groups(texts, usize::MAX) {
            let batch = TokenBatch::new(group.iter().map(|&i| texts[i]), pad);
            let vectors = encoder.embed(&batch, false)?;
            // Reading a number waits for the device.
            let sum = vectors.f_sum(Kind::Float).map_err(torch)?;
            sum.f_double_value(&[]).map_err(torch)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coprime_step_meets_every_text_once() {
        for count in [1, 2, 9, 64, 90] {
            let step = coprime((count / 7 + 1) | 1, count);
            let mut met: Vec<usize> = (0..count).map(|turn| turn * step % count).collect();
            met.sort_unstable();
            assert_eq!(met, (0..count).collect::<Vec<_>>());
        }
    }
}
