//! `GET /api/test-db`: whether the database answers.

use crate::{
    access::{Role, Routes, Rule, Scope},
    app::App,
    entity::answered,
};
use axum::{extract::State, response::IntoResponse as _, response::Response};
use http::{HeaderValue, StatusCode, header};
use keylight_contracts::{time::from_wire, v1::CheckDatabaseRequest};
use keylight_web::{reply::Json, time::iso_millis};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let rule = Rule::Role(Role::Viewer, Scope::RecordsRead);
    Routes::new().add(rule, routes!(test_db))
}

/// The database answers.
#[derive(Serialize, ToSchema)]
#[schema(as = DatabaseConnected)]
struct Connected {
    status: &'static str,
    timestamp: String,
    postgres_version: String,
    pool_stats: Pool,
}

/// Connections to the database.
#[derive(Serialize, ToSchema)]
struct Pool {
    total: u32,
    idle: u32,
    waiting: u32,
}

/// Tells nothing of the reason, which is in the log.
#[derive(Serialize, ToSchema)]
#[schema(as = DatabaseAway)]
struct Failed {
    status: &'static str,
    timestamp: String,
}

/// Whether the database answers.
#[utoipa::path(
    get,
    path = "/api/test-db",
    operation_id = "test_database",
    tag = "service",
    responses(
        (status = 200, description = "It answers", body = Connected),
        (status = 503, description = "It does not answer", body = Failed)
    )
)]
async fn test_db(State(app): State<App>) -> Response {
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
