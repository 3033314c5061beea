//! `GET /api/test-db`: whether the database answers.

use crate::{admin::Admin, app::App, entity::answered};
use axum::{Router, extract::State, response::IntoResponse as _, response::Response, routing::get};
use http::{HeaderValue, StatusCode, header};
use keylight_contracts::{time::from_wire, v1::CheckDatabaseRequest};
use keylight_web::{reply::Json, routes::TolerantRoutes as _, time::iso_millis};
use serde::Serialize;

pub(crate) fn routes() -> Router<App> {
    Router::new().tolerant_route("/api/test-db", get(test_db))
}

#[derive(Serialize)]
struct Connected {
    status: &'static str,
    timestamp: String,
    postgres_version: String,
    pool_stats: Pool,
}

#[derive(Serialize)]
struct Pool {
    total: u32,
    idle: u32,
    waiting: u32,
}

/// Tells nothing of the reason, which is in the log.
#[derive(Serialize)]
struct Failed {
    status: &'static str,
    timestamp: String,
}

async fn test_db(_: Admin, State(app): State<App>) -> Response {
    match answered(app.entity().check_database(CheckDatabaseRequest {}).await) {
        Ok(checked) => Json::ok(Connected {
            status: "Database connected successfully",
            timestamp: iso_millis(
                checked
                    .timestamp
                    .as_ref()
                    .and_then(from_wire)
                    .unwrap_or_else(|| app.deps.clock.now()),
            ),
            postgres_version: checked.postgres_version,
            pool_stats: Pool {
                total: checked.pool_total,
                idle: checked.pool_idle,
                waiting: 0,
            },
        })
        .into_response(),
        Err(error) => {
            tracing::warn!(
                code = error.code,
                cause = error.cause.as_deref().unwrap_or_default(),
                "database check failed"
            );
            let failed = Failed {
                status: "Database connection failed",
                timestamp: iso_millis(app.deps.clock.now()),
            };
            let mut response = Json(StatusCode::SERVICE_UNAVAILABLE, failed).into_response();
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
    }
}
