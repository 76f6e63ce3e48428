//! One step of learning: the gradients of a batch in closed form, as batched matrix products.

use tch::{Device, Kind, TchError, Tensor};
use trainer_words::learn::Settings;

use super::moves::{moved, pulls};
use super::piece::Batch;
use super::random::{self, Use};

/// No number of a vector grows beyond this between two pieces of text; useful vectors stay far below.
pub(super) const LARGEST: f64 = 1000.0;

/// How much of the curvature shortens a row's step; see [`Tables::learn`]. Measured in the module's table.
pub(super) const DAMPING: f64 = 0.25;

/// The two vectors of each word.
#[derive(Debug)]
pub(super) struct Tables {
    /// The vectors of words that predict, `(words, dimension)`: the result.
    pub(super) input: Tensor,
    /// The vectors of words that are predicted, `(words, dimension)`.
    pub(super) output: Tensor,
    /// Zeros of the same shape, where gradients are summed.
    scratch: Tensor,
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
    fn new(scores: &Tensor, pairs: &Tensor, against: &Tensor, weights: &Tensor) -> Result<Self, TchError> {
        let met = scores.f_log_sigmoid()?.f_mul(pairs)?.f_sum(Kind::Double)?;
        let avoided = against
            .f_neg()?
            .f_log_sigmoid()?
            .f_mul(weights)?
            .f_sum(Kind::Double)?;
        Ok(Loss {
            sum: met.f_add(&avoided)?.f_neg()?,
            pairs: pairs.f_sum(Kind::Double)?,
        })
    }

    /// The mean loss of a pair; waits for the device. `None` where there was no pair.
    pub(super) fn mean(&self) -> Result<Option<f64>, TchError> {
        let pairs = self.pairs.f_double_value(&[])?;
        let sum = self.sum.f_double_value(&[])?;
        Ok((pairs > 0.0).then(|| sum / pairs))
    }
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
        let scratch = output.f_zeros_like()?;
        Ok(Tables {
            input,
            output,
            scratch,
        })
    }

    /// One step for all pairs of a batch at once.
    ///
    /// A frequent word stands in a batch a hundred times, and all its gradients come from the same, old
    /// vectors; their plain sum G overshoots and diverges where one step after another would settle. Were the loss
    /// of a row x a parabola along G, of curvature κ, then many small steps would take it by
    /// rate · (1 − exp(−rate · κ)) / (rate · κ) · G: nearly as far as rate · G where the pull is weak, never beyond
    /// the bottom where it is strong. That is the step taken, with κ = `damping` · Σ w · |e| · (v · G/|G|)² over the
    /// row's pairs, where v is the other vector and e = label − σ(x · v).
    ///
    /// The second derivative has σ · (1 − σ) in place of |e|. That never is larger, but vanishes for a pair that is
    /// wrong by far, whose pull is the strongest: rows would fly apart there. And the curvature along G is
    /// measured, not bounded by the trace, since vectors of a row's pairs lie close together for some words and not
    /// for others.
    pub(super) fn learn(&mut self, batch: &Batch, pace: Pace) -> Result<Option<Loss>, TchError> {
        let around = gathered(&self.input, &batch.around)?;
        let centres = gathered(&self.output, &batch.centres)?;
        let drawn = gathered(&self.output, &batch.negatives)?;

        // |e|, for pairs (g, GROUP, halo), and for negatives, weighed (g, halo, negatives).
        let scores = centres.f_bmm(&turned(&around)?)?;
        let missing = scores.f_neg()?.f_sigmoid()?.f_mul(&batch.pairs)?;
        let weights = weights(batch, pace.negatives)?;
        let against = around.f_bmm(&turned(&drawn)?)?;
        let excess = against.f_sigmoid()?.f_mul(&weights)?;
        let loss = match pace.measured {
            true => Some(Loss::new(&scores, &batch.pairs, &against, &weights)?),
            false => None,
        };

        let towards = turned(&missing)?.f_bmm(&centres)?.f_sub(&excess.f_bmm(&drawn)?)?;
        let met = missing.f_bmm(&around)?;
        let avoided = turned(&excess)?.f_bmm(&around)?.f_neg()?;
        let input = pulls(&mut self.scratch, [(&batch.around, &towards)])?;
        let output = pulls(
            &mut self.scratch,
            [(&batch.centres, &met), (&batch.negatives, &avoided)],
        )?;
        let ([input], [met, avoided]) = (&input[..], &output[..]) else {
            return Ok(loss);
        };

        let bends = along(&input.direction, &centres, &turned(&missing)?)?.f_add(&along(
            &input.direction,
            &drawn,
            &excess,
        )?)?;
        let met_bends = along(&met.direction, &around, &missing)?;
        let avoided_bends = along(&avoided.direction, &around, &turned(&excess)?)?;
        moved(&mut self.input, &[(input, &around, &bends)], pace)?;
        moved(
            &mut self.output,
            &[(met, &centres, &met_bends), (avoided, &drawn, &avoided_bends)],
            pace,
        )?;
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

/// The last two dimensions exchanged.
fn turned(tensor: &Tensor) -> Result<Tensor, TchError> {
    tensor.f_transpose(1, 2)
}

/// How much each pair of a word meets each negative of its group, by weight: those that are not the pair's own
/// centre word. `(g, halo, negatives)`
fn weights(batch: &Batch, negatives: f64) -> Result<Tensor, TchError> {
    let drawn = batch.negatives.size().last().copied().unwrap_or(1) as f64;
    let others = batch
        .centres
        .f_unsqueeze(2)?
        .f_ne_tensor(&batch.negatives.f_unsqueeze(1)?)?
        .f_totype(Kind::Float)?;
    turned(&batch.pairs)?
        .f_bmm(&others)?
        .f_mul_scalar(negatives / drawn)
}

/// Σⱼ errorᵢⱼ · (directionᵢ · vectorⱼ)²: how curved the loss is at each i along its direction. `(g, i)`
fn along(directions: &Tensor, vectors: &Tensor, errors: &Tensor) -> Result<Tensor, TchError> {
    directions
        .f_bmm(&turned(vectors)?)?
        .f_square()?
        .f_mul(errors)?
        .f_sum_dim_intlist(-1, false, Kind::Float)
}
