//! `POST /api/submissions`: the path that everything is measured by. Read, validate, one call, answer.

use super::{honeypot, json::SubmissionJson};
use crate::{
    app::{App, Door},
    entity::answered,
    envelope::Record,
    openapi::choices,
    pace::KeepsPace,
    requests::Sent,
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::CreateSubmissionRequest;
use keylight_domain::intake::{Application, RawFields, parse_owned};
use keylight_web::{body::Kind, error::ApiError};
use utoipa::ToSchema;

/// An application. Unknown fields are ignored; numbers in text fields are taken as their digits.
#[derive(ToSchema)]
#[schema(example = json!({
    "full_name": "Ada Probe", "email_address": "ada@example.com", "phone_number": "555-123-4567",
    "buyer_category": "homebuyer", "financing_plan": "self_funding", "land_status": "own_land",
    "lot_address": "1 Elm St", "build_budget": "350k_400k", "construction_timeline": "6_to_12_months",
    "project_description": "A small house."
}))]
#[expect(dead_code, reason = "describes what the rules of the domain read")]
pub(crate) struct NewSubmission {
    #[schema(min_length = 1, max_length = 255)]
    full_name: String,
    /// Trimmed and lower-cased.
    #[schema(max_length = 255, pattern = r"^\s*[^\s@]+@[^\s@]+\.[^\s@]+\s*$")]
    email_address: String,
    #[schema(max_length = 20, pattern = r"^\s*[\d\s\-\(\)\+\.]{10,}\s*$")]
    phone_number: String,
    #[schema(max_length = 255)]
    company_name: Option<String>,
    #[schema(value_type = choices::BuyerCategory)]
    buyer_category: String,
    #[schema(value_type = choices::FinancingPlan)]
    financing_plan: String,
    /// Also as a checkbox sends it: `on`, `yes`, `1` and so on.
    interested_in_preferred_lender: Option<bool>,
    #[schema(value_type = choices::LandStatus)]
    land_status: String,
    /// Needed with `own_land`.
    #[schema(max_length = 20_000)]
    lot_address: Option<String>,
    /// Also as a checkbox sends it.
    needs_help_finding_land: Option<bool>,
    /// Needed with `need_land` when help is wanted.
    #[schema(max_length = 20_000)]
    preferred_area_description: Option<String>,
    #[schema(value_type = choices::BuildBudget)]
    build_budget: String,
    #[schema(value_type = choices::ConstructionTimeline)]
    construction_timeline: String,
    #[schema(min_length = 1, max_length = 20_000)]
    project_description: String,
    /// `Ritz-Craft` when left out.
    #[schema(max_length = 100)]
    referral_source: Option<String>,
}

/// Stores an application.
#[utoipa::path(
    post,
    path = "/api/submissions",
    operation_id = "create_submission",
    tag = "submissions",
    request_body = NewSubmission,
    responses((status = 201, description = "The application", body = Record<SubmissionJson>))
)]
pub(crate) async fn create(
    State(app): State<App>,
    _: KeepsPace,
    sent: Sent,
) -> Result<Response, ApiError> {
    let application = parse_owned(read_fields(&sent)?).map_err(|problems| {
        ApiError::fields(
            problems
                .into_iter()
                .map(|problem| problem.message)
                .collect(),
        )
    })?;
    let stored = store(&app, application, &sent).await?;
    Ok(Record::done("Submission created successfully", stored).created())
}

/// The fields of a JSON or form body; a body of another kind has none.
pub(crate) fn read_fields(sent: &Sent) -> Result<RawFields, ApiError> {
    match sent.kind {
        Kind::Json => RawFields::from_json(&sent.body).map_err(|_| ApiError::invalid_json()),
        // pairs of texts can be read from any bytes
        Kind::Form => Ok(RawFields::from_pairs(
            serde_urlencoded::from_bytes::<Vec<(String, String)>>(&sent.body).unwrap_or_default(),
        )),
        Kind::Other => Ok(RawFields::new()),
    }
}

/// Has the entity service store an application, or put it aside when nobody but a program can have sent it.
pub(crate) async fn store(
    app: &Door,
    application: Application,
    sent: &Sent,
) -> Result<SubmissionJson, ApiError> {
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
        correlation_id: sent.correlation_id(app),
        idempotency: sent.idempotency(),
    };
    if honeypot::is_filled(sent) {
        return honeypot::put_aside(app, request).await;
    }
    answered(app.entity().create_submission(request).await).map(SubmissionJson::from)
}
