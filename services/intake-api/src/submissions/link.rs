//! `PATCH /api/submissions/{id}/project`: which project a submission belongs to.

use super::{get::current, json::SubmissionJson};
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    requests::{Noun, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::LinkSubmissionRequest;
use keylight_web::error::ApiError;
use utoipa::ToSchema;

/// The project of a submission.
#[derive(ToSchema)]
#[schema(example = json!({"project_id": 1, "reason": "Same house"}))]
pub(crate) struct SubmissionLink {
    /// `null` takes the link away.
    #[schema(required, minimum = 0)]
    project_id: Option<i64>,
    /// The version that was seen; another one is 409.
    #[schema(minimum = 0)]
    version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Links an application to a project that its person belongs to, or to none.
#[utoipa::path(
    patch,
    path = "/api/submissions/{id}/project",
    operation_id = "link_submission",
    tag = "submissions",
    params(("id" = i64, Path, minimum = 0)),
    request_body = SubmissionLink,
    responses(
        (status = 200, description = "The application after the change", body = Record<SubmissionJson>),
        (status = 404, description = "There is no such application or project"),
        (status = 409, description = "Changed meanwhile, or the person does not belong to the project"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn link(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::SUBMISSION)?;
    let mut fields = sent.fields()?;
    if !fields.has("project_id") {
        fields.problem("project_id", "is required; null takes the link away");
    }
    let link = SubmissionLink {
        project_id: fields.number("project_id"),
        version: fields.number("version"),
        reason: fields.reason(),
    };
    fields.finish()?;
    let precondition = sent.precondition(link.version);
    let request = LinkSubmissionRequest {
        submission_id: id,
        project_id: link.project_id.unwrap_or_default(),
        expected_version: precondition.expected(),
        caller: sent.caller(&app, &who, link.reason),
    };
    match answered_in_its_words(app.projects().link_submission(request).await) {
        Ok(linked) => {
            let submission = SubmissionJson::from(linked);
            Ok(Record::done("Submission linked", submission).changed(StatusCode::OK))
        }
        Err(error) => Err(precondition.explained(error, current(&app, id)).await),
    }
}
