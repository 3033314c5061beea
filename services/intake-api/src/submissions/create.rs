//! `POST /api/submissions`: the path that everything is measured by. Read, validate, one call, answer.

use super::json::One;
use crate::{
    app::{App, Door},
    entity::answered,
    pace::InPace,
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode};
use keylight_contracts::v1::{CreateSubmissionRequest, Submission};
use keylight_domain::intake::{Application, RawFields, parse_owned};
use keylight_web::{
    body::{self, Kind},
    error::ApiError,
    reply::Json,
    request_id::RequestId,
};

/// Stores an application.
#[utoipa::path(
    post,
    path = "/api/submissions",
    operation_id = "create_submission",
    tag = "submissions",
    responses((status = 201, description = "Stores an application"))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    pace: InPace,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    pace.or_refuse()?;
    let fields = read_fields(&app, &headers, body).await?;
    let application = parse_owned(fields).map_err(|problems| {
        ApiError::fields(
            problems
                .into_iter()
                .map(|problem| problem.message)
                .collect(),
        )
    })?;
    let stored = store(&app, application, &request_id).await?;
    let answer = One::new(&stored, Some("Submission created successfully"));
    Ok(Json(StatusCode::CREATED, answer).into_response())
}

/// The fields of a JSON or form body; a body of another kind has none.
pub(crate) async fn read_fields(
    app: &Door,
    headers: &HeaderMap,
    body: Body,
) -> Result<RawFields, ApiError> {
    let kind = body::kind(headers)?;
    let bytes = body::read(headers, body, app.body_limit).await?;
    match kind {
        Kind::Json => RawFields::from_json(&bytes).map_err(|_| ApiError::invalid_json()),
        // pairs of texts can be read from any bytes
        Kind::Form => Ok(RawFields::from_pairs(
            serde_urlencoded::from_bytes::<Vec<(String, String)>>(&bytes).unwrap_or_default(),
        )),
        Kind::Other => Ok(RawFields::new()),
    }
}

/// Has the entity service store an application.
pub(crate) async fn store(
    app: &Door,
    application: Application,
    request_id: &RequestId,
) -> Result<Submission, ApiError> {
    let request = CreateSubmissionRequest {
        full_name: application.full_name,
        email_address: application.email_address,
        phone_number: application.phone_number,
        company_name: application.company_name,
        buyer_category: application.buyer_category.as_str().to_owned(),
        financing_plan: application.financing_plan.as_str().to_owned(),
        interested_in_preferred_lender: application.interested_in_preferred_lender,
        land_status: application.land_status.as_str().to_owned(),
        lot_address: application.lot_address,
        needs_help_finding_land: application.needs_help_finding_land,
        preferred_area_description: application.preferred_area_description,
        build_budget: application.build_budget.as_str().to_owned(),
        construction_timeline: application.construction_timeline.as_str().to_owned(),
        project_description: application.project_description,
        referral_source: application.referral_source,
        correlation_id: app.correlation_id(request_id),
        ..Default::default()
    };
    answered(app.entity().create_submission(request).await)
}
