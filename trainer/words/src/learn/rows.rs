//! Where a worker finds the rows that it changes: the model itself, or copies of its own.

use rustc_hash::FxHashMap;

use super::kernel::Kernel;
use super::matrix::{LINE, Matrix};
use super::model::Model;

/// Pointers to the rows of a model, each valid for a row's length until the model is dropped or the copies
/// are merged.
pub(super) trait Rows {
    /// An input row.
    fn input(&mut self, row: u32) -> *mut f32;
    /// An output row.
    fn output(&mut self, row: u32) -> *mut f32;
    /// Asks the processor to fetch an input row.
    fn fetch_input(&self, row: u32);
    /// Asks the processor to fetch an output row.
    fn fetch_output(&self, row: u32);
}

impl Rows for &Model {
    #[inline]
    fn input(&mut self, row: u32) -> *mut f32 {
        self.input.row(row)
    }
    #[inline]
    fn output(&mut self, row: u32) -> *mut f32 {
        self.output.row(row)
    }
    #[inline]
    fn fetch_input(&self, row: u32) {
        prefetch(self.input.row(row), self.input.stride());
    }
    #[inline]
    fn fetch_output(&self, row: u32) {
        prefetch(self.output.row(row), self.output.stride());
    }
}

/// Copies of the rows that a group of sentences touches, made at the first touch.
#[derive(Debug)]
pub(super) struct Copies<'a> {
    model: &'a Model,
    input: Copied,
    output: Copied,
}

/// Copies of rows of one matrix, in slabs that stay where they are.
#[derive(Debug, Default)]
struct Copied {
    /// Place of each row copied.
    places: FxHashMap<u32, usize>,
    /// Rows copied, in order of their places.
    rows: Vec<u32>,
    slabs: Vec<Box<[[f32; LINE]]>>,
}

/// Rows in a slab.
const SLAB: usize = 256;

impl<'a> Copies<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Copies {
            model,
            input: Copied::default(),
            output: Copied::default(),
        }
    }

    /// Turns each copy into its difference from the model, which nobody may change meanwhile.
    pub(super) fn subtract_model(&mut self, kernel: Kernel) {
        self.input.subtract(&self.model.input, kernel);
        self.output.subtract(&self.model.output, kernel);
    }

    /// Adds the differences to the rows r of the model with r mod `parts` = `part`; the other parts may be
    /// added by other threads at the same time.
    pub(super) fn add_to_model(&self, kernel: Kernel, part: usize, parts: usize) {
        self.input.add(&self.model.input, kernel, part, parts);
        self.output.add(&self.model.output, kernel, part, parts);
    }

    /// Forgets all copies and keeps their memory.
    pub(super) fn clear(&mut self) {
        for copied in [&mut self.input, &mut self.output] {
            copied.places.clear();
            copied.rows.clear();
        }
    }
}

impl Rows for Copies<'_> {
    fn input(&mut self, row: u32) -> *mut f32 {
        self.input.copy(&self.model.input, row)
    }
    fn output(&mut self, row: u32) -> *mut f32 {
        self.output.copy(&self.model.output, row)
    }
    fn fetch_input(&self, row: u32) {
        prefetch(self.model.input.row(row), self.model.input.stride());
    }
    fn fetch_output(&self, row: u32) {
        prefetch(self.model.output.row(row), self.model.output.stride());
    }
}

impl Copied {
    fn copy(&mut self, matrix: &Matrix, row: u32) -> *mut f32 {
        let next = self.rows.len();
        let place = *self.places.entry(row).or_insert(next);
        let stride = matrix.stride();
        if place == next {
            self.rows.push(row);
            if next / SLAB == self.slabs.len() {
                self.slabs
                    .push(vec![[0.0; LINE]; SLAB * stride / LINE].into_boxed_slice());
            }
            let copy = slot(&mut self.slabs, place, stride);
            #[expect(
                unsafe_code,
                reason = "a row of the model and a slot of a slab, both `stride` long"
            )]
            unsafe {
                matrix.row(row).copy_to_nonoverlapping(copy, stride);
            }
        }
        slot(&mut self.slabs, place, stride)
    }

    fn subtract(&mut self, matrix: &Matrix, kernel: Kernel) {
        let zeros = vec![0.0_f32; matrix.stride()];
        for (place, &row) in self.rows.iter().enumerate() {
            let copy = slot(&mut self.slabs, place, matrix.stride());
            #[expect(unsafe_code, reason = "as in `copy`")]
            unsafe {
                (kernel.add_change)(&[copy], zeros.as_ptr(), matrix.row(row), matrix.stride());
            }
        }
    }

    fn add(&self, matrix: &Matrix, kernel: Kernel, part: usize, parts: usize) {
        let stride = matrix.stride();
        let zeros = vec![0.0_f32; stride];
        for (place, &row) in self.rows.iter().enumerate() {
            if row as usize % parts == part {
                let change = self.slabs[place / SLAB][place % SLAB * (stride / LINE)..]
                    .as_ptr()
                    .cast();
                #[expect(
                    unsafe_code,
                    reason = "as in `copy`; no other thread has this part of the rows"
                )]
                unsafe {
                    (kernel.add_change)(&[matrix.row(row)], change, zeros.as_ptr(), stride);
                }
            }
        }
    }
}

fn slot(slabs: &mut [Box<[[f32; LINE]]>], place: usize, stride: usize) -> *mut f32 {
    slabs[place / SLAB][place % SLAB * (stride / LINE)..]
        .as_mut_ptr()
        .cast()
}

/// Asks the processor to fetch a row that will soon be changed.
///
/// Fetched for writing, a line that another thread has changed comes over once; fetched for reading, it would
/// have to be asked for again when it is written. Processors that do not know the instruction pass over it.
#[inline]
pub(crate) fn prefetch(row: *const f32, stride: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..stride).step_by(LINE) {
        #[expect(unsafe_code, reason = "a prefetch reads nothing, whatever the address")]
        unsafe {
            std::arch::asm!(
                "prefetchw [{line}]",
                line = in(reg) row.wrapping_add(line),
                options(nostack, preserves_flags, readonly)
            );
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (row, stride);
}
