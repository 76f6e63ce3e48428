//! Threads that learn: how they are watched, paused, brought together, and ended where one of them panics.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::error::{Result, WordsError};
use crate::learn::Checkpointing;
use crate::observer::{Observer, Progress};

/// How often the observer hears of progress and is asked whether to stop.
pub(crate) const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Learning that took this long is set aside at its end, too.
const WORTH_KEEPING: Duration = Duration::from_secs(10);

/// What tells the threads to begin nothing new.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    pause: AtomicBool,
    stop: AtomicBool,
}

impl Signals {
    /// Whether to begin nothing new: to stop for good, or for a checkpoint.
    pub(crate) fn pausing(&self) -> bool {
        self.pause.load(Ordering::Relaxed)
    }

    /// Runs `work(thread, meeting)` in that many threads until all return. They are asked to pause when the
    /// observer interrupts or that much time has passed.
    ///
    /// # Panics
    /// With the panic of a thread, after the others have paused.
    pub(crate) fn run(
        &self,
        threads: usize,
        work: impl Fn(usize, &Meeting) + Sync,
        longest: Option<Duration>,
        progress: impl Fn() -> Progress,
        observer: &dyn Observer,
    ) {
        self.pause.store(false, Ordering::Relaxed);
        let meeting = Meeting::new(threads);
        let started = Instant::now();
        thread::scope(|scope| {
            let caller = thread::current();
            let workers: Vec<_> = (0..threads)
                .map(|thread| {
                    let (caller, meeting, work) = (caller.clone(), &meeting, &work);
                    scope.spawn(move || {
                        let ended = catch_unwind(AssertUnwindSafe(|| work(thread, meeting)));
                        if ended.is_err() {
                            self.pause.store(true, Ordering::Relaxed);
                            meeting.call_off();
                        }
                        caller.unpark();
                        ended
                    })
                })
                .collect();
            // The last report comes when all is done, however short that was.
            let mut done = false;
            while !done {
                done = workers.iter().all(ScopedJoinHandle::is_finished);
                if !done {
                    thread::park_timeout(REPORT_EVERY);
                }
                self.stop.fetch_or(observer.interrupted(), Ordering::Relaxed);
                let time_is_up = longest.is_some_and(|longest| started.elapsed() >= longest);
                if time_is_up || self.stop.load(Ordering::Relaxed) {
                    self.pause.store(true, Ordering::Relaxed);
                }
                observer.progress(&progress());
            }
            for worker in workers {
                if let Err(panic) = worker.join().flatten() {
                    resume_unwind(panic);
                }
            }
        });
    }

    /// Learns segment after segment until one has done all (true), and sets the state aside after each.
    ///
    /// # Errors
    /// Those of `set_aside`, and [`WordsError::Interrupted`] where the observer stopped a segment.
    pub(crate) fn learn_all(
        &self,
        checkpointing: Option<&Checkpointing>,
        segment: impl Fn(Option<Duration>) -> bool,
        set_aside: impl Fn(&Checkpointing) -> Result<()>,
    ) -> Result<()> {
        let set_aside = || checkpointing.map_or(Ok(()), &set_aside);
        let mut began = Instant::now();
        while !segment(checkpointing.map(|checkpointing| checkpointing.every)) {
            set_aside()?;
            began = Instant::now();
            if self.stop.load(Ordering::Relaxed) {
                return Err(WordsError::Interrupted);
            }
        }
        if began.elapsed() >= WORTH_KEEPING {
            // Whoever stops what comes after the learning need not learn again.
            set_aside()?;
        }
        Ok(())
    }
}

/// Where the threads wait for each other. Other than at [`std::sync::Barrier`], nobody waits for one that panicked.
#[derive(Debug)]
pub(crate) struct Meeting {
    threads: usize,
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    arrived: usize,
    /// Meetings held so far.
    held: usize,
    called_off: bool,
}

impl Meeting {
    fn new(threads: usize) -> Self {
        Meeting {
            threads,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits for all threads. False where one of them will not come any more: return at once then.
    #[must_use]
    pub(crate) fn wait(&self) -> bool {
        let mut state = self.state();
        let number = state.held;
        state.arrived += 1;
        if state.arrived == self.threads {
            state.arrived = 0;
            state.held += 1;
            self.changed.notify_all();
        }
        let waits = |state: &mut Waiting| state.held == number && !state.called_off;
        let state = self.changed.wait_while(state, waits);
        !state.unwrap_or_else(PoisonError::into_inner).called_off
    }

    fn call_off(&self) {
        self.state().called_off = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::observer::{Stage, Unobserved};

    fn progress() -> Progress {
        Progress {
            stage: Stage::Learning,
            done: 0,
            total: 1,
            epoch: 0,
            loss: None,
            learning_rate: 0.0,
        }
    }

    fn panic_of(work: impl Fn(usize, &Meeting) + Sync) -> String {
        let signals = Signals::default();
        let run = || signals.run(4, &work, None, progress, &Unobserved);
        let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        (*panic.downcast::<&str>().unwrap()).to_owned()
    }

    #[test]
    fn a_panic_ends_threads_that_wait_for_each_other() {
        for last_words in [0, 1, 5] {
            let panic = panic_of(|thread, meeting| {
                for number in 0.. {
                    assert!(number <= last_words, "met without the thread that panicked");
                    if thread == 2 && number == last_words {
                        panic!("of thread 2");
                    }
                    if !meeting.wait() {
                        return;
                    }
                }
            });
            assert_eq!(panic, "of thread 2");
        }
    }

    #[test]
    fn a_panic_pauses_threads_that_do_not_wait() {
        let signals = Signals::default();
        let work = |thread: usize, _: &Meeting| {
            assert!(thread != 1, "thread 1 fails");
            while !signals.pausing() {
                thread::yield_now();
            }
        };
        let run = || signals.run(3, work, None, progress, &Unobserved);
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    }

    #[test]
    fn all_threads_meet_as_often_as_they_like() {
        let (signals, arrived) = (Signals::default(), AtomicUsize::new(0));
        let work = |_: usize, meeting: &Meeting| {
            for number in 1..=100 {
                arrived.fetch_add(1, Ordering::Relaxed);
                assert!(meeting.wait());
                assert_eq!(arrived.load(Ordering::Relaxed), number * 3);
                assert!(meeting.wait());
            }
        };
        signals.run(3, work, None, progress, &Unobserved);
        assert_eq!(arrived.into_inner(), 300);
    }
}
