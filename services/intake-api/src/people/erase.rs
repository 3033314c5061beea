//! Removing a person's data for good.

use crate::{
    access::Who,
    app::App,
    entity::answered_about,
    envelope::{Listing, PaginationJson, Record, time},
    requests::{Noun, PageQuery, Parameters, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ErasePersonRequest, Erasure, ListErasuresRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// The proof of an erasure, without the data.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(crate) struct ErasureJson {
    #[schema(format = Uuid)]
    id: String,
    user_id: i64,
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Who did it.
    actor: String,
    reason: String,
    /// Rows that were changed, by table.
    counts: serde_json::Value,
    /// SHA-256 of salt and folded e-mail address: whoever knows the address can check it.
    proof: String,
    salt: String,
}

impl From<Erasure> for ErasureJson {
    fn from(erasure: Erasure) -> Self {
        Self {
            id: erasure.id,
            user_id: erasure.person_id,
            at: time(erasure.at.as_ref()),
            actor: erasure.actor,
            reason: erasure.reason,
            counts: serde_json::from_str(&erasure.counts).unwrap_or_default(),
            proof: erasure.proof,
            salt: erasure.salt,
        }
    }
}

/// Confirms who is meant.
#[derive(ToSchema)]
#[schema(example = json!({"confirm_email": "grace@example.com", "reason": "Asked for it in writing"}))]
pub(crate) struct EraseUser {
    /// The person's e-mail address, so that nobody is erased by a typing error.
    #[schema(min_length = 1, max_length = 255)]
    confirm_email: String,
    /// Why, for the audit log and the proof.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Removes the personal data of one person everywhere, for good, and leaves a proof without the data.
#[utoipa::path(
    post,
    path = "/api/users/{id}/erase",
    operation_id = "erase_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0)),
    request_body = EraseUser,
    responses(
        (status = 200, description = "The proof", body = Record<ErasureJson>),
        (status = 409, description = "The person cannot be erased now")
    )
)]
pub(crate) async fn erase(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::USER)?;
    let mut fields = sent.fields()?;
    let asked = EraseUser {
        confirm_email: fields.required("confirm_email", 255),
        reason: fields.reason(),
    };
    fields.finish()?;
    let request = ErasePersonRequest {
        id,
        confirm_email: asked.confirm_email,
        caller: sent.caller(&app, &who, asked.reason),
    };
    let erased = answered_about(Noun::USER, app.people().erase_person(request).await)?;
    Ok(Record::done("User erased", ErasureJson::from(erased)).ok())
}

/// Proofs of erasures, newest first.
#[utoipa::path(
    get,
    path = "/api/users/erasures",
    operation_id = "list_user_erasures",
    tag = "users",
    params(PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<ErasureJson>))
)]
pub(crate) async fn erasures(
    State(app): State<App>,
    query: Parameters,
) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?.following();
    let request = ListErasuresRequest {
        page: Some(page.wire()),
    };
    let found = answered_about(Noun::USER, app.people().list_erasures(request).await)?;
    let erasures = found.erasures.into_iter().map(ErasureJson::from).collect();
    Ok(Listing::new(erasures, PaginationJson::followed(&page, found.next)).ok())
}
