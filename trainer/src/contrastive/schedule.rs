//! The learning rate over the steps: linear warm-up, then linear decay to 0.
//!
//! The same as transformers' `get_linear_schedule_with_warmup`, so that settings carry over.

/// A learning rate for each optimizer step.
#[derive(Debug, Clone, Copy)]
pub struct LinearSchedule {
    peak: f64,
    warmup: usize,
    total: usize,
}

impl LinearSchedule {
    /// `peak` is reached after `⌈total · warmup_ratio⌉` steps; `warmup_ratio` is in `0..1`.
    pub fn new(peak: f64, total: usize, warmup_ratio: f64) -> Self {
        LinearSchedule {
            peak,
            warmup: (total as f64 * warmup_ratio).ceil() as usize,
            total,
        }
    }

    /// Rate of the step with this number, counted from 0. The first step of a warm-up has rate 0.
    pub fn rate(&self, step: usize) -> f64 {
        let (step, warmup, total) = (step as f64, self.warmup as f64, self.total as f64);
        let factor = if step < warmup {
            step / warmup
        } else {
            (total - step) / (total - warmup).max(1.0)
        };
        self.peak * factor.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_from_zero_to_the_peak_and_falls_to_zero() {
        let schedule = LinearSchedule::new(1.0, 20, 0.25);
        assert_eq!(schedule.rate(0), 0.0);
        assert_eq!(schedule.rate(4), 0.8);
        assert_eq!(schedule.rate(5), 1.0);
        assert!((schedule.rate(19) - 1.0 / 15.0).abs() < 1e-12);
        assert_eq!(schedule.rate(20), 0.0);
    }

    #[test]
    fn without_warm_up_the_first_step_has_the_peak() {
        assert_eq!(LinearSchedule::new(2e-5, 10, 0.0).rate(0), 2e-5);
    }

    #[test]
    fn a_single_step_with_warm_up_is_finite() {
        assert_eq!(LinearSchedule::new(1.0, 1, 0.1).rate(0), 0.0);
    }
}
