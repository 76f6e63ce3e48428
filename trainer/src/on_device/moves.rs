//! How far each row of a table moves when a batch pulls at it many times at once.

use tch::{Kind, TchError, Tensor};

use super::step::Pace;

/// No row moves further than this in one batch, so that within a piece of text, too, all numbers stay finite.
const LONGEST_MOVE: f64 = 10.0;

/// Rows of a table at all places of a batch that read them, and where the whole batch pulls each.
pub(super) struct Pull {
    /// `(g · n,)`; a row stands here as often as the batch reads it.
    rows: Tensor,
    /// Against the row's gradient, of length 1 (or 0 where nothing pulls), `(g, n, dimension)`.
    pub(super) direction: Tensor,
    /// Length of the row's gradient, `(g, n, 1)`.
    strength: Tensor,
}

/// Sums what pulls at each row, at all places together. `scratch` has the shape of the table and is 0, before and
/// after: clearing the rows of a batch costs less than a table of zeros for each.
pub(super) fn pulls<const PLACES: usize>(
    scratch: &mut Tensor,
    places: [(&Tensor, &Tensor); PLACES],
) -> Result<Vec<Pull>, TchError> {
    let dimension = scratch.size()[1];
    for (rows, towards) in places {
        let _ = scratch.f_index_add_(0, &rows.f_reshape([-1])?, &towards.f_reshape([-1, dimension])?)?;
    }
    let mut found = Vec::with_capacity(PLACES);
    for (rows, towards) in places {
        let rows = rows.f_reshape([-1])?;
        let sum = scratch.f_index_select(0, &rows)?.f_view_as(towards)?;
        let strength = sum
            .f_square()?
            .f_sum_dim_intlist(-1, true, Kind::Float)?
            .f_sqrt()?;
        let direction = sum.f_div(&strength.f_clamp_min(f64::from(f32::MIN_POSITIVE))?)?;
        found.push(Pull {
            rows,
            direction,
            strength,
        });
    }
    for pull in &found {
        let _ = scratch.f_index_fill_(0, &pull.rows, 0.0)?;
    }
    Ok(found)
}

/// Moves the rows: for each place its pull, its vectors before, and its part of the curvature along the row's
/// direction (see [`Tables::learn`](super::step::Tables::learn)), any shape of g · n numbers.
pub(super) fn moved(
    table: &mut Tensor,
    places: &[(&Pull, &Tensor, &Tensor)],
    pace: Pace,
) -> Result<(), TchError> {
    let (words, dimension) = (table.size()[0], table.size()[1]);
    let mut curvature = Tensor::f_zeros([words], (Kind::Float, table.device()))?;
    for (pull, _, part) in places {
        let _ = curvature.f_index_add_(0, &pull.rows, &part.f_reshape([-1])?)?;
    }
    // (1 − exp(−x)) / x, which is 1 at x = 0.
    let bend = curvature
        .f_mul_scalar(pace.damping * pace.rate)?
        .f_clamp_min(1e-6)?;
    let steps = bend
        .f_neg()?
        .f_expm1()?
        .f_neg()?
        .f_div(&bend)?
        .f_mul_scalar(pace.rate)?;
    for (pull, before, _) in places {
        let lengths = steps
            .f_index_select(0, &pull.rows)?
            .f_view_as(&pull.strength)?
            .f_mul(&pull.strength)?
            .f_clamp_max(LONGEST_MOVE)?;
        let after = pull.direction.f_mul(&lengths)?.f_add(before)?;
        // A row that stands here many times gets the same numbers each time.
        let _ = table.f_index_copy_(0, &pull.rows, &after.f_view([-1, dimension])?)?;
    }
    Ok(())
}
