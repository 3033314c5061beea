//! `GET /api/projects`.

use super::json::ProjectJson;
use crate::{
    app::App,
    entity::answered_about,
    envelope::{Listing, PaginationJson},
    requests::{Noun, PageQuery, Parameters},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ListProjectsRequest, ProjectFilter};
use keylight_web::error::ApiError;
use utoipa::IntoParams;

const SORTS: [&str; 8] = [
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "name",
    "-name",
    "status",
    "-status",
];

/// Which projects, in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `filter` and `list` read")]
pub(crate) struct ProjectQuery {
    /// Part of name or description, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
    /// Exactly this status; a text that is none matches what the predecessor may have stored.
    #[param(max_length = 255)]
    status: Option<String>,
    /// Somebody who belongs to it in any role.
    #[param(rename = "userId", minimum = 0)]
    user_id: Option<i64>,
    #[param(max_length = 255)]
    buyer_category: Option<String>,
    #[param(max_length = 255)]
    build_budget: Option<String>,
    #[param(max_length = 255)]
    construction_timeline: Option<String>,
    #[param(max_length = 255)]
    land_status: Option<String>,
    #[param(max_length = 255)]
    financing_plan: Option<String>,
    /// First day (`2026-11-22`) or time (RFC 3339) of creation.
    #[param(rename = "createdFrom")]
    created_from: Option<String>,
    /// Last day, or the time before which.
    #[param(rename = "createdTo")]
    created_to: Option<String>,
    /// The archived ones instead of the others.
    archived: Option<bool>,
    /// Deleted projects too.
    deleted: Option<bool>,
    /// What to sort by; a minus turns it round.
    #[param(pattern = "^-?(created_at|updated_at|name|status)$")]
    sort: Option<String>,
}

fn filter(query: &Parameters) -> Result<ProjectFilter, ApiError> {
    Ok(ProjectFilter {
        search: query.text("search")?,
        status: query.text("status")?,
        user_id: query.id("userId")?,
        buyer_category: query.text("buyer_category")?,
        build_budget: query.text("build_budget")?,
        construction_timeline: query.text("construction_timeline")?,
        land_status: query.text("land_status")?,
        financing_plan: query.text("financing_plan")?,
        created_from: query.from("createdFrom")?,
        created_to: query.to("createdTo")?,
        archived: query.flag("archived")?,
        include_deleted: query.flag("deleted")?.unwrap_or(false),
    })
}

/// Projects, newest first or as `sort` says.
#[utoipa::path(
    get,
    path = "/api/projects",
    operation_id = "list_projects",
    tag = "projects",
    params(ProjectQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<ProjectJson>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?;
    let request = ListProjectsRequest {
        filter: Some(filter(&query)?),
        sort: query.choice("sort", &SORTS)?.unwrap_or_default(),
        page: Some(page.wire()),
    };
    let found = answered_about(Noun::PROJECT, app.projects().list_projects(request).await)?;
    let projects = found.projects.into_iter().map(ProjectJson::from).collect();
    let place = PaginationJson::counted(&page, found.total_count, found.next);
    Ok(Listing::new(projects, place).ok())
}
