//! A stored project, and how it travels.

use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::projects::ProjectStatus;

/// One row of `entity.projects`, with the number of its submissions.
#[derive(Clone)]
pub struct ProjectRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) user_id: Option<i64>,
    pub(crate) buyer_category: Option<String>,
    pub(crate) financing_plan: Option<String>,
    pub(crate) interested_in_preferred_lender: Option<bool>,
    pub(crate) land_status: Option<String>,
    pub(crate) lot_address: Option<String>,
    pub(crate) needs_help_finding_land: Option<bool>,
    pub(crate) preferred_area_description: Option<String>,
    pub(crate) build_budget: Option<String>,
    pub(crate) construction_timeline: Option<String>,
    pub(crate) clickup_task_id: Option<String>,
    pub(crate) clickup_list_id: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) archived_at: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) submission_count: i64,
}

impl ProjectRow {
    /// Its status, if it is one that today's rules know.
    pub(crate) fn known_status(&self) -> Option<ProjectStatus> {
        self.status.as_deref().and_then(ProjectStatus::parse)
    }
}

impl From<ProjectRow> for v1::Project {
    fn from(row: ProjectRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            status: row.status,
            user_id: row.user_id,
            buyer_category: row.buyer_category,
            financing_plan: row.financing_plan,
            interested_in_preferred_lender: row.interested_in_preferred_lender,
            land_status: row.land_status,
            lot_address: row.lot_address,
            needs_help_finding_land: row.needs_help_finding_land,
            preferred_area_description: row.preferred_area_description,
            build_budget: row.build_budget,
            construction_timeline: row.construction_timeline,
            clickup_task_id: row.clickup_task_id,
            clickup_list_id: row.clickup_list_id,
            version: row.version,
            created_at: row.created_at.map(to_wire),
            updated_at: row.updated_at.map(to_wire),
            archived_at: row.archived_at.map(to_wire),
            deleted_at: row.deleted_at.map(to_wire),
            submission_count: row.submission_count,
        }
    }
}

/// `select_projects!("WHERE …", arguments…)`: a checked query for whole rows of `entity.projects p`. The columns stand here
/// once. Times that no calendar has (the predecessor's `infinity`, years that chrono
/// does not count) read as none.
macro_rules! select_projects {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::projects::row::ProjectRow,
            "SELECT p.id, p.name, p.description, p.status, p.user_id, p.buyer_category, p.financing_plan, \
             p.interested_in_preferred_lender, p.land_status, p.lot_address, p.needs_help_finding_land, \
             p.preferred_area_description, p.build_budget, p.construction_timeline, p.clickup_task_id, \
             p.clickup_list_id, p.version, CASE WHEN p.created_at > '-infinity' AND p.created_at < '200000-01-01' THEN p.created_at END AS created_at, \
             CASE WHEN p.updated_at > '-infinity' AND p.updated_at < '200000-01-01' THEN p.updated_at END AS updated_at, p.archived_at, p.deleted_at, \
             (SELECT count(*) FROM entity.submissions s WHERE s.project_id = p.id \
             AND coalesce(s.deleted_at, 'infinity') = 'infinity') AS \"submission_count!\" \
             FROM entity.projects p " + $tail
            $(, $argument)*
        )
    };
}

pub(crate) use select_projects;
