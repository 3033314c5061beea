//! `GET /api/staff` and `GET /api/staff/{id}`.

use super::json::StaffJson;
use crate::{
    app::{App, Door},
    entity::answered_in_its_words,
    envelope::Record,
    requests::PathTexts,
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use keylight_contracts::v1::ListStaffRequest;
use keylight_domain::error::DomainError;
use keylight_web::error::ApiError;

/// All staff accounts, by name.
#[utoipa::path(
    get,
    path = "/api/staff",
    operation_id = "list_staff",
    tag = "access",
    responses((status = 200, description = "The accounts", body = Record<Vec<StaffJson>>))
)]
pub(crate) async fn list(State(app): State<App>) -> Result<Response, ApiError> {
    Ok(Record::new(all(&app).await?).ok())
}

/// One staff account.
#[utoipa::path(
    get,
    path = "/api/staff/{id}",
    operation_id = "get_staff",
    tag = "access",
    params(("id" = String, Path, description = "Id or username")),
    responses(
        (status = 200, description = "The account", body = Record<StaffJson>),
        (status = 304, description = "The caller has this version already")
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    path: PathTexts,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let staff = find(&app, path.text("id")).await?;
    Ok(Record::new(staff).unless_known(&headers))
}

async fn all(app: &Door) -> Result<Vec<StaffJson>, ApiError> {
    let listed = app.accounts().list_staff(ListStaffRequest {}).await;
    let listed = answered_in_its_words(listed)?;
    Ok(listed.staff.into_iter().map(Into::into).collect())
}

/// The account of this id or name. There are few enough of them to look through.
pub(super) async fn find(app: &Door, wanted: &str) -> Result<StaffJson, ApiError> {
    let name = wanted.trim().to_ascii_lowercase();
    all(app)
        .await?
        .into_iter()
        .find(|staff| staff.id == name || staff.username == name)
        .ok_or_else(|| DomainError::not_found("There is no such account").into())
}
