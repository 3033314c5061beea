//! `GET /api/sync/records/{id}`: why one record is not in sync, or that it is.

use super::json::{FailureJson, PauseJson};
use crate::{
    app::App,
    entity::answered_about,
    envelope::{Record, time},
    requests::{Noun, PathTexts},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::GetSyncRecordRequest;
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// How one record stands with ClickUp.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncRecord)]
pub(crate) struct RecordJson {
    submission_id: i64,
    task_id: Option<String>,
    task_url: Option<String>,
    /// `pending`, `synced`, `failed`
    state: String,
    /// `unborn`, `uncertain`, `linked`, `task_gone`, `unlinked`
    progress: String,
    #[schema(format = DateTime)]
    synced_at: Option<String>,
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// Whether a worker has it now.
    in_hand: bool,
    /// Fields that ClickUp has no place for.
    blocked: Vec<String>,
    /// Null when the last try did not fail.
    failure: Option<FailureJson>,
    /// Pauses that hold it.
    pauses: Vec<PauseJson>,
}

/// How one submission stands with ClickUp, with cause and remedy when something is in its way.
#[utoipa::path(
    get,
    path = "/api/sync/records/{id}",
    operation_id = "sync_record",
    tag = "sync",
    params(("id" = i64, Path, minimum = 0)),
    responses((status = 200, description = "How it stands", body = Record<RecordJson>))
)]
pub(crate) async fn record(State(app): State<App>, path: PathTexts) -> Result<Response, ApiError> {
    let submission_id = path.id(Noun::SUBMISSION)?;
    let request = GetSyncRecordRequest { submission_id };
    let found = answered_about(
        Noun::SUBMISSION,
        app.sync_operations().get_sync_record(request).await,
    )?;
    let link = found.link.unwrap_or_default();
    Ok(Record::new(RecordJson {
        submission_id,
        task_id: link.task_id,
        task_url: link.task_url,
        state: link.state,
        progress: found.progress,
        synced_at: time(link.synced_at.as_ref()),
        next_attempt_at: time(link.next_attempt_at.as_ref()),
        in_hand: found.in_hand,
        blocked: found.blocked,
        failure: found.failure.map(Into::into),
        pauses: found.pauses.into_iter().map(Into::into).collect(),
    })
    .ok())
}
