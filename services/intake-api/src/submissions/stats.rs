//! `GET /api/submissions/stats`, and the counts that stand beside lists.

use super::page;
use crate::{app::App, envelope::Record};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::SubmissionStatsReply;
use keylight_domain::submissions::percentage;
use keylight_web::error::ApiError;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// Counts as clients know them: decimal texts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    #[schema(value_type = String)]
    total: Text,
    #[schema(value_type = String)]
    new_count: Text,
    #[schema(value_type = String)]
    reviewed_count: Text,
    #[schema(value_type = String)]
    qualified_count: Text,
    #[schema(value_type = String)]
    disqualified_count: Text,
    #[schema(value_type = String)]
    contacted_count: Text,
    #[schema(value_type = String)]
    homebuyer_count: Text,
    #[schema(value_type = String)]
    developer_count: Text,
    #[schema(value_type = String)]
    recent_count: Text,
}

/// A number that is written as text.
#[derive(Clone, Copy)]
struct Text(i64);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl From<SubmissionStatsReply> for Counts {
    fn from(reply: SubmissionStatsReply) -> Self {
        Self {
            total: Text(reply.total),
            new_count: Text(reply.new_count),
            reviewed_count: Text(reply.reviewed_count),
            qualified_count: Text(reply.qualified_count),
            disqualified_count: Text(reply.disqualified_count),
            contacted_count: Text(reply.contacted_count),
            homebuyer_count: Text(reply.homebuyer_count),
            developer_count: Text(reply.developer_count),
            recent_count: Text(reply.recent_count),
        }
    }
}

/// Counts with shares in percent, which are left out when there is nothing to share.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stats {
    #[serde(flatten)]
    counts: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    new_percentage: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    qualified_percentage: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    homebuyer_percentage: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    developer_percentage: Option<i64>,
}

impl From<Counts> for Stats {
    fn from(counts: Counts) -> Self {
        let share = |part: Text| percentage(part.0, counts.total.0);
        Self {
            new_percentage: share(counts.new_count),
            qualified_percentage: share(counts.qualified_count),
            homebuyer_percentage: share(counts.homebuyer_count),
            developer_percentage: share(counts.developer_count),
            counts,
        }
    }
}

/// Exact counts of applications.
#[utoipa::path(
    get,
    path = "/api/submissions/stats",
    operation_id = "submission_stats",
    tag = "submissions",
    responses((status = 200, description = "Counts, and shares in percent unless there is nothing to share", body = Record<Stats>))
)]
pub(crate) async fn stats(State(app): State<App>) -> Result<Response, ApiError> {
    let data = Stats::from(page::counts(&app).await?);
    Ok(Record::new(data).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_are_text_and_shares_are_numbers() {
        let reply = SubmissionStatsReply {
            total: 4,
            new_count: 1,
            homebuyer_count: 3,
            developer_count: 1,
            ..Default::default()
        };
        let shown = json!(Stats::from(Counts::from(reply)));
        assert_eq!(shown["total"], "4");
        assert_eq!(shown["reviewed_count"], "0");
        assert_eq!(
            (&shown["new_percentage"], &shown["homebuyer_percentage"]),
            (&json!(25), &json!(75))
        );
    }

    #[test]
    fn nothing_has_no_shares() {
        let shown = json!(Stats::from(Counts::from(SubmissionStatsReply::default())));
        assert_eq!(shown.get("new_percentage"), None);
        assert_eq!(shown.as_object().map(serde_json::Map::len), Some(9));
    }
}
