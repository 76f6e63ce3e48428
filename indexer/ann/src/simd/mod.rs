//! Scores of many rows in one call, with the widest instructions that the processor has.
//!
//! This is the only module of the crate with `unsafe` code besides the mapping of files. Its invariants:
//!
//! - A function compiled for an instruction set is called only through the table of an [`Isa`] that was
//!   [detected](Isa::detect) on this processor.
//! - Every row is taken as a checked slice of `stride` bytes, and every load stays inside such a slice, because strides
//!   of coded rows are multiples of 64 bytes and a query's code is as long as a row.

/// Makes `fn scorer(isa)`, which picks among compilations of plain functions for each instruction set.
macro_rules! scorer {
    (portable: $portable:path, wide: $wide:path, avx2: $avx2:literal, avx512: $avx512:literal) => {
        pub(super) fn scorer(isa: Isa) -> Scorer {
            match isa {
                Isa::Portable => |query, rows, nodes, scores| $portable(query, rows, nodes, scores),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => |query, rows, nodes, scores| {
                    #[target_feature(enable = $avx2)]
                    fn compiled(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
                        $wide(query, rows, nodes, scores);
                    }
                    #[expect(unsafe_code, reason = "the instructions were detected")]
                    unsafe {
                        compiled(query, rows, nodes, scores);
                    }
                },
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => |query, rows, nodes, scores| {
                    #[target_feature(enable = $avx512)]
                    fn compiled(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
                        $wide(query, rows, nodes, scores);
                    }
                    #[expect(unsafe_code, reason = "the instructions were detected")]
                    unsafe {
                        compiled(query, rows, nodes, scores);
                    }
                },
            }
        }
    };
}

mod bits;
mod float;
mod half;
mod int8;

use crate::codes::{Codes, QueryCode};

/// An instruction set, with the functions compiled for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Isa {
    /// What every processor of the target has; on aarch64 that includes NEON, which the compiler uses.
    Portable,
    /// AVX2, FMA, F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with VNNI and VPOPCNTDQ.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The best instruction set of this processor.
    pub fn detect() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// All instruction sets of this processor, the best one last.
    pub fn available() -> &'static [Self] {
        #[cfg(target_arch = "x86_64")]
        {
            macro_rules! has {
                ($($feature:tt),*) => { $(is_x86_feature_detected!($feature))&&* };
            }
            if has!("avx2", "fma", "f16c", "popcnt") {
                const WIDE: &[Isa] = &[Isa::Portable, Isa::Avx2, Isa::Avx512];
                let wide = has!("avx512f", "avx512bw", "avx512vl", "avx512vnni", "avx512vpopcntdq");
                return if wide { WIDE } else { &WIDE[..2] };
            }
        }
        &[Self::Portable]
    }

    /// The function that scores rows in these codes.
    pub fn scorer(self, codes: Codes) -> Scorer {
        match codes {
            Codes::Float32 => float::scorer(self),
            Codes::Float16 => half::scorer(self),
            Codes::Int8 => int8::scorer(self),
            Codes::Binary => bits::scorer(self),
        }
    }
}

/// Rows of bytes at equal distances, a multiple of 64.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeRows<'a> {
    pub bytes: &'a [u8],
    pub stride: usize,
}

impl<'a> CodeRows<'a> {
    /// The bytes of a row.
    ///
    /// # Panics
    /// There is no such row.
    #[inline(always)]
    pub fn row(self, row: u32) -> &'a [u8] {
        &self.bytes[row as usize * self.stride..][..self.stride]
    }

    /// Asks the processor to fetch a row that will be read soon, if there is one.
    #[inline(always)]
    pub fn prefetch(self, row: u32) {
        if let Some(row) = self.bytes.get(row as usize * self.stride..) {
            prefetch(&row[..self.stride.min(row.len())]);
        }
    }
}

/// Scores the rows `nodes` against a query: `scores[i]` is that of `nodes[i]`, greater for nearer.
pub(crate) type Scorer = fn(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]);

/// Asks the processor to fetch bytes that will be read soon.
#[inline(always)]
pub(crate) fn prefetch<T>(bytes: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let (start, length) = (bytes.as_ptr().cast::<i8>(), size_of_val(bytes));
        for line in (0..length).step_by(64) {
            #[expect(
                unsafe_code,
                reason = "a prefetch reads nothing, and the address is inside the slice"
            )]
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(start.add(line));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// The inner product of two vectors of equal length (the shorter one counts where they differ).
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    float::sum::<false>(Isa::detect(), a, b)
}

/// The squared Euclidean distance of two vectors of equal length (the shorter one counts where they differ).
#[inline]
pub(crate) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    float::sum::<true>(Isa::detect(), a, b)
}

#[cfg(test)]
mod tests;
