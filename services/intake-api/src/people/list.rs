//! `GET /api/users`.

use super::json::UserJson;
use crate::{
    app::App,
    entity::answered_about,
    envelope::{Listing, PaginationJson},
    requests::{Noun, PageQuery, Parameters},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ListPeopleRequest, PersonFilter};
use keylight_web::error::ApiError;
use utoipa::IntoParams;

const SORTS: [&str; 8] = [
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "full_name",
    "-full_name",
    "email_address",
    "-email_address",
];

/// Which people, in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `filter` and `list` read")]
pub(crate) struct UserQuery {
    /// Part of name, e-mail address, company or phone number, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
    /// The whole e-mail address, in any case.
    #[param(max_length = 255)]
    email: Option<String>,
    /// First day (`2026-11-22`) or time (RFC 3339) of creation.
    #[param(rename = "createdFrom")]
    created_from: Option<String>,
    /// Last day, or the time before which.
    #[param(rename = "createdTo")]
    created_to: Option<String>,
    /// With a company, or without.
    #[param(rename = "hasCompany")]
    has_company: Option<bool>,
    /// Deleted people too.
    deleted: Option<bool>,
    /// What to sort by; a minus turns it round.
    #[param(pattern = "^-?(created_at|updated_at|full_name|email_address)$")]
    sort: Option<String>,
}

fn filter(query: &Parameters) -> Result<PersonFilter, ApiError> {
    Ok(PersonFilter {
        search: query.text("search")?,
        email: query.text("email")?,
        created_from: query.from("createdFrom")?,
        created_to: query.to("createdTo")?,
        has_company: query.flag("hasCompany")?,
        include_deleted: query.flag("deleted")?.unwrap_or(false),
    })
}

/// People, newest first or as `sort` says.
#[utoipa::path(
    get,
    path = "/api/users",
    operation_id = "list_users",
    tag = "users",
    params(UserQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<UserJson>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?;
    let request = ListPeopleRequest {
        filter: Some(filter(&query)?),
        sort: query.choice("sort", &SORTS)?.unwrap_or_default(),
        page: Some(page.wire()),
    };
    let found = answered_about(Noun::USER, app.people().list_people(request).await)?;
    let users = found.people.into_iter().map(UserJson::from).collect();
    let place = PaginationJson::counted(&page, found.total_count, found.next);
    Ok(Listing::new(users, place).ok())
}
