//! A complete application.

use super::choices::{BuildBudget, BuyerCategory, ConstructionTimeline, FinancingPlan, LandStatus};
use super::field::Field;
use super::raw_fields::RawFields;
use std::fmt;

/// What is noted as the way an applicant came to us when nothing was said.
pub const DEFAULT_REFERRAL_SOURCE: &str = "Ritz-Craft";

/// An application that keeps every rule of [`super::parse`]: texts trimmed, bounded and free of NUL, absent text absent.
#[derive(Clone, PartialEq, Eq)]
pub struct Application {
    /// At most 255 characters (code points), like all short texts here.
    pub full_name: String,
    /// Lower case, so that it can be compared.
    pub email_address: String,
    /// 10 to 20 characters.
    pub phone_number: String,
    /// Mostly given by developers.
    pub company_name: Option<String>,
    /// Who applies.
    pub buyer_category: BuyerCategory,
    /// Where the money comes from.
    pub financing_plan: FinancingPlan,
    /// Whether they want to hear from the preferred lender.
    pub interested_in_preferred_lender: bool,
    /// Whether there is land.
    pub land_status: LandStatus,
    /// Present with [`LandStatus::OwnLand`].
    pub lot_address: Option<String>,
    /// Whether land should be found.
    pub needs_help_finding_land: bool,
    /// Present when land should be found and there is none.
    pub preferred_area_description: Option<String>,
    /// What it may cost.
    pub build_budget: BuildBudget,
    /// When it should begin.
    pub construction_timeline: ConstructionTimeline,
    /// Never empty.
    pub project_description: String,
    /// How they came to us; at most 100 characters.
    pub referral_source: String,
}

/// Holds personal data, so only the choices are shown.
impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("buyer_category", &self.buyer_category)
            .field("financing_plan", &self.financing_plan)
            .field("land_status", &self.land_status)
            .field("build_budget", &self.build_budget)
            .field("construction_timeline", &self.construction_timeline)
            .finish_non_exhaustive()
    }
}

impl Application {
    /// The fields that parse to this application again.
    #[must_use]
    pub fn to_raw(&self) -> RawFields {
        RawFields::new()
            .with(Field::FullName, self.full_name.clone())
            .with(Field::EmailAddress, self.email_address.clone())
            .with(Field::PhoneNumber, self.phone_number.clone())
            .with(Field::CompanyName, self.company_name.clone())
            .with(Field::BuyerCategory, self.buyer_category.as_str())
            .with(Field::FinancingPlan, self.financing_plan.as_str())
            .with(
                Field::InterestedInPreferredLender,
                self.interested_in_preferred_lender,
            )
            .with(Field::LandStatus, self.land_status.as_str())
            .with(Field::LotAddress, self.lot_address.clone())
            .with(Field::NeedsHelpFindingLand, self.needs_help_finding_land)
            .with(
                Field::PreferredAreaDescription,
                self.preferred_area_description.clone(),
            )
            .with(Field::BuildBudget, self.build_budget.as_str())
            .with(
                Field::ConstructionTimeline,
                self.construction_timeline.as_str(),
            )
            .with(Field::ProjectDescription, self.project_description.clone())
            .with(Field::ReferralSource, self.referral_source.clone())
    }
}
