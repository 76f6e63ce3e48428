//! Vectors in few bytes, for walking a graph. The best rows of a walk are scored again in `f32`.

mod doubt;

use crate::lines::Lines;
use crate::metric::Metric;
#[cfg(feature = "build")]
use crate::rows::Rows;

/// What a coordinate becomes in the copy of the vectors that a walk reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codes {
    /// `f32`, 4 bytes: nothing is lost.
    Float32,
    /// `f16`, 2 bytes.
    Float16,
    /// One byte, on one scale for all coordinates. Of unit vectors that clips one coordinate in a hundred thousand; where
    /// lengths count, the largest coordinate sets the scale.
    #[default]
    Int8,
    /// The sign, one bit: for vectors of many coordinates around zero.
    Binary,
}

/// The zero of a coordinate in [`Codes::Int8`].
const ZERO: u8 = 128;
/// The largest code on either side of the zero.
const LARGEST: f32 = 127.0;
/// How much finer than the rows' a query's scale in [`Codes::Int8`] may be where rows have a bias: what more would add
/// is lost beside the bias in an `f32`, and the bias times the scale stays finite.
const FINEST: f32 = (1 << 24) as f32;

impl Codes {
    /// All codes, in the order of their numbers in files.
    pub const ALL: [Self; 4] = [Self::Float32, Self::Float16, Self::Int8, Self::Binary];

    /// The name on command lines and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::Int8 => "int8",
            Self::Binary => "binary",
        }
    }

    /// Bytes of a coded row: a multiple of a cache line.
    pub fn stride(self, dimension: usize) -> usize {
        let bits = match self {
            Self::Float32 => 32,
            Self::Float16 => 16,
            Self::Int8 => 8,
            Self::Binary => 1,
        };
        (dimension * bits).div_ceil(8).next_multiple_of(64)
    }
}

impl std::str::FromStr for Codes {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|codes| codes.name() == name);
        found.ok_or_else(|| format!("expected float32, float16, int8 or binary, found {name:?}"))
    }
}

/// Turns vectors into codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coder {
    pub codes: Codes,
    pub metric: Metric,
    pub dimension: usize,
    /// Codes per unit of a coordinate; 1 but for [`Codes::Int8`], and for [`Codes::Float16`] where lengths count.
    pub scale: f32,
}

impl Coder {
    /// Finds the scale for `rows`.
    #[cfg(feature = "build")]
    pub fn fit(codes: Codes, metric: Metric, rows: Rows<'_>) -> Self {
        let scale = match (codes, metric) {
            (Codes::Int8, Metric::Cosine) => LARGEST / reach(rows),
            (Codes::Int8, _) => (LARGEST / largest(rows)).min(f32::MAX),
            (Codes::Float16, Metric::Dot | Metric::Euclidean) => largest(rows).recip().min(f32::MAX),
            _ => 1.0,
        };
        let dimension = rows.dimension();
        Self {
            codes,
            metric,
            dimension,
            scale,
        }
    }

    /// Bytes of a coded row.
    pub fn stride(&self) -> usize {
        self.codes.stride(self.dimension)
    }

    /// Whether a row has a part of its score that no query changes: half its squared length, in codes.
    pub fn is_biased(&self) -> bool {
        self.metric == Metric::Euclidean && self.codes != Codes::Binary
    }

    /// Codes a row into `code`, which is [`Self::stride`] long.
    #[cfg(feature = "build")]
    pub fn encode(&self, row: &[f32], code: &mut [u8]) {
        match self.codes {
            Codes::Int8 => {
                code.fill(ZERO);
                let codes = row
                    .iter()
                    .map(|x| (in_steps(*x, self.scale) + i32::from(ZERO)) as u8);
                code.iter_mut().zip(codes).for_each(|(byte, code)| *byte = code);
            }
            Codes::Float16 => {
                code.fill(0);
                let numbers = row
                    .iter()
                    .map(|x| half::f16::from_f32(x * self.scale).to_le_bytes());
                code.as_chunks_mut()
                    .0
                    .iter_mut()
                    .zip(numbers)
                    .for_each(|(to, from)| *to = from);
            }
            _ => self.encode_plain(row, code),
        }
    }

    /// Codes that are the same for rows and queries.
    fn encode_plain(&self, row: &[f32], code: &mut [u8]) {
        code.fill(0);
        match self.codes {
            Codes::Binary => {
                for (bits, byte) in row.chunks(8).zip(code) {
                    let set = bits.iter().enumerate().filter(|(_, x)| **x > 0.0);
                    *byte = set.map(|(place, _)| 1 << place).sum();
                }
            }
            _ => code[..size_of_val(row)].copy_from_slice(bytemuck::cast_slice(row)),
        }
    }

    /// Half the squared length of a coded row, negative, in the units of a query that is coded at the scale 1.
    ///
    /// Of the code and not of the row: so a score is the distance of the query from what the code says, which is
    /// wrong by a rounding however far from the origin both lie.
    #[cfg(feature = "build")]
    pub fn bias(&self, code: &[u8]) -> f32 {
        let square = |x: f32| f64::from(x) * f64::from(x);
        let squares: f64 = match self.codes {
            Codes::Int8 => {
                let steps = code.iter().map(|byte| f32::from(*byte) - f32::from(ZERO));
                steps.map(square).sum()
            }
            Codes::Float16 => {
                let numbers = code.as_chunks().0.iter();
                numbers
                    .map(|x| square(half::f16::from_le_bytes(*x).to_f32()))
                    .sum()
            }
            Codes::Float32 | Codes::Binary => {
                let numbers = code.as_chunks().0.iter();
                numbers.map(|x| square(f32::from_ne_bytes(*x))).sum()
            }
        };
        (-0.5 * squares / f64::from(self.scale)) as f32
    }

    /// Codes a query.
    pub fn query(&self, query: &[f32], into: &mut QueryCode) {
        into.bias_scale = 1.0;
        match self.codes {
            Codes::Int8 => {
                let largest = query.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
                let finest = match self.is_biased() {
                    true => self.scale * FINEST,
                    false => f32::MAX,
                };
                // Zeros are coded on the finest scale, too, so that the biases alone order the rows.
                let scale = (LARGEST / largest).min(finest).min(f32::MAX);
                let code = into.code.resized(self.stride());
                code.fill(0);
                let steps = query.iter().map(|x| in_steps(*x, scale));
                code.iter_mut()
                    .zip(steps)
                    .for_each(|(byte, step)| *byte = step as i8 as u8);
                into.bias_scale = scale;
                into.find_shift();
            }
            Codes::Float16 => {
                let code = into.code.resized(2 * self.stride());
                code.fill(0);
                code[..size_of_val(query)].copy_from_slice(bytemuck::cast_slice(query));
            }
            _ => self.encode_plain(query, into.code.resized(self.stride())),
        }
    }

    /// Makes a query of a coded row, for the scores of rows among each other.
    #[cfg(feature = "build")]
    pub fn query_of_code(&self, code: &[u8], into: &mut QueryCode) {
        into.bias_scale = self.scale;
        match self.codes {
            Codes::Int8 => {
                let query = into.code.resized(code.len());
                query
                    .iter_mut()
                    .zip(code)
                    .for_each(|(query, code)| *query = code ^ ZERO);
                into.find_shift();
            }
            Codes::Float16 => {
                let query = into.code.resized(2 * code.len());
                let numbers = code
                    .as_chunks()
                    .0
                    .iter()
                    .map(|x| half::f16::from_le_bytes(*x).to_f32());
                let places = query.as_chunks_mut().0.iter_mut();
                places
                    .zip(numbers)
                    .for_each(|(to, from)| *to = from.to_le_bytes());
            }
            _ => into.code.resized(code.len()).copy_from_slice(code),
        }
    }
}

/// A coordinate in steps of the scale, clipped and rounded: through a positive number, because cutting off what is
/// behind the point is one instruction on every processor and rounding is not.
fn in_steps(x: f32, scale: f32) -> i32 {
    const ABOVE_ZERO: f32 = LARGEST + 1.0;
    ((x * scale).clamp(-LARGEST, LARGEST) + (ABOVE_ZERO + 0.5)) as i32 - ABOVE_ZERO as i32
}

/// The size of the largest coordinate of all rows; 1 where there is none but zeros. Where lengths count, the longest
/// rows are those that inner products find, and must not be clipped.
#[cfg(feature = "build")]
fn largest(rows: Rows<'_>) -> f32 {
    let sizes = (0..rows.len()).flat_map(|row| rows.row(row)).map(|x| x.abs());
    match sizes.fold(0.0, f32::max) {
        0.0 => 1.0,
        largest => largest,
    }
}

/// What all but the largest coordinates of the rows stay below; from a sample of them.
#[cfg(feature = "build")]
fn reach(rows: Rows<'_>) -> f32 {
    /// Rows that are looked at.
    const SAMPLE: usize = 4096;
    /// The share of coordinates that is not clipped.
    const KEPT: f64 = 0.99999;
    let step = (rows.len() / SAMPLE).max(1);
    let sampled = (0..rows.len()).step_by(step).flat_map(|row| rows.row(row));
    let mut sizes: Vec<f32> = sampled.map(|x| x.abs()).collect();
    if sizes.is_empty() {
        return 1.0;
    }
    let place = ((sizes.len() - 1) as f64 * KEPT) as usize;
    let reach = *sizes.select_nth_unstable_by(place, f32::total_cmp).1;
    let largest = sizes[place..].iter().fold(0.0_f32, |largest, x| largest.max(*x));
    match (reach > 0.0, largest > 0.0) {
        (true, _) => reach,
        (false, true) => largest,
        (false, false) => 1.0,
    }
}

/// A query in the codes of a graph.
#[derive(Debug, Default)]
pub(crate) struct QueryCode {
    code: Lines,
    shift: i32,
    bias_scale: f32,
}

impl QueryCode {
    /// The bytes: as long as a row, or twice that for [`Codes::Float16`], whose queries are `f32`.
    #[inline(always)]
    pub fn bytes(&self) -> &[u8] {
        self.code.bytes()
    }

    /// What the zero of the rows adds to every inner product of [`Codes::Int8`].
    #[inline(always)]
    pub fn shift(&self) -> i32 {
        self.shift
    }

    /// What a row's bias is multiplied with.
    #[inline(always)]
    pub fn bias_scale(&self) -> f32 {
        self.bias_scale
    }

    fn find_shift(&mut self) {
        let sum: i32 = self.code.bytes().iter().map(|byte| i32::from(*byte as i8)).sum();
        self.shift = sum * i32::from(ZERO);
    }
}
