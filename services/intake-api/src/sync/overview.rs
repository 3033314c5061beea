//! `GET /api/sync`: what a person looks at first.

use super::json::PauseJson;
use crate::{
    app::App,
    entity::answered_in_its_words,
    envelope::{Record, time},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::GetSyncOverviewRequest;
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// Records with one kind of trouble.
#[derive(Serialize, ToSchema)]
#[schema(as = FailureCount)]
struct CountJson {
    class: String,
    /// Tried again by themselves.
    waiting: i64,
    /// Given up until somebody asks.
    dead: i64,
    remedy: String,
}

/// Queue, budget, trouble and pauses.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncOverview)]
pub(crate) struct OverviewJson {
    /// Whether there is an account to work with.
    connected: bool,
    links: i64,
    /// Links that want work now or later.
    backlog: i64,
    failed: i64,
    /// Links that a worker has in hand.
    in_hand: i64,
    #[schema(format = DateTime)]
    oldest_due_at: Option<String>,
    /// Calls that ClickUp allows in its present window; 0 before the first.
    budget_limit: i32,
    budget_used: i32,
    #[schema(format = DateTime)]
    budget_resets_at: Option<String>,
    /// `active`, `failing`, `suspended`, `missing`
    webhook_health: String,
    #[schema(format = DateTime)]
    last_sweep_at: Option<String>,
    failures: Vec<CountJson>,
    pauses: Vec<PauseJson>,
}

/// How the synchronisation with ClickUp stands.
#[utoipa::path(
    get,
    path = "/api/sync",
    operation_id = "sync_overview",
    tag = "sync",
    responses((status = 200, description = "How it stands", body = Record<OverviewJson>))
)]
pub(crate) async fn overview(State(app): State<App>) -> Result<Response, ApiError> {
    let request = GetSyncOverviewRequest {};
    let found = answered_in_its_words(app.sync_operations().get_sync_overview(request).await)?;
    let status = found.status.unwrap_or_default();
    let failures = found.failures.into_iter().map(|count| CountJson {
        class: count.class,
        waiting: count.waiting,
        dead: count.dead,
        remedy: count.remedy,
    });
    Ok(Record::new(OverviewJson {
        connected: found.connected,
        links: status.links,
        backlog: status.backlog,
        failed: status.failed,
        in_hand: found.in_hand,
        oldest_due_at: time(status.oldest_due_at.as_ref()),
        budget_limit: status.budget_limit,
        budget_used: status.budget_used,
        budget_resets_at: time(status.budget_resets_at.as_ref()),
        webhook_health: status.webhook_health,
        last_sweep_at: time(status.last_sweep_at.as_ref()),
        failures: failures.collect(),
        pauses: found.pauses.into_iter().map(Into::into).collect(),
    })
    .ok())
}
