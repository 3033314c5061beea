//! Whether ClickUp is there. While it is away nobody calls but a probe that changes nothing: so an outage leaves as few
//! uncertain calls behind as possible, and ends for all at once.

use chrono::{DateTime, Utc};
use keylight_clickup::{Class, ClickUpError};
use keylight_domain::sync::backoff::{Failure, pause};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Failures in a row, without a success between, that make an outage. One is enough when nobody listens.
const ENOUGH: u32 = 2;

#[derive(Default)]
struct State {
    failures: u32,
    /// when the next probe may be sent; `None` = no outage
    probe_at: Option<DateTime<Utc>>,
    why: &'static str,
}

/// The gate in front of all calls of a process.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    began: Notify,
}

impl Gate {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // plain numbers: whole whatever panicked
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `Err` with the time of the next probe while calls make no sense.
    ///
    /// # Errors
    /// During an outage, or while the token is dead.
    pub fn check(&self) -> Result<(), DateTime<Utc>> {
        self.state().probe_at.map_or(Ok(()), Err)
    }

    /// Notes a failed call.
    pub fn failed(&self, error: &ClickUpError, now: DateTime<Utc>, jitter: f64) {
        let failure = match error.class {
            // a page that is not ClickUp's is somebody standing in for it
            Class::Unreachable | Class::Retry | Class::Unexpected => Failure::Away,
            Class::TokenDead => Failure::TokenDead,
            // the service is there and answered
            Class::RateLimited
            | Class::Gone
            | Class::Forbidden
            | Class::StatusUnknown
            | Class::FieldRefused
            | Class::AlreadyExists
            | Class::PlanLimit
            | Class::OurFault => return self.answered(),
        };
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let at_once = matches!(error.class, Class::Unreachable | Class::TokenDead);
        if !at_once && state.failures < ENOUGH && state.probe_at.is_none() {
            return;
        }
        if state.probe_at.is_none() {
            tracing::warn!(
                class = error.class.as_str(),
                "clickup does not work, calls wait until a probe succeeds"
            );
            metrics::gauge!("keylight_clickup_outage").set(1.0);
        }
        let wait = pause(failure, state.failures, jitter).min(std::time::Duration::from_secs(5));
        state.why = error.class.as_str();
        state.probe_at = Some(now + chrono::TimeDelta::from_std(wait).unwrap_or_default());
        drop(state);
        self.began.notify_one();
    }

    /// Notes a call that was answered. Does not end an outage: only a probe does.
    pub fn answered(&self) {
        let mut state = self.state();
        if state.probe_at.is_none() {
            state.failures = 0;
        }
    }

    /// Ends the outage; whether there was one.
    pub fn open(&self) -> bool {
        let mut state = self.state();
        state.failures = 0;
        let was_closed = state.probe_at.take().is_some();
        if was_closed {
            tracing::info!(class = state.why, "clickup works again");
            metrics::gauge!("keylight_clickup_outage").set(0.0);
        }
        was_closed
    }

    /// Waits until there is an outage; the time for the next probe.
    pub async fn outage(&self) -> DateTime<Utc> {
        loop {
            let probe_at = self.state().probe_at;
            if let Some(probe_at) = probe_at {
                return probe_at;
            }
            self.began.notified().await;
        }
    }
}
