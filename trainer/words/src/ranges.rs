//! Ranges of settings, and the error for a number that is not in its own.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::error::{Result, WordsError};

/// Refuses a number outside of a range.
pub(crate) fn check<T: PartialOrd + Display>(name: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    let described = || format!("between {} and {}", range.start(), range.end());
    refuse_unless(range.contains(&value), name, value, described)
}

/// Refuses a learning rate that is not above 0 and at most 1.
pub(crate) fn check_learning_rate(value: f64) -> Result<()> {
    let range = || "above 0 and at most 1".to_owned();
    refuse_unless(value > 0.0 && value <= 1.0, "learning_rate", value, range)
}

/// Refuses a number between `least` and another setting.
pub(crate) fn check_up_to<T: PartialOrd + Display>(
    name: &str,
    value: T,
    least: T,
    (other, most): (&str, T),
) -> Result<()> {
    let fits = least <= value && value <= most;
    refuse_unless(fits, name, value, || {
        format!("between {least} and {other} ({most})")
    })
}

fn refuse_unless(fits: bool, name: &str, value: impl Display, range: impl Fn() -> String) -> Result<()> {
    match fits {
        true => Ok(()),
        false => Err(WordsError::Setting(format!(
            "{name}: expected a number {}, found {value}",
            range()
        ))),
    }
}
