//! Ctrl-C and SIGTERM: a flag that the long loops look at, so that they can clean up and leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Result, TrainError};

/// A signal so soon after the first is the same wish: `timeout` and some terminals send it to the process and to
/// its group.
const SAME_WISH: Duration = Duration::from_secs(1);

/// Whether somebody asked to stop. Clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// A flag that Ctrl-C sets; a second Ctrl-C, a second later or more, ends the process at once. Call it once in a process.
    pub fn on_signals() -> Result<Self> {
        let interrupt = Interrupt::default();
        let flag = interrupt.clone();
        let mut first: Option<Instant> = None;
        let handler = move || {
            flag.0.store(true, Ordering::SeqCst);
            if first.get_or_insert_with(Instant::now).elapsed() >= SAME_WISH {
                // Without tidying up, which would pull libtorch from under the threads that compute.
                signal_hook::low_level::exit(130);
            }
        };
        ctrlc::set_handler(handler)
            .map_err(|error| TrainError::Config(format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(interrupt)
    }

    /// Asks to stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// `Err(Interrupted)` once somebody asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::SeqCst) {
            Err(TrainError::Interrupted)
        } else {
            Ok(())
        }
    }
}
