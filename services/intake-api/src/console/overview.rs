//! The console's first page. Each part stands alone: when analytics is away, the rest is still shown.

use super::{
    Visitor,
    chart::{self, Chart, DayCount},
};
use crate::{
    access::Who,
    app::{App, Door},
    entity::answered,
    pages::page,
};
use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::{
    time::from_wire,
    v1::{
        ListSubmissionsRequest, Submission, SubmissionStatsReply, SubmissionStatsRequest,
        SubmissionsPerDayRequest,
    },
};
use keylight_domain::submissions::SubmissionStatus;
use keylight_web::error::ApiError;

/// Rows of the list of newest applications.
const NEWEST: i32 = 20;

/// The page.
#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    visitor: Visitor,
    stats: Option<SubmissionStatsReply>,
    chart: Option<Chart>,
    newest: Option<Vec<Row>>,
    statuses: &'static [SubmissionStatus],
}

/// One application in the list.
struct Row {
    id: i64,
    full_name: String,
    category: String,
    status: String,
    received: String,
    sync_state: String,
    clickup_url: Option<String>,
}

pub(super) async fn overview(who: Who, State(app): State<App>) -> Response {
    let (stats, per_day, newest) = tokio::join!(stats(&app), per_day(&app), newest(&app));
    let status = if stats.is_err() && newest.is_err() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let view = OverviewPage {
        visitor: Visitor::of(&who),
        stats: shown("stats", stats),
        chart: shown("submissions per day", per_day),
        newest: shown("newest", newest),
        statuses: SubmissionStatus::ALL,
    };
    page(status, &view)
}

/// What is there; the reason why something is not goes to the log.
fn shown<T>(part: &str, result: Result<T, ApiError>) -> Option<T> {
    result
        .inspect_err(|error| {
            let cause = error.cause.as_deref().unwrap_or_default();
            tracing::warn!(
                part,
                code = error.code,
                cause,
                "part of the console is not available"
            );
        })
        .ok()
}

async fn stats(app: &Door) -> Result<SubmissionStatsReply, ApiError> {
    answered(
        app.entity()
            .submission_stats(SubmissionStatsRequest {})
            .await,
    )
}

async fn per_day(app: &Door) -> Result<Chart, ApiError> {
    let reply = answered(
        app.analytics()
            .submissions_per_day(SubmissionsPerDayRequest::default())
            .await,
    )?;
    let counts = reply.counts.into_iter().map(|count| DayCount {
        day: count.day,
        status: count.status,
        count: count.count,
    });
    Ok(Chart::new(counts))
}

async fn newest(app: &Door) -> Result<Vec<Row>, ApiError> {
    let request = ListSubmissionsRequest {
        filter: None,
        page: 1,
        page_size: NEWEST,
        ..Default::default()
    };
    let page = answered(app.entity().list_submissions(request).await)?;
    Ok(page.submissions.into_iter().map(Row::from).collect())
}

impl From<Submission> for Row {
    fn from(submission: Submission) -> Self {
        let received = submission.created_at.as_ref().and_then(from_wire);
        Self {
            id: submission.id,
            full_name: submission.full_name,
            category: submission.buyer_category,
            status: submission.status.unwrap_or_default(),
            received: received
                .map(|time| time.format("%Y-%m-%d %H:%M").to_string())
                .unwrap_or_default(),
            sync_state: submission.sync_state,
            // a link is only made of what a browser opens as a page
            clickup_url: submission
                .clickup_url
                .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        }
    }
}
