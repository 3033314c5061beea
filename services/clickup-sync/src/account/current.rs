//! What works with the account of now. There is none before one is set up, and another one after it was changed.

use crate::{remote::Remote, worker::Worker};
use std::sync::{Arc, PoisonError, RwLock};

/// A worker and the ClickUp that it calls.
#[derive(Clone)]
pub struct Working {
    /// ClickUp.
    pub remote: Arc<Remote>,
    /// The worker.
    pub worker: Worker,
}

/// Where everybody finds it. Clones share it.
#[derive(Clone, Default)]
pub struct Current(Arc<RwLock<Option<Working>>>);

impl Current {
    /// What works now; `None` without an account.
    #[must_use]
    pub fn get(&self) -> Option<Working> {
        // replaced as a whole, so whole whatever panicked
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts another in its place.
    pub fn set(&self, working: Option<Working>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = working;
    }
}
