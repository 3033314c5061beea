//! What may be said of a project.

use crate::{
    openapi::choices::{
        BuildBudget, BuyerCategory, ConstructionTimeline, FinancingPlan, LandStatus,
    },
    requests::Fields,
};
use keylight_contracts::v1::ProjectFields;
use keylight_domain::intake::MAX_TEXT;
use utoipa::ToSchema;

const MAX_NAME: usize = 255;

/// A project to be, or a whole project: what is left out is empty.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "Lake house", "description": "A small house by the lake.", "user_id": 1, "buyer_category": "homebuyer",
    "build_budget": "350k_400k", "construction_timeline": "6_to_12_months", "reason": "Signed today"
}))]
pub(crate) struct WholeProject {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    #[schema(max_length = 20_000)]
    description: Option<String>,
    /// The owner.
    #[schema(minimum = 0)]
    user_id: i64,
    #[schema(value_type = Option<BuyerCategory>)]
    buyer_category: Option<String>,
    #[schema(value_type = Option<FinancingPlan>)]
    financing_plan: Option<String>,
    interested_in_preferred_lender: Option<bool>,
    #[schema(value_type = Option<LandStatus>)]
    land_status: Option<String>,
    #[schema(max_length = 20_000)]
    lot_address: Option<String>,
    needs_help_finding_land: Option<bool>,
    #[schema(max_length = 20_000)]
    preferred_area_description: Option<String>,
    #[schema(value_type = Option<BuildBudget>)]
    build_budget: Option<String>,
    #[schema(value_type = Option<ConstructionTimeline>)]
    construction_timeline: Option<String>,
    /// The version that was seen, when replacing; another one is 409.
    #[schema(minimum = 0)]
    pub(super) version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
}

impl WholeProject {
    pub(super) fn read(fields: &mut Fields) -> Self {
        let name = fields.required("name", MAX_NAME);
        Self {
            name,
            description: fields.text("description", MAX_TEXT),
            user_id: fields.required_number("user_id"),
            buyer_category: fields.choice("buyer_category", &BuyerCategory::words()),
            financing_plan: fields.choice("financing_plan", &FinancingPlan::words()),
            interested_in_preferred_lender: fields.flag("interested_in_preferred_lender"),
            land_status: fields.choice("land_status", &LandStatus::words()),
            lot_address: fields.text("lot_address", MAX_TEXT),
            needs_help_finding_land: fields.flag("needs_help_finding_land"),
            preferred_area_description: fields.text("preferred_area_description", MAX_TEXT),
            build_budget: fields.choice("build_budget", &BuildBudget::words()),
            construction_timeline: fields
                .choice("construction_timeline", &ConstructionTimeline::words()),
            version: fields.number("version"),
            reason: fields.reason(),
        }
    }

    /// As the fields of a new project: nothing is said of what is empty.
    pub(super) fn wire_new(self) -> ProjectFields {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        ProjectFields {
            name: Some(self.name),
            description: filled(self.description),
            user_id: Some(self.user_id),
            buyer_category: filled(self.buyer_category),
            financing_plan: filled(self.financing_plan),
            interested_in_preferred_lender: self.interested_in_preferred_lender,
            land_status: filled(self.land_status),
            lot_address: filled(self.lot_address),
            needs_help_finding_land: self.needs_help_finding_land,
            preferred_area_description: filled(self.preferred_area_description),
            build_budget: filled(self.build_budget),
            construction_timeline: filled(self.construction_timeline),
        }
    }

    /// As a change of everything that can be emptied; yes-or-no fields stay when nothing is said of them.
    pub(super) fn wire_whole(self) -> ProjectFields {
        let said = |text: Option<String>| Some(text.unwrap_or_default());
        ProjectFields {
            name: Some(self.name),
            description: said(self.description),
            user_id: Some(self.user_id),
            buyer_category: said(self.buyer_category),
            financing_plan: said(self.financing_plan),
            interested_in_preferred_lender: self.interested_in_preferred_lender,
            land_status: said(self.land_status),
            lot_address: said(self.lot_address),
            needs_help_finding_land: self.needs_help_finding_land,
            preferred_area_description: said(self.preferred_area_description),
            build_budget: said(self.build_budget),
            construction_timeline: said(self.construction_timeline),
        }
    }
}

/// Changes of a project; what is left out stays, `null` empties where that is possible.
#[derive(ToSchema)]
#[schema(example = json!({"description": "A house by the lake, with a jetty.", "reason": "Client called"}))]
pub(crate) struct ProjectChange {
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    name: Option<String>,
    #[schema(max_length = 20_000)]
    description: Option<String>,
    /// The owner.
    #[schema(minimum = 0)]
    user_id: Option<i64>,
    #[schema(value_type = Option<BuyerCategory>)]
    buyer_category: Option<String>,
    #[schema(value_type = Option<FinancingPlan>)]
    financing_plan: Option<String>,
    interested_in_preferred_lender: Option<bool>,
    #[schema(value_type = Option<LandStatus>)]
    land_status: Option<String>,
    #[schema(max_length = 20_000)]
    lot_address: Option<String>,
    needs_help_finding_land: Option<bool>,
    #[schema(max_length = 20_000)]
    preferred_area_description: Option<String>,
    #[schema(value_type = Option<BuildBudget>)]
    build_budget: Option<String>,
    #[schema(value_type = Option<ConstructionTimeline>)]
    construction_timeline: Option<String>,
    /// The version that was seen; another one is 409.
    #[schema(minimum = 0)]
    pub(super) version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
}

impl ProjectChange {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.kept("name", MAX_NAME),
            description: fields.text("description", MAX_TEXT),
            user_id: fields.number("user_id"),
            buyer_category: fields.choice("buyer_category", &BuyerCategory::words()),
            financing_plan: fields.choice("financing_plan", &FinancingPlan::words()),
            interested_in_preferred_lender: fields.flag("interested_in_preferred_lender"),
            land_status: fields.choice("land_status", &LandStatus::words()),
            lot_address: fields.text("lot_address", MAX_TEXT),
            needs_help_finding_land: fields.flag("needs_help_finding_land"),
            preferred_area_description: fields.text("preferred_area_description", MAX_TEXT),
            build_budget: fields.choice("build_budget", &BuildBudget::words()),
            construction_timeline: fields
                .choice("construction_timeline", &ConstructionTimeline::words()),
            version: fields.number("version"),
            reason: fields.reason(),
        }
    }

    pub(super) fn wire(self) -> ProjectFields {
        ProjectFields {
            name: self.name,
            description: self.description,
            user_id: self.user_id,
            buyer_category: self.buyer_category,
            financing_plan: self.financing_plan,
            interested_in_preferred_lender: self.interested_in_preferred_lender,
            land_status: self.land_status,
            lot_address: self.lot_address,
            needs_help_finding_land: self.needs_help_finding_land,
            preferred_area_description: self.preferred_area_description,
            build_budget: self.build_budget,
            construction_timeline: self.construction_timeline,
        }
    }
}
