//! The input vectors of the words around a centre: the words' own rows, or with subwords their means.
//!
//! With subwords a word's vector is the mean of some twenty rows. It is put together once when the word
//! comes into reach of the centre, kept and changed in a small ring while the window passes over it, and its
//! whole change is added to the rows when it leaves: once a word, where fastText gathers and scatters the
//! rows for each pair (the same reuse that FULL-W2V, arXiv 2312.07743, section 3, makes of plain rows).

use std::ops::RangeInclusive;

use super::kernel::Kernel;
use super::matrix::LINE;
use super::model::Model;
use super::rows::Rows;

/// Gives pointers to the input vectors of a window.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    model: &'a Model,
    kernel: Kernel,
    window: usize,
    pointers: Vec<*mut f32>,
    ring: Vec<[f32; LINE]>,
    /// Positions of the sentence that are in the ring: `left..entered`.
    left: usize,
    entered: usize,
    rows: Vec<*mut f32>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(model: &'a Model, kernel: Kernel, window: usize) -> Self {
        let lines = match model.subwords {
            // Two rows a position: now, and as it was when it entered.
            Some(_) => 2 * slots(window) * model.input.stride() / LINE,
            None => 0,
        };
        Inputs {
            model,
            kernel,
            window,
            pointers: Vec::with_capacity(2 * window),
            ring: vec![[0.0; LINE]; lines],
            left: 0,
            entered: 0,
            rows: Vec::new(),
        }
    }

    /// The vectors of the words at `positions`, the centre's left out.
    #[inline]
    pub(super) fn of_window(
        &mut self,
        rows: &mut impl Rows,
        words: &[u32],
        centre: usize,
        positions: RangeInclusive<usize>,
    ) -> &[*mut f32] {
        self.pointers.clear();
        if self.model.subwords.is_none() {
            let others = positions.filter(|&position| position != centre);
            self.pointers
                .extend(others.map(|position| rows.input(words[position])));
            return &self.pointers;
        }
        while self.left + self.window < centre {
            self.leave(rows, words[self.left]);
        }
        while self.entered < words.len().min(centre + self.window + 1) {
            self.enter(rows, words[self.entered]);
        }
        for position in positions.filter(|&position| position != centre) {
            let (now, _) = self.slot(position);
            self.pointers.push(now);
        }
        &self.pointers
    }

    /// Fetches the rows of the word that comes into reach of the centre behind `centre`.
    #[inline]
    pub(super) fn fetch_ahead(&self, rows: &impl Rows, words: &[u32], centre: usize) {
        let Some(&word) = words.get(centre + self.window + 1) else {
            return;
        };
        match &self.model.subwords {
            None => rows.fetch_input(word),
            Some(subwords) => subwords.of(word).iter().for_each(|&row| rows.fetch_input(row)),
        }
    }

    /// Ends a sentence.
    pub(super) fn leave_all(&mut self, rows: &mut impl Rows, words: &[u32]) {
        while self.left < self.entered {
            self.leave(rows, words[self.left]);
        }
        (self.left, self.entered) = (0, 0);
    }

    fn enter(&mut self, rows: &mut impl Rows, word: u32) {
        self.point_at_rows(rows, word);
        let stride = self.model.input.stride();
        let (now, before) = self.slot(self.entered);
        #[expect(
            unsafe_code,
            reason = "rows of the model, and two rows of the ring, all `stride` long"
        )]
        unsafe {
            (self.kernel.mean)(&self.rows, now, stride);
            now.copy_to_nonoverlapping(before, stride);
        }
        self.entered += 1;
    }

    fn leave(&mut self, rows: &mut impl Rows, word: u32) {
        self.point_at_rows(rows, word);
        let (now, before) = self.slot(self.left);
        #[expect(unsafe_code, reason = "as in `enter`")]
        unsafe {
            (self.kernel.add_change)(&self.rows, now, before, self.model.input.stride());
        }
        self.left += 1;
    }

    fn point_at_rows(&mut self, rows: &mut impl Rows, word: u32) {
        self.rows.clear();
        if let Some(subwords) = &self.model.subwords {
            self.rows
                .extend(subwords.of(word).iter().map(|&row| rows.input(row)));
        }
    }

    #[inline]
    fn slot(&mut self, position: usize) -> (*mut f32, *mut f32) {
        let lines = self.model.input.stride() / LINE;
        let first = position % slots(self.window) * 2 * lines;
        let (now, before) = self.ring[first..first + 2 * lines].split_at_mut(lines);
        (now.as_mut_ptr().cast(), before.as_mut_ptr().cast())
    }
}

/// Positions that can be within reach of a centre: both sides and itself.
fn slots(window: usize) -> usize {
    2 * window + 1
}
