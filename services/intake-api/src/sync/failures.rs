//! `/api/sync/failures`: records whose last try failed, and trying them again.

use super::json::FailureJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::{Listing, PaginationJson, Record},
    requests::{NO_MOMENT, PageQuery, Parameters, Sent, moment},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{FailureFilter, ListFailuresRequest, ReplayFailuresRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

const MAX_IDS: usize = 1000;
const MAX_LIMIT: i64 = 1000;
const MAX_NAME: usize = 30;

/// Which ones. Nothing said = all that were given up.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct FailuresQuery {
    /// Kind of trouble, as the answers name it.
    #[param(max_length = 30)]
    class: Option<String>,
    /// Id of the list in ClickUp.
    #[param(rename = "listId", max_length = 30)]
    list_id: Option<String>,
    /// Began to fail on this day or at this time, or later.
    from: Option<String>,
    /// Began to fail before this time, or at the latest on this day.
    to: Option<String>,
    /// Also those that are tried again by themselves.
    waiting: Option<bool>,
}

/// Records whose last try failed, in the order of their ids.
#[utoipa::path(
    get,
    path = "/api/sync/failures",
    operation_id = "list_sync_failures",
    tag = "sync",
    params(FailuresQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<FailureJson>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?.following();
    let filter = FailureFilter {
        submission_ids: Vec::new(),
        class: query.text("class")?.unwrap_or_default(),
        list_id: query.text("listId")?.unwrap_or_default(),
        from: query.from("from")?,
        to: query.to("to")?,
        waiting_too: query.flag("waiting")?.unwrap_or(false),
    };
    let after = match page.place() {
        "" => 0,
        place => place.parse().map_err(|_| {
            ApiError::fields(vec![
                "after must be what the last answer gave as next".to_owned(),
            ])
        })?,
    };
    let request = ListFailuresRequest {
        filter: Some(filter),
        size: page.size(),
        after,
    };
    let found = answered_in_its_words(app.sync_operations().list_failures(request).await)?;
    let next = if found.next > 0 {
        found.next.to_string()
    } else {
        String::new()
    };
    let failures = found.failures.into_iter().map(FailureJson::from).collect();
    Ok(Listing::new(failures, PaginationJson::followed(&page, next)).ok())
}

/// Which ones to try again. Nothing said = all that were given up.
#[derive(ToSchema)]
#[schema(example = json!({"class": "forbidden", "preview": true, "reason": "The list is shared now"}))]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct Replay {
    /// Only these; they may also be waiting for their next try.
    #[schema(max_items = 1000)]
    submission_ids: Option<Vec<i64>>,
    /// Only this kind of trouble.
    #[schema(max_length = 30)]
    class: Option<String>,
    /// Only this list.
    #[schema(max_length = 30)]
    list_id: Option<String>,
    /// Began to fail on this day or at this time, or later.
    from: Option<String>,
    /// Began to fail before this time, or at the latest on this day.
    to: Option<String>,
    /// Most records, the oldest ids first; 100 when nothing is said.
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<i32>,
    /// Only tell what would be called.
    preview: Option<bool>,
    /// Why, for the log of operations.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What one record would call.
#[derive(Serialize, ToSchema)]
#[schema(as = ForeseenCalls)]
struct ForeseenJson {
    submission_id: i64,
    /// Method and route, in order.
    calls: Vec<String>,
    /// What depends on the answers, or why there is no call.
    note: String,
}

/// What is tried again, or would be.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncReplay)]
pub(crate) struct ReplayJson {
    /// How many records.
    records: i64,
    /// Records of the filter beyond the limit.
    left: i64,
    submission_ids: Vec<i64>,
    /// For a preview: what the first 50 of them would call.
    foreseen: Vec<ForeseenJson>,
}

/// Tries failed records again, or with `preview` only tells which calls that would make.
#[utoipa::path(
    post,
    path = "/api/sync/failures/replay",
    operation_id = "replay_sync_failures",
    tag = "sync",
    request_body = Replay,
    responses((status = 200, description = "What is tried again, or would be", body = Record<ReplayJson>))
)]
pub(crate) async fn replay(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let mut time = |name: &str, days_on| {
        let text = fields.filled(name, 40)?;
        let read = moment(&text, days_on);
        if read.is_none() {
            fields.problem(name, NO_MOMENT);
        }
        read
    };
    let (from, to) = (time("from", 0), time("to", 1));
    let filter = FailureFilter {
        submission_ids: fields
            .numbers("submission_ids", MAX_IDS)
            .unwrap_or_default(),
        class: fields.filled("class", MAX_NAME).unwrap_or_default(),
        list_id: fields.filled("list_id", MAX_NAME).unwrap_or_default(),
        from,
        to,
        waiting_too: false,
    };
    let limit = fields.number("limit").unwrap_or(0);
    if limit > MAX_LIMIT {
        fields.problem("limit", format!("must be at most {MAX_LIMIT}"));
    }
    let preview = fields.flag("preview").unwrap_or(false);
    let reason = fields.reason();
    fields.finish()?;
    let request = ReplayFailuresRequest {
        filter: Some(filter),
        limit: i32::try_from(limit).unwrap_or(i32::MAX),
        preview,
        caller: sent.caller(&app, &who, reason),
    };
    let done = answered_in_its_words(app.sync_operations().replay_failures(request).await)?;
    let foreseen = done.foreseen.into_iter().map(|record| ForeseenJson {
        submission_id: record.submission_id,
        calls: record.calls,
        note: record.note,
    });
    Ok(Record::new(ReplayJson {
        records: done.records,
        left: done.left,
        submission_ids: done.submission_ids,
        foreseen: foreseen.collect(),
    })
    .ok())
}
