//! People who may be the same person.

use super::{get::user_of, json::UserJson};
use crate::{
    access::Who,
    app::App,
    entity::answered_about,
    envelope::Record,
    requests::{Noun, Parameters, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{DismissDuplicateRequest, SuggestDuplicatesRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: i32 = 20;

/// Whose duplicates, and how many.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DuplicateQuery {
    /// Only pairs with this person.
    #[param(rename = "userId", minimum = 1)]
    user_id: Option<i64>,
    /// Most pairs; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i32>,
}

/// Two people who may be one.
#[derive(Serialize, ToSchema)]
pub(crate) struct DuplicatePair {
    first: UserJson,
    second: UserJson,
    /// Why: `same_email`, `same_phone`, `same_name`, `similar_name`, `same_company` and others.
    reasons: Vec<String>,
    /// How sure, from 0 to 1.
    score: f64,
}

/// Pairs of people who may be the same person, surest first.
#[utoipa::path(
    get,
    path = "/api/users/duplicates",
    operation_id = "suggest_duplicate_users",
    tag = "users",
    params(DuplicateQuery),
    responses(
        (status = 200, description = "Pairs with their reasons", body = Record<Vec<DuplicatePair>>),
        (status = 404, description = "There is no such person")
    )
)]
pub(crate) async fn duplicates(
    State(app): State<App>,
    query: Parameters,
) -> Result<Response, ApiError> {
    let asked = DuplicateQuery {
        user_id: query.number("userId", 1, i64::MAX)?,
        limit: query
            .number("limit", 1, 100)?
            .and_then(|limit| i32::try_from(limit).ok()),
    };
    let request = SuggestDuplicatesRequest {
        person_id: asked.user_id.unwrap_or_default(),
        limit: asked.limit.unwrap_or(DEFAULT_LIMIT),
    };
    let found = answered_about(Noun::USER, app.people().suggest_duplicates(request).await)?;
    let pairs = found
        .duplicates
        .into_iter()
        .map(|pair| {
            Ok(DuplicatePair {
                first: user_of(pair.first)?,
                second: user_of(pair.second)?,
                reasons: pair.reasons,
                score: pair.score,
            })
        })
        .collect::<Result<Vec<_>, ApiError>>()?;
    Ok(Record::new(pairs).ok())
}

/// A pair that is not one person.
#[derive(ToSchema)]
#[schema(example = json!({"first_id": 1, "second_id": 2, "reason": "Father and son"}))]
pub(crate) struct DifferentUsers {
    #[schema(minimum = 0)]
    first_id: i64,
    #[schema(minimum = 0)]
    second_id: i64,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// The pair that was dismissed.
#[derive(Serialize, ToSchema)]
pub(crate) struct DismissedPair {
    first_id: i64,
    second_id: i64,
}

/// Says that two people are not the same person: the pair is not suggested again.
#[utoipa::path(
    post,
    path = "/api/users/duplicates/dismiss",
    operation_id = "dismiss_duplicate_users",
    tag = "users",
    request_body = DifferentUsers,
    responses(
        (status = 200, description = "The pair", body = Record<DismissedPair>),
        (status = 404, description = "One of them does not exist")
    )
)]
pub(crate) async fn dismiss(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let pair = DifferentUsers {
        first_id: fields.required_number("first_id"),
        second_id: fields.required_number("second_id"),
        reason: fields.reason(),
    };
    fields.finish()?;
    let request = DismissDuplicateRequest {
        first_id: pair.first_id,
        second_id: pair.second_id,
        caller: sent.caller(&app, &who, pair.reason),
    };
    answered_about(Noun::USER, app.people().dismiss_duplicate(request).await)?;
    let dismissed = DismissedPair {
        first_id: pair.first_id,
        second_id: pair.second_id,
    };
    Ok(Record::done("The pair is not suggested again", dismissed).ok())
}
