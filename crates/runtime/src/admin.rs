//! `/live`, `/ready` and `/metrics`, on a listener of their own that is never public.

use crate::{lifecycle::Lifecycle, telemetry};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpListener;

/// Serves the admin endpoints until the process stops.
pub fn serve(listener: TcpListener, lifecycle: &Lifecycle) {
    let app = router(lifecycle.clone());
    let stopping = lifecycle.stopping();
    lifecycle.spawn("admin-listener", async move {
        // goes last: probes must be able to see that the process is stopping
        axum::serve(listener, app)
            .with_graceful_shutdown(stopping.cancelled_owned())
            .await?;
        Ok(())
    });
    let stopping = lifecycle.stopping();
    lifecycle.spawn("metrics-upkeep", async move {
        while tokio::time::timeout(Duration::from_secs(5), stopping.cancelled())
            .await
            .is_err()
        {
            telemetry::tidy_metrics();
        }
        Ok(())
    });
}

fn router(lifecycle: Lifecycle) -> Router {
    Router::new()
        // liveness never looks at anything else: a database that is away is no reason to restart us
        .route("/live", get(|| async { Json(json!({ "status": "live" })) }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(lifecycle)
}

async fn ready(State(lifecycle): State<Lifecycle>) -> Response {
    let readiness = lifecycle.readiness();
    let (code, status) = match (readiness.stopping, readiness.is_ready()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, true) => (StatusCode::OK, "ready"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let body = json!({ "status": status, "parts": readiness.latches, "tasks": lifecycle.tasks() });
    (code, Json(body)).into_response()
}

async fn metrics() -> Response {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        telemetry::render_metrics(),
    )
        .into_response()
}
