//! An application on its way to becoming a submission.

use crate::journal::Cause;
use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::{
    error::DomainError,
    intake::{self, Application, BuyerCategory, Field, RawFields, VALIDATION_FAILED},
    submissions::SubmissionStatus,
};
use uuid::Uuid;

/// A valid application with what its traces need.
pub struct Candidate {
    /// What was applied for.
    pub application: Application,
    /// Name of the project that it begins.
    pub project_name: String,
    /// Id of the event that tells of it.
    pub event_id: Uuid,
    /// What caused it.
    pub cause: Cause,
}

/// The ids that an accepted application was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The submission.
    pub submission_id: i64,
    /// The applicant, new or known.
    pub user_id: i64,
    /// The project that begins with it.
    pub project_id: i64,
    /// When it was accepted, to the microsecond, as it is stored.
    pub at: DateTime<Utc>,
}

/// Checks again what the caller says it has checked: rules that only the caller keeps would hold for one caller only.
///
/// # Errors
/// `InvalidInput` with one detail per field.
pub fn read(request: v1::CreateSubmissionRequest) -> Result<Application, DomainError> {
    let fields = RawFields::new()
        .with(Field::FullName, request.full_name)
        .with(Field::EmailAddress, request.email_address)
        .with(Field::PhoneNumber, request.phone_number)
        .with(Field::CompanyName, request.company_name)
        .with(Field::BuyerCategory, request.buyer_category)
        .with(Field::FinancingPlan, request.financing_plan)
        .with(
            Field::InterestedInPreferredLender,
            request.interested_in_preferred_lender,
        )
        .with(Field::LandStatus, request.land_status)
        .with(Field::LotAddress, request.lot_address)
        .with(Field::NeedsHelpFindingLand, request.needs_help_finding_land)
        .with(
            Field::PreferredAreaDescription,
            request.preferred_area_description,
        )
        .with(Field::BuildBudget, request.build_budget)
        .with(Field::ConstructionTimeline, request.construction_timeline)
        .with(Field::ProjectDescription, request.project_description)
        .with(Field::ReferralSource, request.referral_source);
    intake::parse_owned(fields).map_err(|problems| {
        let details = problems
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        DomainError::invalid(VALIDATION_FAILED).with_details(details)
    })
}

/// What a project is called until staff call it otherwise.
#[must_use]
pub fn project_name(application: &Application) -> String {
    match (application.buyer_category, &application.company_name) {
        (BuyerCategory::Homebuyer, _) => format!("Home for {}", application.full_name),
        (BuyerCategory::Developer, Some(company)) => format!("Development by {company}"),
        (BuyerCategory::Developer, None) => format!("Development by {}", application.full_name),
    }
}

/// The submission as the caller sees it.
#[must_use]
pub fn into_submission(application: Application, accepted: Accepted) -> v1::Submission {
    let at = Some(to_wire(accepted.at));
    v1::Submission {
        id: accepted.submission_id,
        full_name: application.full_name,
        email_address: application.email_address,
        phone_number: application.phone_number,
        company_name: application.company_name,
        buyer_category: application.buyer_category.as_str().to_owned(),
        financing_plan: application.financing_plan.as_str().to_owned(),
        interested_in_preferred_lender: Some(application.interested_in_preferred_lender),
        land_status: application.land_status.as_str().to_owned(),
        lot_address: application.lot_address,
        needs_help_finding_land: Some(application.needs_help_finding_land),
        preferred_area_description: application.preferred_area_description,
        build_budget: application.build_budget.as_str().to_owned(),
        construction_timeline: application.construction_timeline.as_str().to_owned(),
        project_description: Some(application.project_description),
        status: Some(SubmissionStatus::New.as_str().to_owned()),
        admin_notes: None,
        referral_source: Some(application.referral_source),
        user_id: Some(accepted.user_id),
        project_id: Some(accepted.project_id),
        created_at: at,
        updated_at: at,
        version: 1,
        clickup_task_id: None,
        clickup_url: None,
        sync_state: "pending".to_owned(),
        ..v1::Submission::default()
    }
}
