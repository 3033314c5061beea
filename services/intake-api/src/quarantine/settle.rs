//! What becomes of a caught application.

use super::json::QuarantinedJson;
use crate::{
    access::Who,
    app::{App, Door},
    entity::answered_about,
    envelope::Record,
    requests::{Noun, PathTexts, Reason, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::SettleQuarantineRequest;
use keylight_web::error::ApiError;

/// Makes a submission of a caught application.
#[utoipa::path(
    post,
    path = "/api/quarantine/{id}/release",
    operation_id = "release_quarantined",
    tag = "quarantine",
    params(("id" = String, Path, format = Uuid)),
    request_body = Option<Reason>,
    responses(
        (status = 200, description = "What was put aside, with the id of its submission", body = Record<QuarantinedJson>),
        (status = 409, description = "It was settled already, or its e-mail address has applied")
    )
)]
pub(crate) async fn release(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    settle(&app, &who, &path, &sent, true).await
}

/// Dismisses a caught application; it is kept for 30 days more.
#[utoipa::path(
    post,
    path = "/api/quarantine/{id}/dismiss",
    operation_id = "dismiss_quarantined",
    tag = "quarantine",
    params(("id" = String, Path, format = Uuid)),
    request_body = Option<Reason>,
    responses(
        (status = 200, description = "What was put aside", body = Record<QuarantinedJson>),
        (status = 409, description = "It was settled already")
    )
)]
pub(crate) async fn dismiss(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    settle(&app, &who, &path, &sent, false).await
}

async fn settle(
    app: &Door,
    who: &Who,
    path: &PathTexts,
    sent: &Sent,
    release: bool,
) -> Result<Response, ApiError> {
    let id = path.uuid(Noun::QUARANTINED)?;
    let reason = Reason::of(sent)?;
    let request = SettleQuarantineRequest {
        id,
        release,
        caller: sent.caller(app, who, reason),
    };
    let settled = answered_about(
        Noun::QUARANTINED,
        app.entity().settle_quarantine(request).await,
    )?;
    let message = if release {
        "Application released"
    } else {
        "Application dismissed"
    };
    Ok(Record::done(message, QuarantinedJson::from(settled)).ok())
}
