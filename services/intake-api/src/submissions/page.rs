//! What lists have in common: a page of submissions, and the counts of everything beside it.

use super::{
    filter::SubmissionFilters,
    json::{SubmissionJson, many},
    stats::Counts,
};
use crate::{
    app::Door,
    entity::answered,
    envelope::{Listing, PaginationJson},
    requests::{PageQuery, Parameters},
};
use keylight_contracts::v1::{ListSubmissionsRequest, SubmissionFilter, SubmissionPage};
use keylight_web::error::ApiError;
use std::sync::Arc;
use tonic::Response;
use utoipa::IntoParams;

const EMBEDDED: [&str; 2] = ["user", "project"];

/// What else is wanted of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// What to show along, separated by commas: `user`, `project`.
    #[param(rename = "embed", value_type = Option<String>, pattern = "^(user|project)(,(user|project))*$")]
    with: (bool, bool),
    /// Only deleted submissions.
    #[param(value_type = Option<bool>)]
    deleted: bool,
}

impl ListQuery {
    pub(crate) fn read(query: &Parameters) -> Result<Self, ApiError> {
        let embed = query.choices("embed", &EMBEDDED)?;
        Ok(Self {
            with: (embed.contains(&"user"), embed.contains(&"project")),
            deleted: query.flag("deleted")?.unwrap_or(false),
        })
    }

    pub(crate) const fn with_user(self) -> bool {
        self.with.0
    }

    pub(crate) const fn with_project(self) -> bool {
        self.with.1
    }

    pub(crate) const fn deleted(self) -> bool {
        self.deleted
    }
}

/// One page of the submissions that match, newest first.
pub(crate) async fn matching(
    app: &Door,
    filter: SubmissionFilter,
    page: &PageQuery,
    also: ListQuery,
) -> Result<SubmissionPage, ApiError> {
    let request = ListSubmissionsRequest {
        filter: Some(filter),
        page: page.number(),
        page_size: page.size(),
        after: page.place().to_owned(),
        with_user: also.with_user(),
        with_project: also.with_project(),
        deleted: also.deleted,
    };
    let page = answered(app.reads.list(request).await.map(Response::new))?;
    Ok(Arc::unwrap_or_clone(page))
}

/// The same with the counts of all submissions, whatever the filter.
pub(crate) async fn with_counts(
    app: &Door,
    filters: &SubmissionFilters,
    page: &PageQuery,
    also: ListQuery,
) -> Result<(Vec<SubmissionJson>, PaginationJson, Counts), ApiError> {
    let matching = async {
        if filters.matches_nothing() {
            return Ok(SubmissionPage::default());
        }
        matching(app, filters.wire(), page, also).await
    };
    let (found, counts) = tokio::try_join!(matching, counts(app))?;
    let place = PaginationJson::counted(page, found.total_count, found.next);
    Ok((many(found.submissions), place, counts))
}

/// A list that belongs to another record.
pub(crate) async fn listed(
    app: &Door,
    filter: SubmissionFilter,
    page: &PageQuery,
) -> Result<axum::response::Response, ApiError> {
    let found = matching(app, filter, page, ListQuery::default()).await?;
    let place = PaginationJson::counted(page, found.total_count, found.next);
    Ok(Listing::new(many(found.submissions), place).ok())
}

/// The counts of all submissions.
pub(crate) async fn counts(app: &Door) -> Result<Counts, ApiError> {
    answered(app.reads.counts().await.map(Response::new)).map(Counts::from)
}
