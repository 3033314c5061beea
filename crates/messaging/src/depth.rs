//! How full the queues are, as a metric: what autoscaling and alerts look at.

use crate::{MessageBus, Queue};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Sets `keylight_bus_queue_messages{queue,state}` every `period` until `stopping`. A bus that is away sets nothing.
///
/// # Errors
/// Never; it has the form of a supervised task.
pub async fn report(
    bus: Arc<dyn MessageBus>,
    queues: &'static [&'static Queue],
    period: Duration,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        for queue in queues {
            match bus.depth(queue).await {
                Ok(depth) => {
                    for (state, count) in [
                        ("ready", depth.ready),
                        ("delayed", depth.delayed),
                        ("dead", depth.dead),
                    ] {
                        // counts stay far below 2^52
                        metrics::gauge!("keylight_bus_queue_messages", "queue" => queue.name, "state" => state).set(count as f64);
                    }
                }
                Err(error) => {
                    tracing::debug!(queue = queue.name, error = %error, "queue depth is not known")
                }
            }
        }
    }
}
