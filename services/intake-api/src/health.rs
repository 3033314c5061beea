//! `GET /health`: liveness for whoever watched the predecessor. Readiness is on the admin listener.

use crate::{
    access::{Routes, Rule},
    app::App,
};
use axum::extract::State;
use keylight_web::{reply::Json, time::iso_millis};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::Public, routes!(health))
}

/// That the process runs.
#[derive(Serialize, ToSchema)]
struct Health {
    status: &'static str,
    timestamp: String,
    environment: &'static str,
    version: &'static str,
    /// Seconds.
    uptime: f64,
}

/// Whether this process runs; looks at nothing else.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "service",
    responses((status = 200, description = "It runs", body = Health))
)]
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
