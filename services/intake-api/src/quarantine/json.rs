//! A caught application as staff see it.

use crate::envelope::time;
use keylight_contracts::v1::{CreateSubmissionRequest, QuarantinedApplication};
use serde::Serialize;
use utoipa::ToSchema;

/// An application that was put aside.
#[derive(Serialize, ToSchema)]
#[schema(as = QuarantinedApplication)]
pub(crate) struct QuarantinedJson {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Why it was put aside.
    reason: String,
    /// `waiting`, `released`, `dismissed`
    state: String,
    /// What it became, when it was released.
    submission_id: Option<i64>,
    application: CaughtJson,
}

/// What was sent.
#[derive(Serialize, ToSchema)]
#[schema(as = CaughtApplication)]
pub(crate) struct CaughtJson {
    full_name: String,
    email_address: String,
    phone_number: String,
    company_name: Option<String>,
    buyer_category: String,
    financing_plan: String,
    interested_in_preferred_lender: bool,
    land_status: String,
    lot_address: Option<String>,
    needs_help_finding_land: bool,
    preferred_area_description: Option<String>,
    build_budget: String,
    construction_timeline: String,
    project_description: String,
    referral_source: String,
}

impl From<QuarantinedApplication> for QuarantinedJson {
    fn from(kept: QuarantinedApplication) -> Self {
        Self {
            id: kept.id,
            at: time(kept.at.as_ref()),
            reason: kept.reason,
            state: kept.state,
            submission_id: kept.submission_id,
            application: kept.application.unwrap_or_default().into(),
        }
    }
}

impl From<CreateSubmissionRequest> for CaughtJson {
    fn from(sent: CreateSubmissionRequest) -> Self {
        Self {
            full_name: sent.full_name,
            email_address: sent.email_address,
            phone_number: sent.phone_number,
            company_name: sent.company_name,
            buyer_category: sent.buyer_category,
            financing_plan: sent.financing_plan,
            interested_in_preferred_lender: sent.interested_in_preferred_lender,
            land_status: sent.land_status,
            lot_address: sent.lot_address,
            needs_help_finding_land: sent.needs_help_finding_land,
            preferred_area_description: sent.preferred_area_description,
            build_budget: sent.build_budget,
            construction_timeline: sent.construction_timeline,
            project_description: sent.project_description,
            referral_source: sent.referral_source,
        }
    }
}
