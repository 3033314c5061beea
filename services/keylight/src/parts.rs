//! The services of the process, each with a life of its own inside the process's.
//!
//! A service sees only its own readiness conditions, as it would alone; the process is ready when all are. They are
//! started in one order and stopped in the reverse one, so that whoever has work in hand still finds those it calls.

use anyhow::Context as _;
use futures::future::select_all;
use keylight_runtime::lifecycle::Lifecycle;
use std::time::Duration;

/// How often the readiness of the parts is told on.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The services in the order of their start.
#[derive(Default)]
pub(crate) struct Parts {
    parts: Vec<(&'static str, Lifecycle)>,
}

impl Parts {
    /// A life for the next service.
    pub(crate) fn add(&mut self, name: &'static str) -> Lifecycle {
        let life = Lifecycle::new();
        self.parts.push((name, life.clone()));
        life
    }

    /// Names of those that are not ready.
    pub(crate) fn waiting(&self) -> Vec<&'static str> {
        self.parts
            .iter()
            .filter(|(_, life)| !life.readiness().is_ready())
            .map(|(name, _)| *name)
            .collect()
    }

    /// Stops every part, the last one first, each for `grace` at the most.
    ///
    /// # Errors
    /// With the first part that failed or did not end.
    pub(crate) async fn stop(&self, grace: Duration) -> anyhow::Result<()> {
        let mut result = Ok(());
        for (name, life) in self.parts.iter().rev() {
            life.stop();
            let ended = life
                .finished(grace)
                .await
                .with_context(|| (*name).to_owned());
            result = result.and(ended);
        }
        result
    }

    /// Ties the parts to the life of the process: a part that fails ends the process, and the process's end ends them.
    pub(crate) fn attend(parts: std::sync::Arc<Self>, lifecycle: &Lifecycle, grace: Duration) {
        let latches: Vec<_> = parts
            .parts
            .iter()
            .map(|(name, life)| (lifecycle.latch(name), life.clone()))
            .collect();
        let stopping = lifecycle.stopping();
        lifecycle.spawn("readiness", async move {
            while tokio::time::timeout(LOOK_EVERY, stopping.cancelled())
                .await
                .is_err()
            {
                for (latch, life) in &latches {
                    latch.set(life.readiness().is_ready());
                }
            }
            Ok(())
        });

        let stopping = lifecycle.stopping();
        lifecycle.spawn("services", async move {
            let ended: Vec<_> = parts
                .parts
                .iter()
                .map(|(_, life)| Box::pin(life.stopping().cancelled_owned()))
                .collect();
            tokio::select! {
                () = stopping.cancelled() => {}
                // a part stops by itself only when one of its tasks has crashed; its end says which
                _ = select_all(ended) => {}
            }
            parts.stop(grace).await
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn the_door_closes_before_what_it_calls() {
        let (mut parts, order) = (Parts::default(), Arc::new(Mutex::new(Vec::new())));
        for name in ["record", "door"] {
            let life = parts.add(name);
            let (stopping, order) = (life.stopping(), order.clone());
            life.spawn(name, async move {
                stopping.cancelled().await;
                order.lock().unwrap().push(name);
                Ok(())
            });
        }
        let whole = Lifecycle::new();
        Parts::attend(Arc::new(parts), &whole, SOON);
        whole.stop();
        whole.finished(SOON).await.unwrap();
        assert_eq!(*order.lock().unwrap(), ["door", "record"]);
    }

    #[tokio::test]
    async fn a_part_that_fails_ends_the_process_and_is_named() {
        let mut parts = Parts::default();
        let (good, bad) = (parts.add("good"), parts.add("bad"));
        let stopping = good.stopping();
        good.spawn("steady", async move {
            stopping.cancelled().await;
            Ok(())
        });
        bad.spawn("flaky", async { anyhow::bail!("no luck") });
        let whole = Lifecycle::new();
        Parts::attend(Arc::new(parts), &whole, SOON);
        let error = whole.finished(SOON).await.unwrap_err().to_string();
        assert!(
            error.contains("bad") && error.contains("no luck"),
            "{error}"
        );
        assert!(good.stopping().is_cancelled());
    }

    #[tokio::test]
    async fn ready_when_every_part_is() {
        let mut parts = Parts::default();
        let latch = parts.add("slow").latch("database");
        parts.add("quick");
        let (parts, whole) = (Arc::new(parts), Lifecycle::new());
        Parts::attend(parts.clone(), &whole, SOON);
        assert_eq!(parts.waiting(), ["slow"]);
        assert!(!whole.readiness().is_ready());
        latch.set(true);
        while !whole.readiness().is_ready() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        whole.stop();
        whole.finished(SOON).await.unwrap();
    }
}
