//! `GET /api/clickup/mapping/drift`: where the live lists lack what the active mapping names.

use crate::{
    app::App,
    entity::answered_in_its_words,
    envelope::{Record, time},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{self, ListMappingDriftRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// Something that a list lacks.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingDrift)]
pub(crate) struct DriftJson {
    list_id: String,
    /// A field of ours, or `list` when the whole list is gone.
    field: String,
    /// The value without a place; null when all of the field is concerned.
    code: Option<String>,
    problem: String,
    /// What to do about it.
    remedy: String,
    /// Submissions that it concerns.
    records: i64,
    /// The first of them.
    sample: Vec<i64>,
    #[schema(format = DateTime)]
    first_seen_at: Option<String>,
    #[schema(format = DateTime)]
    seen_at: Option<String>,
}

impl From<v1::MappingDrift> for DriftJson {
    fn from(drift: v1::MappingDrift) -> Self {
        Self {
            list_id: drift.list_id,
            field: drift.field,
            code: (!drift.code.is_empty()).then_some(drift.code),
            problem: drift.problem,
            remedy: drift.remedy,
            records: drift.records,
            sample: drift.sample,
            first_seen_at: time(drift.first_seen_at.as_ref()),
            seen_at: time(drift.seen_at.as_ref()),
        }
    }
}

/// What the last check found.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingDrifts)]
pub(crate) struct DriftsJson {
    drifts: Vec<DriftJson>,
    /// Null before the first check.
    #[schema(format = DateTime)]
    checked_at: Option<String>,
}

/// Where the ClickUp lists lack what the active mapping names, with the submissions that it concerns.
#[utoipa::path(
    get,
    path = "/api/clickup/mapping/drift",
    operation_id = "list_mapping_drift",
    tag = "clickup",
    responses((status = 200, description = "What the last check found", body = Record<DriftsJson>))
)]
pub(crate) async fn list(State(app): State<App>) -> Result<Response, ApiError> {
    let request = ListMappingDriftRequest {};
    let found = answered_in_its_words(app.mapping().list_mapping_drift(request).await)?;
    Ok(Record::new(DriftsJson {
        drifts: found.drifts.into_iter().map(Into::into).collect(),
        checked_at: time(found.checked_at.as_ref()),
    })
    .ok())
}
