//! A project as clients see it, in the words of the predecessor's table `projects`.

use crate::envelope::{Versioned, time};
use keylight_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// A project.
#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
pub(crate) struct ProjectJson {
    id: i64,
    name: String,
    description: Option<String>,
    /// `planning`, `active`, `on_hold`, `completed`, `cancelled`; rows of the predecessor may hold anything or nothing.
    status: Option<String>,
    /// The owner.
    user_id: Option<i64>,
    buyer_category: Option<String>,
    financing_plan: Option<String>,
    interested_in_preferred_lender: Option<bool>,
    land_status: Option<String>,
    lot_address: Option<String>,
    needs_help_finding_land: Option<bool>,
    preferred_area_description: Option<String>,
    build_budget: Option<String>,
    construction_timeline: Option<String>,
    clickup_task_id: Option<String>,
    clickup_list_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
    /// Grows with every change; see `ETag`.
    version: i64,
    #[schema(format = DateTime)]
    archived_at: Option<String>,
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    submission_count: i64,
}

impl From<v1::Project> for ProjectJson {
    fn from(project: v1::Project) -> Self {
        Self {
            id: project.id,
            name: project.name,
            description: project.description,
            status: project.status,
            user_id: project.user_id,
            buyer_category: project.buyer_category,
            financing_plan: project.financing_plan,
            interested_in_preferred_lender: project.interested_in_preferred_lender,
            land_status: project.land_status,
            lot_address: project.lot_address,
            needs_help_finding_land: project.needs_help_finding_land,
            preferred_area_description: project.preferred_area_description,
            build_budget: project.build_budget,
            construction_timeline: project.construction_timeline,
            clickup_task_id: project.clickup_task_id,
            clickup_list_id: project.clickup_list_id,
            created_at: time(project.created_at.as_ref()),
            updated_at: time(project.updated_at.as_ref()),
            version: project.version,
            archived_at: time(project.archived_at.as_ref()),
            deleted_at: time(project.deleted_at.as_ref()),
            submission_count: project.submission_count,
        }
    }
}

impl Versioned for ProjectJson {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Somebody who belongs to a project.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectPerson)]
pub(crate) struct ProjectPersonJson {
    user_id: i64,
    /// `owner`, `co_buyer`, `contact`
    role: String,
    full_name: String,
    email_address: String,
    phone_number: Option<String>,
    company_name: Option<String>,
}

impl From<v1::ProjectPerson> for ProjectPersonJson {
    fn from(person: v1::ProjectPerson) -> Self {
        Self {
            user_id: person.user_id,
            role: person.role,
            full_name: person.full_name,
            email_address: person.email_address,
            phone_number: person.phone_number,
            company_name: person.company_name,
        }
    }
}
