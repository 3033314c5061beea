//! `POST /api/sync/pause` and `/api/sync/resume`.

use super::json::PauseJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    requests::{Fields, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{PauseSyncRequest, ResumeSyncRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

const MAX_KEY: usize = 30;
const SCOPES: [&str; 3] = ["all", "list", "record"];

/// What to pause, or to resume.
#[derive(ToSchema)]
#[schema(example = json!({"scope": "record", "key": "1", "reason": "The client asked us to wait"}))]
pub(crate) struct PauseScope {
    /// `all`, `list` or `record`
    #[schema(max_length = 10)]
    scope: String,
    /// Id of the list in ClickUp or of the submission; not for all.
    #[schema(max_length = 30)]
    key: Option<String>,
    /// Why, for the log of operations.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl PauseScope {
    fn read(mut fields: Fields) -> Result<Self, ApiError> {
        let read = Self {
            scope: fields.required_choice("scope", &SCOPES),
            key: fields.filled("key", MAX_KEY),
            reason: fields.reason(),
        };
        fields.finish()?;
        Ok(read)
    }
}

/// A pause, and what is still under way.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncPaused)]
pub(crate) struct PausedJson {
    pause: Option<PauseJson>,
    /// Whether it was paused already; then who and why stay as they were.
    already: bool,
    /// Links that a worker still has in hand; they are finished.
    in_hand: i64,
}

/// What is left after a pause was ended.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncResumed)]
pub(crate) struct ResumedJson {
    /// Whether there was such a pause.
    was_paused: bool,
    pauses: Vec<PauseJson>,
}

/// Keeps everything, one list or one record from being worked on. What comes up meanwhile waits.
#[utoipa::path(
    post,
    path = "/api/sync/pause",
    operation_id = "pause_sync",
    tag = "sync",
    request_body = PauseScope,
    responses((status = 200, description = "The pause", body = Record<PausedJson>))
)]
pub(crate) async fn pause(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let asked = PauseScope::read(sent.fields()?)?;
    let request = PauseSyncRequest {
        scope: asked.scope,
        key: asked.key.unwrap_or_default(),
        caller: sent.caller(&app, &who, asked.reason),
    };
    let done = answered_in_its_words(app.sync_operations().pause_sync(request).await)?;
    Ok(Record::new(PausedJson {
        pause: done.pause.map(Into::into),
        already: done.already,
        in_hand: done.in_hand,
    })
    .ok())
}

/// Ends a pause; what has waited goes on.
#[utoipa::path(
    post,
    path = "/api/sync/resume",
    operation_id = "resume_sync",
    tag = "sync",
    request_body = PauseScope,
    responses((status = 200, description = "What is left", body = Record<ResumedJson>))
)]
pub(crate) async fn resume(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let asked = PauseScope::read(sent.fields()?)?;
    let request = ResumeSyncRequest {
        scope: asked.scope,
        key: asked.key.unwrap_or_default(),
        caller: sent.caller(&app, &who, asked.reason),
    };
    let done = answered_in_its_words(app.sync_operations().resume_sync(request).await)?;
    Ok(Record::new(ResumedJson {
        was_paused: done.was_paused,
        pauses: done.pauses.into_iter().map(Into::into).collect(),
    })
    .ok())
}
