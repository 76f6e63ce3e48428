//! One step of learning: the gradients of a batch in closed form, as batched matrix products.

use tch::{Device, Kind, TchError, Tensor};
use trainer_words::learn::Settings;

use super::piece::Batch;
use super::random::{self, Use};

/// No number of a vector grows beyond this between two pieces of text; useful vectors stay far below.
pub(super) const LARGEST: f64 = 1000.0;

/// No number changes by more than this for one word of a batch, so within a piece, too, all stay finite.
const LARGEST_CHANGE: f64 = 1.0;

/// How strongly a row's step is shortened where its batch is curved; see [`Tables::learn`]. Measured in the
/// module's table: less diverges, more learns too slowly. The trace overstates the curvature along one direction.
pub(super) const DAMPING: f64 = 0.1;

/// The two vectors of each word.
#[derive(Debug)]
pub(super) struct Tables {
    /// The vectors of words that predict, `(words, dimension)`: the result.
    pub(super) input: Tensor,
    /// The vectors of words that are predicted, `(words, dimension)`.
    pub(super) output: Tensor,
}

/// How a step goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Learning rate.
    pub(super) rate: f64,
    /// [`DAMPING`], or 0 for the plain gradient.
    pub(super) damping: f64,
    /// Negatives that each pair is to meet, by weight.
    pub(super) negatives: f64,
    /// Whether the loss is wanted.
    pub(super) measured: bool,
}

/// The loss of a batch, on the device: a sum over pairs, and their number.
#[derive(Debug)]
pub(super) struct Loss {
    sum: Tensor,
    pairs: Tensor,
}

impl Loss {
    /// The mean loss of a pair; waits for the device. `None` where there was no pair.
    pub(super) fn mean(&self) -> Result<Option<f64>, TchError> {
        let pairs = self.pairs.f_double_value(&[])?;
        let sum = self.sum.f_double_value(&[])?;
        Ok((pairs > 0.0).then(|| sum / pairs))
    }
}

/// The gradient of some rows, and how curved the loss is in each.
struct Change {
    /// Which rows; a row can stand here many times. `(n,)`
    rows: Tensor,
    /// Against the gradient, `(n, dimension)`.
    towards: Tensor,
    /// `(n,)`
    curvature: Tensor,
}

impl Tables {
    /// Input vectors drawn evenly from ±1/(2·dimension), output vectors 0, as on the CPU.
    pub(super) fn new(words: i64, settings: &Settings, device: Device) -> Result<Self, TchError> {
        let dimension = settings.dimension as i64;
        let input = Tensor::f_zeros([words, dimension], (Kind::Float, device))?;
        // Some rows at a time: the whole numbers that vectors are made of are twice as large.
        let most = (1 << 22) / dimension + 1;
        for (stream, first) in (0..words).step_by(most as usize).enumerate() {
            let rows = most.min(words - first);
            let bits = random::bits(
                settings.seed,
                Use::Initial,
                stream as u64,
                rows * dimension,
                device,
            )?;
            let values = bits
                .f_totype(Kind::Float)?
                .f_mul_scalar(2f64.powi(-32))?
                .f_subtract_scalar(0.5)?
                .f_mul_scalar(1.0 / dimension as f64)?;
            input
                .f_narrow(0, first, rows)?
                .f_copy_(&values.f_view([rows, dimension])?)?;
        }
        let output = Tensor::f_zeros([words, dimension], (Kind::Float, device))?;
        Ok(Tables { input, output })
    }

    /// One step for all pairs of a batch at once.
    ///
    /// A frequent word stands in a batch a hundred times, and all its gradients come from the same, old
    /// vectors; their plain sum overshoots and diverges where one step after another would settle. So the sum
    /// of row r is divided by 1 + damping · rate · Hᵣ, where Hᵣ = Σ w · σ(s) · (1 − σ(s)) · |v|² over the pairs of
    /// the row is the trace of the loss's second derivative: the step of a damped Newton method. A rare word,
    /// whose Hᵣ · rate is small, moves as in plain descent.
    pub(super) fn learn(&mut self, batch: &Batch, pace: Pace) -> Result<Option<Loss>, TchError> {
        let around = gathered(&self.input, &batch.around)?;
        let centres = gathered(&self.output, &batch.centres)?;
        let drawn = gathered(&self.output, &batch.negatives)?;

        // Pairs: (g, GROUP, halo)
        let scores = centres.f_bmm(&around.f_transpose(1, 2)?)?;
        let missing = scores.f_neg()?.f_sigmoid()?.f_mul(&batch.pairs)?;
        // Each pair meets each negative of its group that is not its own centre word: (g, halo, negatives)
        let others = batch
            .centres
            .f_unsqueeze(2)?
            .f_ne_tensor(&batch.negatives.f_unsqueeze(1)?)?
            .f_totype(Kind::Float)?;
        let share = pace.negatives / others.size().last().copied().unwrap_or(1) as f64;
        let weights = batch
            .pairs
            .f_transpose(1, 2)?
            .f_bmm(&others)?
            .f_mul_scalar(share)?;
        let against = around.f_bmm(&drawn.f_transpose(1, 2)?)?;
        let excess = against.f_sigmoid()?;
        let bent = missing.f_mul(&scores.f_sigmoid()?)?;
        let excess_bent = excess
            .f_neg()?
            .f_add_scalar(1.0)?
            .f_mul(&excess)?
            .f_mul(&weights)?;
        let excess = excess.f_mul(&weights)?;

        let loss = match pace.measured {
            false => None,
            true => {
                let met = scores.f_log_sigmoid()?.f_mul(&batch.pairs)?.f_sum(Kind::Double)?;
                let drawn = against
                    .f_neg()?
                    .f_log_sigmoid()?
                    .f_mul(&weights)?
                    .f_sum(Kind::Double)?;
                Some(Loss {
                    sum: met.f_add(&drawn)?.f_neg()?,
                    pairs: batch.pairs.f_sum(Kind::Double)?,
                })
            }
        };

        let lengths = [squares(&around)?, squares(&centres)?, squares(&drawn)?];
        let (transposed, bent_transposed) = (missing.f_transpose(1, 2)?, bent.f_transpose(1, 2)?);
        let input = Change {
            rows: batch.around.f_reshape([-1])?,
            towards: transposed.f_bmm(&centres)?.f_sub(&excess.f_bmm(&drawn)?)?,
            curvature: bent_transposed
                .f_bmm(&lengths[1])?
                .f_add(&excess_bent.f_bmm(&lengths[2])?)?,
        };
        let met = Change {
            rows: batch.centres.f_reshape([-1])?,
            towards: missing.f_bmm(&around)?,
            curvature: bent.f_bmm(&lengths[0])?,
        };
        let avoided = Change {
            rows: batch.negatives.f_reshape([-1])?,
            towards: excess.f_transpose(1, 2)?.f_bmm(&around)?.f_neg()?,
            curvature: excess_bent.f_transpose(1, 2)?.f_bmm(&lengths[0])?,
        };
        change(&mut self.input, &[input], pace)?;
        change(&mut self.output, &[met, avoided], pace)?;
        Ok(loss)
    }

    /// Brings all numbers back within ±`LARGEST`.
    pub(super) fn bound(&mut self) -> Result<(), TchError> {
        for table in [&mut self.input, &mut self.output] {
            let _ = table.f_clamp_(-LARGEST, LARGEST)?;
        }
        Ok(())
    }

    /// Numbers at the bound.
    pub(super) fn at_bound(&self) -> Result<usize, TchError> {
        let mut found = 0;
        for table in [&self.input, &self.output] {
            let at_bound = table.f_abs()?.f_ge(LARGEST)?.f_sum(Kind::Int64)?;
            found += at_bound.f_int64_value(&[])? as usize;
        }
        Ok(found)
    }
}

/// `(a, b)` rows of a table, `(a, b, dimension)`.
fn gathered(table: &Tensor, rows: &Tensor) -> Result<Tensor, TchError> {
    let mut shape = rows.size();
    shape.push(-1);
    table
        .f_index_select(0, &rows.f_reshape([-1])?)?
        .f_view(&shape[..])
}

/// The squared lengths of vectors, `(g, n, 1)` for `(g, n, dimension)`.
fn squares(vectors: &Tensor) -> Result<Tensor, TchError> {
    vectors.f_square()?.f_sum_dim_intlist(-1, true, Kind::Float)
}

/// Adds the damped changes of all kinds to their rows.
fn change(table: &mut Tensor, changes: &[Change], pace: Pace) -> Result<(), TchError> {
    let size = table.size();
    let (words, dimension) = (size[0], size[1]);
    let mut curved = Tensor::f_zeros([words], (Kind::Float, table.device()))?;
    for change in changes {
        let _ = curved.f_index_add_(0, &change.rows, &change.curvature.f_view([-1])?)?;
    }
    let steps = curved
        .f_mul_scalar(pace.damping * pace.rate)?
        .f_add_scalar(1.0)?
        .f_reciprocal()?
        .f_mul_scalar(pace.rate)?;
    for change in changes {
        let mut towards = change.towards.f_view([-1, dimension])?;
        let _ = towards.f_mul_(&steps.f_index_select(0, &change.rows)?.f_unsqueeze(1)?)?;
        let _ = towards.f_clamp_(-LARGEST_CHANGE, LARGEST_CHANGE)?;
        let _ = table.f_index_add_(0, &change.rows, &towards)?;
    }
    Ok(())
}
