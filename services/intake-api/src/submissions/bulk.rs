//! `POST /api/submissions/bulk`: status or assignee of many.

use super::filter::SubmissionFilters;
use crate::{
    access::Who, app::App, entity::answered, envelope::Record, openapi::choices, requests::Sent,
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{BulkChangeReply, BulkChangeRequest, BulkOutcome};
use keylight_domain::submissions::MAX_NOTES;
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// Most submissions of one request.
const MAX_IDS: usize = 1000;

/// What becomes of which applications: either `ids` or `filter`, and at least one of `status`, `admin_notes` and
/// `assignee`.
#[derive(ToSchema)]
#[schema(example = json!({"ids": [1, 2], "status": "reviewed", "preview": true}))]
pub(crate) struct BulkChange {
    #[schema(min_items = 1, max_items = 1000)]
    ids: Option<Vec<i64>>,
    /// Those that match, at most 1000 at a time; must say something.
    filter: Option<SubmissionFilters>,
    #[schema(value_type = Option<choices::SubmissionStatus>)]
    status: Option<String>,
    #[schema(max_length = 20_000)]
    admin_notes: Option<String>,
    /// Staff account (UUID); `null` takes the assignment away.
    assignee: Option<String>,
    /// Only say what would change.
    preview: Option<bool>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What became of each.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkResult {
    preview: bool,
    changed: i64,
    unchanged: i64,
    failed: i64,
    /// Further matches of the filter, for the next request.
    left: i64,
    outcomes: Vec<BulkOutcomeJson>,
}

/// What became of one.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkOutcome)]
pub(crate) struct BulkOutcomeJson {
    id: i64,
    /// `changed` (or would be), `unchanged`, `failed`
    result: String,
    /// Why it failed: an error code, and a sentence.
    code: Option<String>,
    message: Option<String>,
    from_status: Option<String>,
    to_status: Option<String>,
    from_assignee: Option<String>,
    to_assignee: Option<String>,
}

impl From<BulkOutcome> for BulkOutcomeJson {
    fn from(outcome: BulkOutcome) -> Self {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        Self {
            id: outcome.id,
            result: outcome.result,
            code: filled(outcome.code),
            message: filled(outcome.message),
            from_status: filled(outcome.from_status),
            to_status: filled(outcome.to_status),
            from_assignee: filled(outcome.from_assignee),
            to_assignee: filled(outcome.to_assignee),
        }
    }
}

impl BulkResult {
    fn new(reply: BulkChangeReply, preview: bool) -> Self {
        Self {
            preview,
            changed: reply.changed,
            unchanged: reply.unchanged,
            failed: reply.failed,
            left: reply.left,
            outcomes: reply.outcomes.into_iter().map(Into::into).collect(),
        }
    }
}

/// Changes status, notes or assignee of many applications, each for itself: one that fails hinders no other.
#[utoipa::path(
    post,
    path = "/api/submissions/bulk",
    operation_id = "change_submissions",
    tag = "submissions",
    request_body = BulkChange,
    responses((status = 200, description = "What became of each, or would", body = Record<BulkResult>))
)]
pub(crate) async fn bulk(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let asked = read(&sent)?;
    let preview = asked.preview.unwrap_or(false);
    let request = BulkChangeRequest {
        ids: asked.ids.unwrap_or_default(),
        filter: asked.filter.map(|filter| filter.wire()),
        status: asked.status,
        admin_notes: asked.admin_notes,
        assignee: asked.assignee,
        preview,
        caller: sent.caller(&app, &who, asked.reason),
    };
    let reply = answered(app.entity().bulk_change(request).await)?;
    Ok(Record::new(BulkResult::new(reply, preview)).ok())
}

fn read(sent: &Sent) -> Result<BulkChange, ApiError> {
    let mut fields = sent.fields()?;
    let filter = fields.object("filter").map(|mut inner| {
        let filter = SubmissionFilters::from_fields(&mut inner);
        let is_empty = filter.is_empty() && !inner.has_problems();
        fields.include("filter", inner);
        if is_empty {
            fields.problem("filter", "must say something; everything is too much");
        }
        filter
    });
    let asked = BulkChange {
        ids: fields.numbers("ids", MAX_IDS),
        filter,
        status: fields
            .choice("status", &choices::SubmissionStatus::words())
            .filter(|text| !text.is_empty()),
        admin_notes: fields.filled("admin_notes", MAX_NOTES),
        assignee: fields.uuid("assignee"),
        preview: fields.flag("preview"),
        reason: fields.reason(),
    };
    if !fields.has_problems() {
        if asked.ids.as_ref().is_some_and(Vec::is_empty) {
            fields.problem("ids", "must hold at least one");
        }
        if asked.ids.is_some() == asked.filter.is_some() {
            fields.problem("ids", "or filter is required, and not both");
        }
        if asked.status.is_none() && asked.admin_notes.is_none() && asked.assignee.is_none() {
            fields.problem("status", "or admin_notes or assignee is required");
        }
    }
    fields.finish()?;
    Ok(asked)
}
