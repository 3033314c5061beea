//! `GET /api/records/check`: what does not fit together.

use crate::{
    app::App,
    entity::answered_in_its_words,
    envelope::{Record, time},
    requests::Parameters,
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{self, CheckRecordsRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

const DEFAULT_EXAMPLES: i32 = 20;

/// How much to show.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct CheckQuery {
    /// Most cases shown of each rule; 20 when nothing is said. They are counted all the same.
    #[param(minimum = 1, maximum = 1000)]
    examples: Option<i32>,
}

/// Something that does not fit.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordProblem)]
pub(crate) struct ProblemJson {
    rule: String,
    /// `user`, `project`, `submission`
    entity: String,
    entity_id: i64,
    /// In words, without personal data.
    detail: String,
    /// What a repair would do; empty when a person has to decide.
    remedy: String,
}

impl From<v1::RecordProblem> for ProblemJson {
    fn from(problem: v1::RecordProblem) -> Self {
        Self {
            rule: problem.rule,
            entity: problem.entity,
            entity_id: problem.entity_id,
            detail: problem.detail,
            remedy: problem.remedy,
        }
    }
}

/// The cases of one rule.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleReport)]
pub(crate) struct RuleJson {
    rule: String,
    meaning: String,
    count: i64,
    repairable: bool,
    examples: Vec<ProblemJson>,
}

/// Every rule across records, with what breaks it.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordReport)]
pub(crate) struct ReportJson {
    #[schema(format = DateTime)]
    at: Option<String>,
    rules: Vec<RuleJson>,
}

/// Checks every rule across users, projects and submissions.
#[utoipa::path(
    get,
    path = "/api/records/check",
    operation_id = "check_records",
    tag = "records",
    params(CheckQuery),
    responses((status = 200, description = "The report", body = Record<ReportJson>))
)]
pub(crate) async fn check(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let request = CheckRecordsRequest {
        examples: query
            .number("examples", 1, 1000)?
            .and_then(|examples| i32::try_from(examples).ok())
            .unwrap_or(DEFAULT_EXAMPLES),
    };
    let report = answered_in_its_words(app.records().check_records(request).await)?;
    let rules = report.rules.into_iter().map(|rule| RuleJson {
        rule: rule.rule,
        meaning: rule.meaning,
        count: rule.count,
        repairable: rule.repairable,
        examples: rule.examples.into_iter().map(ProblemJson::from).collect(),
    });
    Ok(Record::new(ReportJson {
        at: time(report.at.as_ref()),
        rules: rules.collect(),
    })
    .ok())
}
