//! The control interface under `/_sim/`: no token, no rate limit, not in the request log.

mod edits;
mod people;
mod seed;
mod seed_forms;
mod snapshots;
mod structure;
mod switches;
mod time;
mod views;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, body::Bytes};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::attachments::files::LARGEST_KEPT;
use crate::auth::Actor;
use crate::errors::ApiError;
use crate::sim::Sim;

/// Largest state that can be loaded.
const LARGEST_STATE: usize = 512 * 1024 * 1024;

pub(crate) fn routes() -> Router<Sim> {
    Router::new()
        .route("/health", get(views::health))
        .route("/log", get(views::log).delete(views::clear_log))
        .route("/rate", get(views::rate))
        .route("/webhooks", get(views::webhooks))
        .route("/deliveries", get(views::deliveries))
        .route("/tasks", get(views::tasks))
        .route(
            "/tasks/{id}",
            get(views::task).post(edits::task).delete(edits::delete),
        )
        .route("/tasks/{id}/status", post(edits::status))
        .route("/tasks/{id}/comment", post(edits::comment))
        .route(
            "/tasks/{id}/attachments",
            post(people::attach).layer(DefaultBodyLimit::max(LARGEST_KEPT)),
        )
        .route("/tasks/{id}/move", post(people::to_list))
        .route(
            "/comments/{id}",
            post(people::edit_comment).delete(people::delete_comment),
        )
        .route("/lists/{id}/tasks", post(edits::create))
        .route("/webhooks/{id}/suspend", post(edits::suspend))
        .route(
            "/faults",
            get(switches::faults)
                .post(switches::add_faults)
                .delete(switches::clear_faults),
        )
        .route("/faults/{id}", delete(switches::remove_fault))
        .route("/down", post(switches::down))
        .route("/up", post(switches::up))
        .route("/rate_limit", post(switches::rate_limit))
        .route(
            "/options",
            get(switches::options).post(switches::set_options),
        )
        .route("/seed", post(seed::seed))
        .route(
            "/lists/{id}/statuses/rename",
            post(structure::rename_status),
        )
        .route("/lists/{id}", delete(structure::delete_list))
        .route("/folders/{id}", delete(structure::delete_folder))
        .route("/spaces/{id}", delete(structure::delete_space))
        .route(
            "/fields/{id}",
            post(structure::edit_field).delete(structure::delete_field),
        )
        .route("/snapshots", get(snapshots::list).post(snapshots::take))
        .route(
            "/snapshots/{name}",
            get(snapshots::show).delete(snapshots::forget),
        )
        .route("/diff", get(snapshots::diff))
        .route(
            "/state",
            get(snapshots::save)
                .post(snapshots::load)
                .layer(DefaultBodyLimit::max(LARGEST_STATE)),
        )
        .route("/webhook_retry", post(switches::webhook_retry))
        .route("/clock", get(time::clock).post(time::set_clock))
        .route("/clock/advance", post(time::advance))
        .route("/reset", post(switches::reset))
        .route("/board/{file}", get(crate::board::data))
}

/// Who acts: Sam Staff unless `?as=USER_ID` or `?as=automation` says another.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Who {
    #[serde(rename = "as")]
    name: Option<String>,
}

impl Who {
    fn named(name: Option<String>) -> Self {
        Self { name }
    }

    fn actor(self, sim: &Sim) -> Result<Actor, Refusal> {
        match self.name.as_deref() {
            None => Ok(Actor::PERSON),
            Some("automation") => Ok(Actor::AUTOMATION),
            Some(id) => {
                let known = id
                    .parse()
                    .ok()
                    .filter(|id| sim.read(|world| world.workspace.user(*id).is_some()));
                let user = known.ok_or_else(|| Refusal::bad("as names a user or automation"))?;
                Ok(Actor {
                    user,
                    via_api: false,
                })
            }
        }
    }
}

/// A refusal of the control interface: one sentence.
#[derive(Debug)]
pub(crate) struct Refusal(StatusCode, String);

impl Refusal {
    pub(crate) fn bad(sentence: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, sentence.into())
    }
}

impl Refusal {
    pub(crate) fn absent(sentence: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, sentence.into())
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        // A control call has no token that could be at fault: unknown is simply not there.
        let status = match error.status {
            401 | 404 => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        let sentence = match error.status {
            401 => "no such id".to_owned(),
            _ => error.err.into_owned(),
        };
        Self(status, sentence)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

/// A JSON body, whatever content type the caller sent.
pub(crate) fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| Refusal::bad(format!("body: {error}")))
}
