//! Making one person of two, and undoing it.

use crate::{
    access::Who,
    app::App,
    entity::answered_about,
    envelope::{Listing, PaginationJson, Record, time},
    requests::{Noun, PageQuery, Parameters, PathTexts, Reason, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ListMergesRequest, Merge, MergePeopleRequest, UndoMergeRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// One person made of two.
#[derive(Serialize, ToSchema)]
#[schema(as = Merge)]
pub(crate) struct MergeJson {
    #[schema(format = Uuid)]
    id: String,
    /// Who stayed.
    kept_id: i64,
    /// Who went into the other.
    merged_id: i64,
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Who did it.
    actor: String,
    /// What moved.
    submission_ids: Vec<i64>,
    project_ids: Vec<i64>,
    #[schema(format = DateTime)]
    undone_at: Option<String>,
    /// What could not be put back.
    left: Vec<String>,
}

impl From<Merge> for MergeJson {
    fn from(merge: Merge) -> Self {
        Self {
            id: merge.id,
            kept_id: merge.kept_id,
            merged_id: merge.merged_id,
            at: time(merge.at.as_ref()),
            actor: merge.actor,
            submission_ids: merge.submission_ids,
            project_ids: merge.project_ids,
            undone_at: time(merge.undone_at.as_ref()),
            left: merge.left,
        }
    }
}

/// Who goes into the person of the path.
#[derive(ToSchema)]
#[schema(example = json!({"merge": 2, "reason": "Same person, two addresses"}))]
pub(crate) struct MergeUsers {
    /// The id of the person who goes.
    #[schema(minimum = 0)]
    merge: i64,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Moves submissions, projects and roles of another person to this one.
#[utoipa::path(
    post,
    path = "/api/users/{id}/merge",
    operation_id = "merge_users",
    tag = "users",
    params(("id" = i64, Path, minimum = 0)),
    request_body = MergeUsers,
    responses(
        (status = 200, description = "What moved", body = Record<MergeJson>),
        (status = 409, description = "They cannot be merged")
    )
)]
pub(crate) async fn merge(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let kept_id = path.id(Noun::USER)?;
    let mut fields = sent.fields()?;
    let asked = MergeUsers {
        merge: fields.required_number("merge"),
        reason: fields.reason(),
    };
    fields.finish()?;
    let request = MergePeopleRequest {
        kept_id,
        merged_id: asked.merge,
        caller: sent.caller(&app, &who, asked.reason),
    };
    let merged = answered_about(Noun::USER, app.people().merge_people(request).await)?;
    Ok(Record::done("Users merged successfully", MergeJson::from(merged)).ok())
}

/// Merges, newest first.
#[utoipa::path(
    get,
    path = "/api/users/merges",
    operation_id = "list_user_merges",
    tag = "users",
    params(PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<MergeJson>))
)]
pub(crate) async fn merges(
    State(app): State<App>,
    query: Parameters,
) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?.following();
    let request = ListMergesRequest {
        page: Some(page.wire()),
    };
    let found = answered_about(Noun::MERGE, app.people().list_merges(request).await)?;
    let merges = found.merges.into_iter().map(MergeJson::from).collect();
    Ok(Listing::new(merges, PaginationJson::followed(&page, found.next)).ok())
}

/// Puts everything that a merge moved back, unless it was moved again since.
#[utoipa::path(
    post,
    path = "/api/users/merges/{id}/undo",
    operation_id = "undo_user_merge",
    tag = "users",
    params(("id" = String, Path, format = Uuid)),
    request_body = Option<Reason>,
    responses(
        (status = 200, description = "What moved back, and what is left", body = Record<MergeJson>),
        (status = 409, description = "It was undone already, or cannot be")
    )
)]
pub(crate) async fn undo(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let merge_id = path.uuid(Noun::MERGE)?;
    let reason = Reason::of(&sent)?;
    let request = UndoMergeRequest {
        merge_id,
        caller: sent.caller(&app, &who, reason),
    };
    let undone = answered_about(Noun::MERGE, app.people().undo_merge(request).await)?;
    Ok(Record::done("Merge undone", MergeJson::from(undone)).ok())
}
