//! `POST /api/records/repair`: mends what breaks one rule.

use super::check::ProblemJson;
use crate::{
    access::Who, app::App, entity::answered_in_its_words, envelope::Record, requests::Sent,
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::RepairRecordsRequest;
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

const MAX_RULE: usize = 100;
const MAX_IDS: usize = 1000;

/// What to mend.
#[derive(ToSchema)]
#[schema(example = json!({"rule": "submission_counts_wrong", "preview": true}))]
pub(crate) struct Repair {
    /// The rule, as the check names it.
    #[schema(min_length = 1, max_length = 100)]
    rule: String,
    /// Only these records; all of the rule when nothing is said.
    #[schema(max_items = 1000)]
    ids: Option<Vec<i64>>,
    /// Only say what would be done.
    preview: Option<bool>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What was mended, or would be.
#[derive(Serialize, ToSchema)]
#[schema(as = RepairReport)]
pub(crate) struct RepairJson {
    repaired: Vec<ProblemJson>,
    /// All of them; `repaired` may show fewer.
    count: i64,
    /// What a person has to decide.
    left: Vec<ProblemJson>,
}

/// Mends the cases of one rule.
#[utoipa::path(
    post,
    path = "/api/records/repair",
    operation_id = "repair_records",
    tag = "records",
    request_body = Repair,
    responses((status = 200, description = "What was mended, or would be", body = Record<RepairJson>))
)]
pub(crate) async fn repair(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let asked = Repair {
        rule: fields.required("rule", MAX_RULE),
        ids: fields.numbers("ids", MAX_IDS),
        preview: fields.flag("preview"),
        reason: fields.reason(),
    };
    fields.finish()?;
    let request = RepairRecordsRequest {
        rule: asked.rule,
        entity_ids: asked.ids.unwrap_or_default(),
        preview: asked.preview.unwrap_or(false),
        caller: sent.caller(&app, &who, asked.reason),
    };
    let report = answered_in_its_words(app.records().repair_records(request).await)?;
    Ok(Record::new(RepairJson {
        repaired: report.repaired.into_iter().map(ProblemJson::from).collect(),
        count: report.count,
        left: report.left.into_iter().map(ProblemJson::from).collect(),
    })
    .ok())
}
