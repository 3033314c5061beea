//! Named, supervised tasks; readiness; orderly shutdown.
//!
//! A process starts its long-lived tasks through a [`Lifecycle`]. A first signal asks all of them to stop and waits for
//! what is in hand; a second one, or the end of the grace period, gives up. A task that ends although nobody asked is a
//! crash: the process stops, and its exit code says so.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Shortest and longest pause before a supervised task is started again.
const RESTART_DELAY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// Handle to the life of the process; clones share it.
#[derive(Clone)]
pub struct Lifecycle {
    stopping: CancellationToken,
    tracker: TaskTracker,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    running: BTreeMap<&'static str, u32>,
    latches: BTreeMap<&'static str, bool>,
    crash: Option<String>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Lifecycle {
    /// A life that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stopping: CancellationToken::new(),
            tracker: TaskTracker::new(),
            state: Arc::default(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // the state stays usable whatever panicked while holding it: every change is a single insert
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancelled when the process should finish what it has in hand and end.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Asks everything to stop.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Runs `task` until the process stops. If it ends or panics before, that is a crash of the process.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let this = self.clone();
        self.tracker.spawn(async move {
            this.entered(name);
            let result = tokio::spawn(task).await;
            this.left(name);
            if this.stopping.is_cancelled() {
                if let Ok(Err(error)) = result {
                    tracing::warn!(
                        task = name,
                        error = format!("{error:#}"),
                        "task ended with an error while stopping"
                    );
                }
                return;
            }
            let reason = match result {
                Ok(Ok(())) => format!("{name} ended although nobody asked it to"),
                Ok(Err(error)) => format!("{name} failed: {error:#}"),
                Err(panic) => format!("{name} panicked: {panic}"),
            };
            tracing::error!(task = name, "{reason}");
            this.state().crash.get_or_insert(reason);
            this.stop();
        });
    }

    /// Runs `make()` again and again until the process stops, with a growing pause after each failure.
    pub fn supervise<M, F>(&self, name: &'static str, make: M)
    where
        M: Fn() -> F + Send + 'static,
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let this = self.clone();
        self.tracker.spawn(async move {
            let mut delay = RESTART_DELAY.0;
            while !this.stopping.is_cancelled() {
                this.entered(name);
                let began = tokio::time::Instant::now();
                let result = tokio::spawn(make()).await;
                this.left(name);
                if this.stopping.is_cancelled() {
                    return;
                }
                let reason = match result {
                    Ok(Ok(())) => "ended".to_owned(),
                    Ok(Err(error)) => format!("{error:#}"),
                    Err(panic) => format!("panicked: {panic}"),
                };
                metrics::counter!("keylight_task_restarts_total", "task" => name).increment(1);
                if began.elapsed() > RESTART_DELAY.1 {
                    delay = RESTART_DELAY.0;
                }
                tracing::warn!(
                    task = name,
                    retry_in_ms = delay.as_millis(),
                    reason,
                    "task is started again"
                );
                tokio::select! {
                    () = tokio::time::sleep(delay) => {}
                    () = this.stopping.cancelled() => return,
                }
                delay = (delay * 2).min(RESTART_DELAY.1);
            }
        });
    }

    /// A named condition that must be true before the process counts as ready. False at first.
    #[must_use]
    pub fn latch(&self, name: &'static str) -> Latch {
        self.state().latches.entry(name).or_insert(false);
        Latch {
            name,
            decides: true,
            lifecycle: self.clone(),
        }
    }

    /// A named condition that is told as a metric like a [`Lifecycle::latch`] but does not decide about readiness.
    #[must_use]
    pub fn indicator(&self, name: &'static str) -> Latch {
        Latch {
            name,
            decides: false,
            lifecycle: self.clone(),
        }
    }

    /// Each readiness condition and whether it holds. Nothing is ready once the process is stopping.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let latches = self.state().latches.clone();
        Readiness {
            stopping: self.stopping.is_cancelled(),
            latches,
        }
    }

    /// Number of running instances by task name.
    #[must_use]
    pub fn tasks(&self) -> BTreeMap<&'static str, u32> {
        self.state().running.clone()
    }

    fn entered(&self, name: &'static str) {
        *self.state().running.entry(name).or_insert(0) += 1;
        metrics::gauge!("keylight_tasks_running", "task" => name).increment(1.0);
    }

    fn left(&self, name: &'static str) {
        if let Some(count) = self.state().running.get_mut(name) {
            *count = count.saturating_sub(1);
        }
        metrics::gauge!("keylight_tasks_running", "task" => name).decrement(1.0);
    }

    /// Waits until everything was asked to stop, then until every task has ended, `grace` at the most.
    ///
    /// # Errors
    /// With the reason of the crash, if a task ended unasked; or with the names of tasks that did not end in time.
    pub async fn finished(&self, grace: Duration) -> anyhow::Result<()> {
        self.stopping.cancelled().await;
        self.tracker.close();
        let in_time = tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_ok();
        let state = self.state();
        if let Some(reason) = &state.crash {
            anyhow::bail!("{reason}");
        }
        if !in_time {
            let late: Vec<_> = state
                .running
                .iter()
                .filter(|(_, n)| **n > 0)
                .map(|(name, _)| *name)
                .collect();
            anyhow::bail!(
                "did not end within {} s: {}",
                grace.as_secs(),
                late.join(", ")
            );
        }
        Ok(())
    }
}

/// One readiness condition.
#[derive(Clone)]
pub struct Latch {
    name: &'static str,
    decides: bool,
    lifecycle: Lifecycle,
}

impl Latch {
    /// Says whether the condition holds.
    pub fn set(&self, holds: bool) {
        let before = if self.decides {
            self.lifecycle.state().latches.insert(self.name, holds)
        } else {
            None
        };
        if before != Some(holds) {
            metrics::gauge!("keylight_ready", "part" => self.name).set(f64::from(u8::from(holds)));
        }
    }
}

/// What stands between the process and readiness.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// The process was asked to stop.
    pub stopping: bool,
    /// Conditions by name.
    pub latches: BTreeMap<&'static str, bool>,
}

impl Readiness {
    /// Whether the process should get work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.stopping && self.latches.values().all(|holds| *holds)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn an_unexpected_end_is_a_crash() {
        let life = Lifecycle::new();
        life.spawn("short", async { Ok(()) });
        let error = life.finished(Duration::from_secs(5)).await.unwrap_err();
        assert!(error.to_string().contains("short"), "{error}");
    }

    #[tokio::test]
    async fn a_task_that_ends_when_asked_is_no_crash() {
        let life = Lifecycle::new();
        let stopping = life.stopping();
        life.spawn("long", async move {
            stopping.cancelled().await;
            Ok(())
        });
        life.stop();
        life.finished(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_task_that_does_not_stop_is_named() {
        let life = Lifecycle::new();
        life.spawn("stubborn", std::future::pending());
        tokio::task::yield_now().await;
        life.stop();
        let error = life.finished(Duration::from_millis(50)).await.unwrap_err();
        assert!(error.to_string().contains("stubborn"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_supervised_task_is_started_again_after_error_and_panic() {
        let life = Lifecycle::new();
        let runs = Arc::new(AtomicU32::new(0));
        let (counted, stopping) = (runs.clone(), life.clone());
        life.supervise("flaky", move || {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            let stopping = stopping.clone();
            async move {
                match run {
                    0 => anyhow::bail!("no luck"),
                    1 => panic!("worse luck"),
                    _ => {
                        stopping.stop();
                        Ok(())
                    }
                }
            }
        });
        life.finished(Duration::from_secs(5)).await.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn an_indicator_does_not_decide() {
        let life = Lifecycle::new();
        life.indicator("database").set(false);
        assert!(life.readiness().is_ready());
    }

    #[test]
    fn ready_only_when_every_latch_holds_and_not_stopping() {
        let life = Lifecycle::new();
        let (db, broker) = (life.latch("db"), life.latch("broker"));
        db.set(true);
        assert!(!life.readiness().is_ready());
        broker.set(true);
        assert!(life.readiness().is_ready());
        life.stop();
        assert!(!life.readiness().is_ready());
    }
}
