//! `GET /health`: liveness for whoever watched the predecessor. Readiness is on the admin listener.

use crate::app::App;
use axum::{Router, extract::State, routing::get};
use keylight_web::{reply::Json, routes::TolerantRoutes as _, time::iso_millis};
use serde::Serialize;

pub(crate) fn routes() -> Router<App> {
    Router::new().tolerant_route("/health", get(health))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    timestamp: String,
    environment: &'static str,
    version: &'static str,
    /// Seconds.
    uptime: f64,
}

async fn health(State(app): State<App>) -> Json<Health> {
    Json::ok(Health {
        status: "OK",
        timestamp: iso_millis(app.deps.clock.now()),
        environment: app.environment(),
        version: env!("CARGO_PKG_VERSION"),
        uptime: app.began.elapsed().as_secs_f64(),
    })
}

impl crate::app::Door {
    /// Name of the mode we run in.
    pub(crate) const fn environment(&self) -> &'static str {
        if self.production {
            "production"
        } else {
            "development"
        }
    }
}
