//! `GET /api/submissions/{id}`.

use super::{json::SubmissionJson, page::ListQuery};
use crate::{
    app::{App, Door},
    entity::answered,
    envelope::{Record, Versioned as _},
    requests::{Noun, Parameters, PathTexts},
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use keylight_contracts::v1::GetSubmissionRequest;
use keylight_web::error::ApiError;

/// One application. With `deleted=true` also when it is deleted.
#[utoipa::path(
    get,
    path = "/api/submissions/{id}",
    operation_id = "get_submission",
    tag = "submissions",
    params(("id" = i64, Path, minimum = 0), ListQuery),
    responses(
        (status = 200, description = "The application", body = Record<SubmissionJson>),
        (status = 304, description = "The caller has this answer already")
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::SUBMISSION)?;
    let also = ListQuery::read(&query)?;
    if also == ListQuery::default() {
        let found = app.reads.submission(id).await.map(tonic::Response::new);
        return Ok(Record::new(SubmissionJson::from(answered(found)?)).unless_known(&headers));
    }
    let request = GetSubmissionRequest {
        id,
        with_user: also.with_user(),
        with_project: also.with_project(),
        include_deleted: also.deleted(),
    };
    let submission = answered(app.entity().get_submission(request).await)?;
    Ok(Record::new(SubmissionJson::from(submission)).unless_known(&headers))
}

/// The submission as it is now, with its version, for callers whose picture of it is out of date.
pub(super) async fn current(app: &Door, id: i64) -> Result<(i64, serde_json::Value), ApiError> {
    let request = GetSubmissionRequest {
        id,
        ..Default::default()
    };
    let submission = SubmissionJson::from(answered(app.entity().get_submission(request).await)?);
    Ok((submission.version(), serde_json::json!(submission)))
}
