//! `GET /api/clickup/mapping` and its versions.

use super::json::VersionJson;
use crate::{
    app::{App, Door},
    entity::answered_in_its_words,
    envelope::Record,
    requests::{Noun, Parameters, PathTexts},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{GetMappingRequest, ListMappingVersionsRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: i32 = 20;

async fn get(app: &Door, version: Option<i64>) -> Result<Response, ApiError> {
    let request = GetMappingRequest { version };
    let found = answered_in_its_words(app.mapping().get_mapping(request).await)?;
    Ok(Record::new(VersionJson::from(found)).ok())
}

/// The active mapping.
#[utoipa::path(
    get,
    path = "/api/clickup/mapping",
    operation_id = "active_mapping",
    tag = "clickup",
    responses((status = 200, description = "The active version with its document", body = Record<VersionJson>))
)]
pub(crate) async fn active(State(app): State<App>) -> Result<Response, ApiError> {
    get(&app, None).await
}

/// One version of the mapping; 0 is "everything by its name".
#[utoipa::path(
    get,
    path = "/api/clickup/mapping/versions/{id}",
    operation_id = "mapping_version",
    tag = "clickup",
    params(("id" = i64, Path, minimum = 0)),
    responses((status = 200, description = "The version with its document", body = Record<VersionJson>))
)]
pub(crate) async fn one(State(app): State<App>, path: PathTexts) -> Result<Response, ApiError> {
    get(&app, Some(path.id(Noun::MAPPING_VERSION)?)).await
}

/// Which versions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct VersionsQuery {
    /// Only versions before this one.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// Most versions; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i32>,
}

/// Versions of the mapping.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingVersions)]
pub(crate) struct VersionsJson {
    versions: Vec<VersionJson>,
}

/// The versions of the mapping, newest first, without their documents.
#[utoipa::path(
    get,
    path = "/api/clickup/mapping/versions",
    operation_id = "list_mapping_versions",
    tag = "clickup",
    params(VersionsQuery),
    responses((status = 200, description = "The versions", body = Record<VersionsJson>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let request = ListMappingVersionsRequest {
        before: query.number("before", 1, i64::MAX)?.unwrap_or(0),
        limit: query
            .number("limit", 1, 100)?
            .and_then(|limit| i32::try_from(limit).ok())
            .unwrap_or(DEFAULT_LIMIT),
    };
    let found = answered_in_its_words(app.mapping().list_mapping_versions(request).await)?;
    Ok(Record::new(VersionsJson {
        versions: found.versions.into_iter().map(Into::into).collect(),
    })
    .ok())
}
