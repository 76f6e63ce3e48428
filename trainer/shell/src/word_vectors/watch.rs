//! Watching reading and learning: a bar on a terminal, now and then a line elsewhere, events, and the stop.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use trainer_words::{Observer, Progress, Stage, WordsError};

use super::event::Event;
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::progress::{grouped, say, seconds};
use crate::run_log::RunLog;

/// Without a terminal, progress is said this often.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Time between two progress events.
const EVENT_EVERY: Duration = Duration::from_secs(1);

/// Hears of progress from any thread.
pub struct Watch<'a> {
    interrupt: &'a Interrupt,
    /// What the learning counts: words, or co-occurrences.
    learning_unit: &'static str,
    state: Mutex<State>,
}

struct State {
    log: RunLog,
    stage: Option<Shown>,
    /// Why the log could not be written; the work is stopped then.
    failed: Option<TrainError>,
}

/// A stage of the work as it is shown.
struct Shown {
    stage: Stage,
    bar: ProgressBar,
    started: Instant,
    /// Done before it started: more than nothing where a checkpoint is gone on with.
    before: u64,
    last_line: Instant,
    last_event: Instant,
    /// Whether there was an event of its end.
    ended: bool,
    /// Sum and number of the losses heard of since the last event.
    losses: (f64, usize),
}

impl<'a> Watch<'a> {
    /// Nothing is done yet.
    pub fn new(log: RunLog, interrupt: &'a Interrupt, learning_unit: &'static str) -> Self {
        Watch {
            interrupt,
            learning_unit,
            state: Mutex::new(State {
                log,
                stage: None,
                failed: None,
            }),
        }
    }

    /// Writes an event.
    pub fn record(&self, event: &Event) -> Result<()> {
        self.state().log.record(event)
    }

    /// Removes the bar.
    pub fn finish_stage(&self) {
        if let Some(stage) = self.state().stage.take() {
            stage.bar.finish_and_clear();
        }
    }

    /// What came of watched work, which also stops where the log cannot be written.
    pub fn outcome<T>(&self, result: trainer_words::Result<T>) -> Result<T> {
        match (result, self.state().failed.take()) {
            (Ok(_) | Err(WordsError::Interrupted), Some(failed)) => Err(failed),
            (result, _) => Ok(result?),
        }
    }

    /// The log, when there is nothing more to watch.
    pub fn into_log(self) -> RunLog {
        let state = self.state.into_inner();
        state.unwrap_or_else(PoisonError::into_inner).log
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watch<'_> {
    fn progress(&self, progress: &Progress) {
        let mut state = self.state();
        let State { log, stage, failed } = &mut *state;
        if let Some(ended) = stage.take_if(|shown| shown.stage != progress.stage) {
            ended.bar.finish_and_clear();
        }
        let stage = stage.get_or_insert_with(|| Shown::begin(progress));
        stage.show(progress, self.learning_unit);
        if let Some(event) = stage.event(progress)
            && let Err(error) = log.record(&event)
        {
            *failed = Some(error);
        }
    }

    fn interrupted(&self) -> bool {
        self.interrupt.check().is_err() || self.state().failed.is_some()
    }
}

impl Shown {
    fn begin(progress: &Progress) -> Self {
        // The template is fixed, so it either always parses or is caught by the first run on a terminal.
        let style = ProgressStyle::with_template("{prefix} {bar:30} {percent} %  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let now = Instant::now();
        Shown {
            stage: progress.stage,
            bar: ProgressBar::new(progress.total)
                .with_style(style)
                .with_prefix(progress.stage.to_string()),
            started: now,
            before: progress.done,
            last_line: now,
            last_event: now,
            ended: false,
            losses: (0.0, 0),
        }
    }

    fn show(&mut self, progress: &Progress, learning_unit: &str) {
        if let Some(loss) = progress.loss {
            self.losses = (self.losses.0 + loss, self.losses.1 + 1);
        }
        let state = self.describe(progress, learning_unit);
        if self.bar.is_hidden() && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let percent = 100.0 * progress.done as f64 / progress.total.max(1) as f64;
            say(&format!("{}: {percent:.0} %, {state}", self.stage));
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        self.bar.set_message(state);
    }

    /// Loss, learning rate, speed and the time that is left, as far as they are known.
    fn describe(&self, progress: &Progress, learning_unit: &str) -> String {
        let mut parts = Vec::new();
        if self.losses.1 > 0 {
            parts.push(format!("loss {:.4}", self.losses.0 / self.losses.1 as f64));
        }
        if progress.learning_rate > 0.0 {
            parts.push(format!("rate {:.4}", progress.learning_rate));
        }
        let speed = self.per_second(progress);
        if speed > 0.0 {
            parts.push(match self.stage {
                Stage::Reading => format!("{:.1} MB/s", speed / 1e6),
                Stage::Learning => format!("{} {learning_unit}/s", grouped(speed as u64)),
                Stage::Counting | Stage::Phrases => format!("{} words/s", grouped(speed as u64)),
                Stage::CommonComponents => format!("{}/s", grouped(speed as u64)),
            });
            let left = progress.total.saturating_sub(progress.done) as f64 / speed;
            parts.push(format!("{} left", seconds(left)));
        }
        parts.join(", ")
    }

    fn per_second(&self, progress: &Progress) -> f64 {
        let elapsed = self.started.elapsed().as_secs_f64();
        if elapsed > 0.0 {
            progress.done.saturating_sub(self.before) as f64 / elapsed
        } else {
            0.0
        }
    }

    /// An event where one is due: once a second, and at the end of the stage.
    fn event(&mut self, progress: &Progress) -> Option<Event> {
        let at_end = progress.done >= progress.total;
        if self.ended || !at_end && self.last_event.elapsed() < EVENT_EVERY {
            return None;
        }
        self.ended = at_end;
        self.last_event = Instant::now();
        let (sum, count) = std::mem::take(&mut self.losses);
        Some(Event::Progress {
            stage: progress.stage,
            done: progress.done,
            total: progress.total,
            epoch: progress.epoch + 1,
            loss: (count > 0).then(|| sum / count as f64),
            learning_rate: progress.learning_rate,
            per_second: self.per_second(progress),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(stage: Stage, done: u64) -> Progress {
        Progress {
            stage,
            done,
            total: 100,
            epoch: 0,
            loss: Some(0.5),
            learning_rate: 0.01,
        }
    }

    #[test]
    fn loss_rate_speed_and_time_are_shown_and_what_was_done_before_is_not_counted_as_speed() {
        let mut stage = Shown::begin(&progress(Stage::Learning, 40));
        stage.started = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        stage.show(&progress(Stage::Learning, 50), "words");
        let said = stage.describe(&progress(Stage::Learning, 50), "words");
        assert!(said.starts_with("loss 0.5000, rate 0.0100, "), "{said}");
        assert!(
            said.ends_with("50 s left") || said.ends_with("51 s left"),
            "{said}"
        );
    }

    #[test]
    fn the_end_of_a_stage_is_an_event_once_however_short_the_stage_was() {
        let mut stage = Shown::begin(&progress(Stage::Learning, 0));
        let mut told = |done| {
            stage.show(&progress(Stage::Learning, done), "words");
            stage.event(&progress(Stage::Learning, done))
        };
        assert_eq!(told(50), None);
        let Some(Event::Progress { done: 100, loss, .. }) = told(100) else {
            panic!("no event")
        };
        assert_eq!(loss, Some(0.5));
        assert_eq!(told(100), None);
    }

    #[test]
    fn a_log_that_cannot_be_written_stops_the_work_and_is_the_error() {
        // Linux's device that is always full.
        let log = RunLog::create(std::path::Path::new("/dev/full"), false).unwrap();
        let interrupt = Interrupt::default();
        let watch = Watch::new(log, &interrupt, "words");
        watch.progress(&progress(Stage::Learning, 1));
        assert!(!watch.interrupted());
        if let Some(stage) = &mut watch.state().stage {
            stage.last_event = Instant::now().checked_sub(EVENT_EVERY).unwrap();
        }
        watch.progress(&progress(Stage::Learning, 2));
        assert!(watch.interrupted());
        let error = watch.outcome::<()>(Err(WordsError::Interrupted)).unwrap_err();
        assert!(error.to_string().contains("No space left"), "{error}");
    }
}
