//! The audit log: who did what to which record, and why.

use crate::{
    app::{App, Door},
    entity::answered_in_its_words,
    envelope::{Listing, PaginationJson},
    requests::{Noun, PageQuery, Parameters, PathTexts},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{AuditEntry, ListAuditRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Which entries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct AuditQuery {
    /// Kind of record: `user`, `project`, `submission`, `staff`, `token`, `setting`.
    #[param(max_length = 255)]
    entity: Option<String>,
    /// Number or UUID of the record.
    #[param(rename = "entityId", max_length = 255)]
    entity_id: Option<String>,
    /// Who did it, for example `staff:ada` or `clickup`.
    #[param(max_length = 255)]
    actor: Option<String>,
    /// Everything that followed from one request.
    #[param(rename = "correlationId")]
    correlation_id: Option<uuid::Uuid>,
}

/// One entry.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryJson {
    id: i64,
    /// RFC 3339
    at: String,
    actor: String,
    action: String,
    entity: String,
    entity_id: String,
    /// Changed columns before; null when there is nothing to say.
    before: Value,
    /// Changed columns after; null when there is nothing to say.
    after: Value,
    why: Option<String>,
    correlation_id: Option<String>,
}

impl From<AuditEntry> for EntryJson {
    fn from(entry: AuditEntry) -> Self {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        let columns = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            entity: entry.entity,
            entity_id: entry.entity_id,
            before: columns(&entry.before),
            after: columns(&entry.after),
            why: filled(entry.why),
            correlation_id: filled(entry.correlation_id),
        }
    }
}

async fn entries(
    app: &Door,
    query: &Parameters,
    mut request: ListAuditRequest,
) -> Result<Response, ApiError> {
    let page = PageQuery::read(query)?.following();
    request.page = Some(page.wire());
    let found = answered_in_its_words(app.records().list_audit(request).await)?;
    let entries = found.entries.into_iter().map(EntryJson::from).collect();
    Ok(Listing::new(entries, PaginationJson::followed(&page, found.next)).ok())
}

/// The audit log, newest first.
#[utoipa::path(
    get,
    path = "/api/audit",
    operation_id = "list_audit",
    tag = "records",
    params(AuditQuery, PageQuery),
    responses((status = 200, description = "A part of the log", body = Listing<EntryJson>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let request = ListAuditRequest {
        entity: query.text("entity")?,
        entity_id: query.text("entityId")?,
        actor: query.text("actor")?,
        correlation_id: query.uuid("correlationId")?,
        page: None,
    };
    entries(&app, &query, request).await
}

async fn of_record(
    app: &Door,
    entity: &str,
    id: i64,
    query: &Parameters,
) -> Result<Response, ApiError> {
    let request = ListAuditRequest {
        entity: Some(entity.to_owned()),
        entity_id: Some(id.to_string()),
        ..Default::default()
    };
    entries(app, query, request).await
}

/// What was done to one submission, newest first; also after its deletion.
#[utoipa::path(
    get,
    path = "/api/submissions/{id}/audit",
    operation_id = "audit_of_submission",
    tag = "submissions",
    params(("id" = i64, Path, minimum = 0), PageQuery),
    responses((status = 200, description = "A part of the log", body = Listing<EntryJson>))
)]
pub(crate) async fn of_submission(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    of_record(&app, "submission", path.id(Noun::SUBMISSION)?, &query).await
}

/// What was done to one person, newest first; also after a deletion.
#[utoipa::path(
    get,
    path = "/api/users/{id}/audit",
    operation_id = "audit_of_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0), PageQuery),
    responses((status = 200, description = "A part of the log", body = Listing<EntryJson>))
)]
pub(crate) async fn of_user(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    of_record(&app, "user", path.id(Noun::USER)?, &query).await
}

/// What was done to one project, newest first; also after its deletion.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/audit",
    operation_id = "audit_of_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0), PageQuery),
    responses((status = 200, description = "A part of the log", body = Listing<EntryJson>))
)]
pub(crate) async fn of_project(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    of_record(&app, "project", path.id(Noun::PROJECT)?, &query).await
}
