//! `GET /api/clickup/doctor`: what is wrong with the set-up.

use crate::{
    app::App,
    entity::answered_in_its_words,
    envelope::{Record, time},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ExamineSetupRequest, SetupCheck};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = SetupCheck)]
pub(super) struct CheckJson {
    /// `account`, `token`, `workspace`, `list`, `statuses`, `fields`, `webhook`, `sweep`, `canary`, `failures`, `pauses`
    name: String,
    /// `good`; `note`: it works, but somebody should know; `bad`; `unknown`: it could not be looked at
    state: String,
    /// In a sentence.
    found: String,
    /// Empty when there is nothing to do.
    remedy: String,
}

impl From<SetupCheck> for CheckJson {
    fn from(check: SetupCheck) -> Self {
        Self {
            name: check.name,
            state: check.state,
            found: check.found,
            remedy: check.remedy,
        }
    }
}

/// Everything that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = SetupReport)]
pub(crate) struct ReportJson {
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Checks that are bad or unknown.
    wrong: i32,
    checks: Vec<CheckJson>,
}

/// Looks at everything that the synchronisation with ClickUp needs, and says in plain words what is wrong. Makes up to five
/// calls to ClickUp.
#[utoipa::path(
    get,
    path = "/api/clickup/doctor",
    operation_id = "examine_clickup_setup",
    tag = "sync",
    responses((status = 200, description = "What was found", body = Record<ReportJson>))
)]
pub(crate) async fn examine(State(app): State<App>) -> Result<Response, ApiError> {
    let request = ExamineSetupRequest {};
    let report = answered_in_its_words(app.clickup_setup().examine_setup(request).await)?;
    Ok(Record::new(ReportJson {
        at: time(report.at.as_ref()),
        wrong: report.wrong,
        checks: report.checks.into_iter().map(Into::into).collect(),
    })
    .ok())
}
