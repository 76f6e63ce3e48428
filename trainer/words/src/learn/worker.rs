//! Learning from one sentence after another: what each thread does.

use super::draws::Subsampling;
use super::inputs::Inputs;
use super::kernel::{Kernel, MOST_OUTPUTS, Scratch, Step};
use super::matrix::LINE;
use super::model::{Model, Targets};
use super::random::Random;
use super::rows::Rows;
use super::settings::{Architecture, Settings};
use crate::corpus::Vocabulary;

/// The loss of one window of this many is measured.
const MEASURED: u32 = 64;

/// What all threads share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) settings: &'a Settings,
    pub(super) model: &'a Model,
    pub(super) targets: Targets,
    pub(super) subsampling: Subsampling,
    pub(super) kernel: Kernel,
}

impl<'a> Shared<'a> {
    pub(super) fn new(vocabulary: &Vocabulary, settings: &'a Settings, model: &'a Model) -> Self {
        Shared {
            settings,
            model,
            targets: Targets::new(vocabulary, settings),
            subsampling: Subsampling::new(vocabulary.counts(), settings.sample),
            kernel: Kernel::detect(),
        }
    }
}

/// One thread's buffers, and where it finds the rows.
#[derive(Debug)]
pub(super) struct Worker<'a, R> {
    shared: &'a Shared<'a>,
    rows: R,
    /// Number of the part of the vocabulary that negatives are drawn from.
    part: usize,
    scratch: Scratch,
    kept: Vec<u32>,
    /// The window being learned and the next ones, whose rows are on their way from memory.
    windows: [Window; AHEAD + 1],
    inputs: Inputs<'a>,
    outputs: Vec<*mut f32>,
    hidden: Hidden,
    loss: Loss,
    counted: u32,
}

/// Windows planned ahead, so that their rows come from memory while others are learned.
const AHEAD: usize = 4;

/// A centre word's surroundings and targets.
#[derive(Debug, Default)]
struct Window {
    first: usize,
    last: usize,
    rows: Vec<u32>,
    labels: Vec<bool>,
}

/// The mean of a window's input vectors (CBOW), now and before the step.
#[derive(Debug)]
struct Hidden(Vec<[f32; LINE]>);

/// Measured loss since the last time it was taken.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loss {
    /// Sum of the losses of the predictions measured.
    pub(super) sum: f64,
    /// Predictions measured: pairs in skip-gram, windows in CBOW.
    pub(super) predictions: u64,
}

impl<'a, R: Rows> Worker<'a, R> {
    pub(super) fn new(shared: &'a Shared<'a>, rows: R) -> Self {
        let (settings, stride) = (shared.settings, shared.model.input.stride());
        Worker {
            shared,
            rows,
            part: 0,
            scratch: Scratch::for_inputs(2 * settings.window),
            kept: Vec::new(),
            windows: Default::default(),
            inputs: Inputs::new(shared.model, shared.kernel, settings.window),
            outputs: Vec::with_capacity(MOST_OUTPUTS),
            hidden: Hidden(vec![[0.0; LINE]; 2 * stride / LINE]),
            loss: Loss::default(),
            counted: 0,
        }
    }

    /// Where the rows are.
    pub(super) fn rows_mut(&mut self) -> &mut R {
        &mut self.rows
    }

    /// Draws negatives from that part of the vocabulary from now on.
    pub(super) fn draw_from(&mut self, part: usize) {
        self.part = part;
    }

    /// The loss measured since the last call.
    pub(super) fn take_loss(&mut self) -> Loss {
        std::mem::take(&mut self.loss)
    }

    /// Learns each word of a sentence from the words around it.
    pub(super) fn sentence(&mut self, words: &[u32], rate: f32, random: &mut Random) {
        self.kept.clear();
        self.shared.subsampling.keep(words, random, &mut self.kept);
        if self.kept.len() < 2 {
            return;
        }
        for centre in 0..AHEAD.min(self.kept.len()) {
            self.plan(centre, random);
        }
        for centre in 0..self.kept.len() {
            if centre + AHEAD < self.kept.len() {
                self.plan(centre + AHEAD, random);
            }
            self.learn(centre, rate);
        }
        self.inputs.leave_all(&mut self.rows, &self.kept);
    }

    /// Chooses a window's extent and targets, and fetches the rows that it will need.
    #[inline]
    fn plan(&mut self, centre: usize, random: &mut Random) {
        let settings = self.shared.settings;
        let reach = match settings.dynamic_window {
            true => 1 + random.below(settings.window as u32) as usize,
            false => settings.window,
        };
        let window = &mut self.windows[centre % (AHEAD + 1)];
        window.first = centre.saturating_sub(reach);
        window.last = (centre + reach).min(self.kept.len() - 1);
        self.shared.targets.choose(
            (self.kept[centre], self.part),
            random,
            &mut window.rows,
            &mut window.labels,
        );
        for &row in &window.rows {
            self.rows.fetch_output(row);
        }
        self.inputs.fetch_ahead(&self.rows, &self.kept, centre);
    }

    /// One step for each group of targets of a window.
    #[inline]
    fn learn(&mut self, centre: usize, rate: f32) {
        let shared = self.shared;
        let window = &self.windows[centre % (AHEAD + 1)];
        let inputs = self
            .inputs
            .of_window(&mut self.rows, &self.kept, centre, window.first..=window.last);
        if inputs.is_empty() {
            return;
        }
        let stride = shared.model.input.stride();
        let (now, before) = self.hidden.pointers();
        let single = [now];
        let predicting = match shared.settings.architecture {
            Architecture::SkipGram => inputs,
            Architecture::Cbow => {
                #[expect(
                    unsafe_code,
                    reason = "rows of the model and a buffer of two rows, all `stride` long"
                )]
                unsafe {
                    (shared.kernel.mean)(inputs, now, stride);
                    now.copy_to_nonoverlapping(before, stride);
                }
                &single[..]
            }
        };
        self.counted += 1;
        let measured = self.counted.is_multiple_of(MEASURED);
        for (rows, labels) in window
            .rows
            .chunks(MOST_OUTPUTS)
            .zip(window.labels.chunks(MOST_OUTPUTS))
        {
            self.outputs.clear();
            self.outputs.extend(rows.iter().map(|&row| self.rows.output(row)));
            let labels = labels
                .iter()
                .rev()
                .fold(0, |bits, &label| bits << 1 | u32::from(label));
            let step = Step {
                inputs: predicting,
                outputs: &self.outputs,
                labels,
                rate,
                stride,
            };
            #[expect(
                unsafe_code,
                reason = "`row` checks each row; the scratch holds 2 · window inputs; the kernel was detected"
            )]
            unsafe {
                (shared.kernel.step)(&step, &mut self.scratch);
            }
            if measured {
                self.loss.sum += self.scratch.loss(predicting.len(), rows.len(), labels);
            }
        }
        self.loss.predictions += if measured { predicting.len() as u64 } else { 0 };
        if shared.settings.architecture == Architecture::Cbow {
            #[expect(unsafe_code, reason = "as above")]
            unsafe {
                (shared.kernel.add_change)(inputs, now, before, stride);
            }
        }
    }
}

impl Hidden {
    fn pointers(&mut self) -> (*mut f32, *mut f32) {
        let half = self.0.len() / 2;
        let (now, before) = self.0.split_at_mut(half);
        (now.as_mut_ptr().cast(), before.as_mut_ptr().cast())
    }
}
