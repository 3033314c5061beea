//! The fields of an application in quarantine, as they are stored.

use keylight_contracts::v1::CreateSubmissionRequest;
use serde_json::{Value, json};

/// By name, as they came. What belongs to the call and not to the application is left out.
pub(super) fn fields_of(request: &CreateSubmissionRequest) -> Value {
    json!({
        "full_name": request.full_name,
        "email_address": request.email_address,
        "phone_number": request.phone_number,
        "company_name": request.company_name,
        "buyer_category": request.buyer_category,
        "financing_plan": request.financing_plan,
        "interested_in_preferred_lender": request.interested_in_preferred_lender,
        "land_status": request.land_status,
        "lot_address": request.lot_address,
        "needs_help_finding_land": request.needs_help_finding_land,
        "preferred_area_description": request.preferred_area_description,
        "build_budget": request.build_budget,
        "construction_timeline": request.construction_timeline,
        "project_description": request.project_description,
        "referral_source": request.referral_source,
    })
}

/// The application again. What is missing, because somebody erased it, is empty.
pub(super) fn request_of(fields: &Value) -> CreateSubmissionRequest {
    let some = |name: &str| fields[name].as_str().map(ToOwned::to_owned);
    let text = |name: &str| some(name).unwrap_or_default();
    let flag = |name: &str| fields[name].as_bool().unwrap_or_default();
    CreateSubmissionRequest {
        full_name: text("full_name"),
        email_address: text("email_address"),
        phone_number: text("phone_number"),
        company_name: some("company_name"),
        buyer_category: text("buyer_category"),
        financing_plan: text("financing_plan"),
        interested_in_preferred_lender: flag("interested_in_preferred_lender"),
        land_status: text("land_status"),
        lot_address: some("lot_address"),
        needs_help_finding_land: flag("needs_help_finding_land"),
        preferred_area_description: some("preferred_area_description"),
        build_budget: text("build_budget"),
        construction_timeline: text("construction_timeline"),
        project_description: text("project_description"),
        referral_source: text("referral_source"),
        correlation_id: String::new(),
        idempotency: None,
    }
}
