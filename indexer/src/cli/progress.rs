//! A build as seen on the terminal: one bar per phase, and Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use indexer::build::{Observer, Phase};
use indicatif::{ProgressBar, ProgressStyle};

use super::output;

/// Draws progress to stderr (nothing where that is no terminal) and listens to Ctrl-C.
pub struct Terminal {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl Terminal {
    /// Starts listening. The first Ctrl-C asks the build to stop and clean up; a second one ends the
    /// program at once, and the next build cleans up.
    pub fn new() -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let heard = stop.clone();
        ctrlc::set_handler(move || {
            if heard.swap(true, Ordering::Relaxed) {
                // Without tidying up, which would pull libtorch from under the threads that compute.
                signal_hook::low_level::exit(130);
            }
            output::message("stopping; press Ctrl-C again to stop at once");
        })
        .context("listening to Ctrl-C")?;
        Ok(Self {
            bar: ProgressBar::hidden(),
            stop,
        })
    }
}

impl Terminal {
    /// Writes a line to stderr, above the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| output::message(line));
    }
}

impl Observer for Terminal {
    fn begin(&mut self, phase: Phase, total: Option<u64>) {
        self.bar.finish_and_clear();
        let name = match phase {
            Phase::Check => "checking rows",
            Phase::Encode => "encoding",
            Phase::Copy => "copying",
            Phase::Link => "linking",
            Phase::Verify => "verifying",
            Phase::Export => "exporting",
            Phase::Queries => "encoding",
            Phase::Judge => "comparing",
        };
        let unit = match phase {
            Phase::Queries | Phase::Judge => "queries",
            _ => "docs",
        };
        self.bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        };
        let template = match total {
            Some(_) => {
                format!("{{msg:13}} {{bar:32}} {{human_pos}}/{{human_len}} {unit}, {{per_sec}}, {{eta}} left")
            }
            None => format!("{{msg:13}} {{spinner}} {{human_pos}} {unit}, {{per_sec}}"),
        };
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style.with_key(
            "per_sec",
            move |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{:.0} {unit}/s", state.per_sec());
            },
        ));
        self.bar.set_message(name);
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn note(&mut self, message: &str) {
        self.say(&format!("note: {message}"));
    }

    fn advance(&mut self, documents: u64) {
        self.bar.inc(documents);
    }

    fn pass(&mut self, documents: u64) {
        self.bar.inc(documents);
        self.bar.reset_eta();
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
