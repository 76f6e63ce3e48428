//! Ctrl-C and SIGTERM: a flag that the long loops look at, so that they can clean up and leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Result, TrainError};

/// Whether somebody asked to stop. Clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// A flag that Ctrl-C sets; a second Ctrl-C ends the process at once. Call it once in a process.
    pub fn on_signals() -> Result<Self> {
        let interrupt = Interrupt::default();
        let flag = interrupt.clone();
        let handler = move || {
            if flag.0.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
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
