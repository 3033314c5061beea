//! Time, ids and randomness, injected so that rules and tests can choose them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The outside world as far as it is not deterministic.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
    /// A new id, ordered by time (UUID version 7).
    fn new_id(&self) -> Uuid;
    /// A random number in `[0, 1)`, to spread retries.
    fn jitter(&self) -> f64;
}

/// The real world.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn jitter(&self) -> f64 {
        rand::random()
    }
}
