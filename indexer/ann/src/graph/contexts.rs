//! Contexts that wait for their next walk: one per walk that ran at the same time.

use std::sync::{Mutex, PoisonError};

use crate::walk::Context;

#[derive(Debug, Default)]
pub(crate) struct ContextPool(Mutex<Vec<Context>>);

impl ContextPool {
    /// Runs `walk` with a context of the pool.
    pub fn with<T>(&self, walk: impl FnOnce(&mut Context) -> T) -> T {
        let waiting = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut context = waiting().pop().unwrap_or_default();
        let found = walk(&mut context);
        waiting().push(context);
        found
    }
}
