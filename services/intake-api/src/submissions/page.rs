//! What lists have in common: a page of submissions, and the counts of everything beside it.

use super::stats::Counts;
use crate::{app::Door, entity::answered};
use keylight_contracts::v1::{
    ListSubmissionsRequest, SubmissionFilter, SubmissionPage, SubmissionStatsRequest,
};
use keylight_domain::submissions::{Filter, Paging};
use keylight_web::error::ApiError;

/// One page of the submissions that match, newest first.
pub(crate) async fn matching(
    app: &Door,
    filter: &Filter,
    paging: Paging,
) -> Result<SubmissionPage, ApiError> {
    if filter.matches_nothing() {
        return Ok(SubmissionPage::default());
    }
    let request = ListSubmissionsRequest {
        filter: Some(SubmissionFilter {
            status: filter.status.clone(),
            buyer_category: filter.buyer_category.clone(),
            build_budget: filter.build_budget.clone(),
            construction_timeline: filter.construction_timeline.clone(),
            ..Default::default()
        }),
        page: paging.page,
        page_size: paging.page_size,
        ..Default::default()
    };
    answered(app.entity().list_submissions(request).await)
}

/// The same with the counts of all submissions, whatever the filter.
pub(crate) async fn with_counts(
    app: &Door,
    filter: &Filter,
    paging: Paging,
) -> Result<(SubmissionPage, Counts), ApiError> {
    tokio::try_join!(matching(app, filter, paging), counts(app))
}

/// The counts of all submissions.
pub(crate) async fn counts(app: &Door) -> Result<Counts, ApiError> {
    answered(
        app.entity()
            .submission_stats(SubmissionStatsRequest {})
            .await,
    )
    .map(Counts::from)
}
