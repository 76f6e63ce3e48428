//! What a person sees while the program works, on stderr: messages, and bars where stderr is a terminal.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal, steps are reported this often, so that a log of a long run shows that it lives.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Writes one line to stderr. There is nowhere left to report a failure of that to.
pub fn say(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// A bar over `total` units with rate and remaining time.
pub fn bar(total: usize, what: &'static str, unit: &str) -> ProgressBar {
    let template =
        format!("{{prefix}} {{bar:30}} {{pos}}/{{len}} {unit}  {{per_sec}}  {{eta}} left  {{msg}}");
    // The template is fixed, so it either always parses or is caught by the first test that draws.
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total as u64).with_style(style).with_prefix(what)
}

/// The progress of training: a bar on a terminal, now and then a line elsewhere.
pub struct Steps {
    bar: ProgressBar,
    total: usize,
    /// Steps that were done before.
    before: usize,
    started: Instant,
    last_line: Instant,
}

impl Steps {
    /// Begins with `before` steps done by an earlier run.
    pub fn new(total: usize, before: usize) -> Self {
        let now = Instant::now();
        Steps {
            bar: bar(total, "training", "steps"),
            total,
            before,
            started: now,
            last_line: now,
        }
    }

    /// `step` steps are done; `paused` is the time spent on other things than steps.
    pub fn at(&mut self, step: usize, loss: f64, samples_per_second: f64, paused: Duration) {
        let state = format!("loss {loss:.4}, {samples_per_second:.1} pairs/s");
        self.bar.set_message(state.clone());
        self.bar.set_position(step as u64);
        if self.bar.is_hidden() && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let each = self.started.elapsed().saturating_sub(paused).as_secs_f64()
                / (step - self.before).max(1) as f64;
            let left = each * self.total.saturating_sub(step) as f64;
            say(&format!(
                "step {step}/{}: {state}, about {} of steps left",
                self.total,
                seconds(left)
            ));
        }
    }

    /// Writes a line above the bar.
    pub fn say(&self, message: &str) {
        self.bar.suspend(|| say(message));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `1,234,567`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `47 s`, `3 min 20 s`, `2 h 5 min`.
pub fn seconds(seconds: f64) -> String {
    match seconds.round() as u64 {
        whole @ 0..60 => format!("{whole} s"),
        whole @ 60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        whole => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn durations_read_naturally() {
        assert_eq!(
            ["0 s", "59 s", "1 min 1 s", "1 h 1 min"],
            [0.4, 59.4, 60.6, 3661.0]
                .map(seconds)
                .each_ref()
                .map(String::as_str)
        );
    }
}
