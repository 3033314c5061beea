//! `GET /api/sync/operations`: who did what to the synchronisation.

use crate::{
    app::App,
    entity::answered_in_its_words,
    envelope::{Listing, PaginationJson, time},
    requests::{PageQuery, Parameters},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ListSyncOperationsRequest, SyncOperation};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// One entry.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncOperation)]
pub(crate) struct OperationJson {
    id: i64,
    #[schema(format = DateTime)]
    at: Option<String>,
    actor: String,
    /// `pause`, `resume`, `replay`, `connect`, `disconnect`
    action: String,
    target: String,
    /// How many records it touched.
    records: i64,
    reason: String,
    correlation_id: String,
}

impl From<SyncOperation> for OperationJson {
    fn from(operation: SyncOperation) -> Self {
        Self {
            id: operation.id,
            at: time(operation.at.as_ref()),
            actor: operation.actor,
            action: operation.action,
            target: operation.target,
            records: operation.records,
            reason: operation.reason,
            correlation_id: operation.correlation_id,
        }
    }
}

/// What people did to the synchronisation, newest first.
#[utoipa::path(
    get,
    path = "/api/sync/operations",
    operation_id = "list_sync_operations",
    tag = "sync",
    params(PageQuery),
    responses((status = 200, description = "A part of the log", body = Listing<OperationJson>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?.following();
    let before = match page.place() {
        "" => 0,
        place => place.parse().map_err(|_| {
            ApiError::fields(vec![
                "after must be what the last answer gave as next".to_owned(),
            ])
        })?,
    };
    let request = ListSyncOperationsRequest {
        size: page.size(),
        before,
    };
    let found = answered_in_its_words(app.sync_operations().list_sync_operations(request).await)?;
    let next = if found.next > 0 {
        found.next.to_string()
    } else {
        String::new()
    };
    let entries = found.operations.into_iter().map(Into::into).collect();
    Ok(Listing::<OperationJson>::new(entries, PaginationJson::followed(&page, next)).ok())
}
