//! Serving a simulator on a listener, webhooks included.

use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::connection::{SimListener, Wire};
use crate::routes::router;
use crate::sim::Sim;
use crate::webhooks::delivery;

/// How long open connections may go on after the stop.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until `stop`, then writes the state file.
///
/// # Errors
/// The HTTP client for webhooks cannot be made, or the listener breaks.
pub async fn serve(listener: TcpListener, sim: Sim, stop: CancellationToken) -> anyhow::Result<()> {
    // Ends the webhooks whichever way the server ends.
    let stopping = stop.child_token();
    let _guard = stopping.clone().drop_guard();
    let server = axum::serve(
        SimListener::new(listener, stopping.clone()),
        router(sim.clone()).into_make_service_with_connect_info::<Wire>(),
    )
    .with_graceful_shutdown(stopping.clone().cancelled_owned());
    let server = async {
        tokio::select! {
            ended = async { server.await } => ended.context("the simulator's listener broke"),
            () = async {
                stopping.cancelled().await;
                tokio::time::sleep(GRACE).await;
            } => Ok(()),
        }
    };
    let webhooks = delivery::run(sim.clone(), stopping.clone());
    let (served, delivered) = tokio::join!(
        async {
            let ended = server.await;
            stopping.cancel();
            ended
        },
        async {
            let ended = webhooks.await;
            stopping.cancel();
            ended
        }
    );
    // The state file is small work on a thread of its own, so that a slow disk blocks nobody.
    tokio::task::spawn_blocking(move || sim.save()).await?;
    served.and(delivered)
}
