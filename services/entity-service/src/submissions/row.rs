//! A stored submission, and how it travels.

use chrono::{DateTime, NaiveDate, Utc};
use keylight_contracts::{time::to_wire, v1};
use uuid::Uuid;

/// One row of `entity.submissions`.
#[derive(Clone, sqlx::FromRow)]
pub struct SubmissionRow {
    pub(crate) id: i64,
    pub(crate) full_name: String,
    pub(crate) email_address: String,
    pub(crate) phone_number: String,
    pub(crate) company_name: Option<String>,
    pub(crate) buyer_category: String,
    pub(crate) financing_plan: String,
    pub(crate) interested_in_preferred_lender: Option<bool>,
    pub(crate) land_status: String,
    pub(crate) lot_address: Option<String>,
    pub(crate) needs_help_finding_land: Option<bool>,
    pub(crate) preferred_area_description: Option<String>,
    pub(crate) build_budget: String,
    pub(crate) construction_timeline: String,
    pub(crate) project_description: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) admin_notes: Option<String>,
    pub(crate) referral_source: Option<String>,
    pub(crate) user_id: Option<i64>,
    pub(crate) project_id: Option<i64>,
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) version: i64,
    pub(crate) correlation_id: Option<Uuid>,
    pub(crate) clickup_task_id: Option<String>,
    pub(crate) clickup_url: Option<String>,
    pub(crate) sync_state: String,
    pub(crate) assignee: Option<Uuid>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

impl SubmissionRow {
    /// The calendar day (UTC) on which it came in; rows of the predecessor may not know it.
    pub(crate) fn created_on(&self) -> NaiveDate {
        self.created_at.unwrap_or_default().date_naive()
    }
}

impl From<SubmissionRow> for v1::Submission {
    fn from(row: SubmissionRow) -> Self {
        Self {
            id: row.id,
            full_name: row.full_name,
            email_address: row.email_address,
            phone_number: row.phone_number,
            company_name: row.company_name,
            buyer_category: row.buyer_category,
            financing_plan: row.financing_plan,
            interested_in_preferred_lender: row.interested_in_preferred_lender,
            land_status: row.land_status,
            lot_address: row.lot_address,
            needs_help_finding_land: row.needs_help_finding_land,
            preferred_area_description: row.preferred_area_description,
            build_budget: row.build_budget,
            construction_timeline: row.construction_timeline,
            project_description: row.project_description,
            status: row.status,
            admin_notes: row.admin_notes,
            referral_source: row.referral_source,
            user_id: row.user_id,
            project_id: row.project_id,
            created_at: row.created_at.map(to_wire),
            updated_at: row.updated_at.map(to_wire),
            version: row.version,
            clickup_task_id: row.clickup_task_id,
            clickup_url: row.clickup_url,
            sync_state: row.sync_state,
            assignee: row.assignee.map(|id| id.to_string()),
            deleted_at: row.deleted_at.map(to_wire),
            user: None,
            project: None,
        }
    }
}

// Rows of the predecessor may have times that no calendar has: infinity, its opposite, years that chrono does not count.
// They are shown as no time at all. Sorting goes by the column itself: `s.created_at`, not `created_at`.

/// The columns of a [`SubmissionRow`] of `s`, for queries that are put together.
pub(crate) const COLUMNS: &str = "s.id, s.full_name, s.email_address, s.phone_number, s.company_name, s.buyer_category, \
     s.financing_plan, s.interested_in_preferred_lender, s.land_status, s.lot_address, s.needs_help_finding_land, \
     s.preferred_area_description, s.build_budget, s.construction_timeline, s.project_description, s.status, \
     s.admin_notes, s.referral_source, s.user_id, s.project_id, \
     CASE WHEN s.created_at > '-infinity' AND s.created_at < '200000-01-01' THEN s.created_at END AS created_at, \
     CASE WHEN s.updated_at > '-infinity' AND s.updated_at < '200000-01-01' THEN s.updated_at END AS updated_at, \
     s.version, s.correlation_id, s.clickup_task_id, s.clickup_url, s.sync_state, s.assignee, s.deleted_at";

/// `select_submissions!("WHERE …", arguments…)`: a checked query for whole rows of `s`. The columns stand here once.
macro_rules! select_submissions {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::submissions::row::SubmissionRow,
            "SELECT s.id, s.full_name, s.email_address, s.phone_number, s.company_name, s.buyer_category, \
             s.financing_plan, s.interested_in_preferred_lender, s.land_status, s.lot_address, \
             s.needs_help_finding_land, s.preferred_area_description, s.build_budget, s.construction_timeline, \
             s.project_description, s.status, s.admin_notes, s.referral_source, s.user_id, s.project_id, \
             CASE WHEN s.created_at > '-infinity' AND s.created_at < '200000-01-01' THEN s.created_at END AS created_at, \
             CASE WHEN s.updated_at > '-infinity' AND s.updated_at < '200000-01-01' THEN s.updated_at END AS updated_at, \
             s.version, s.correlation_id, s.clickup_task_id, s.clickup_url, s.sync_state, s.assignee, s.deleted_at \
             FROM entity.submissions s " + $tail
            $(, $argument)*
        )
    };
}

/// `update_submission!("SET … WHERE …", arguments…)`: a checked update of `s` that gives the rows as they are afterwards.
macro_rules! update_submission {
    ($change:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::submissions::row::SubmissionRow,
            "UPDATE entity.submissions s " + $change + " RETURNING s.id, s.full_name, s.email_address, \
             s.phone_number, s.company_name, s.buyer_category, s.financing_plan, s.interested_in_preferred_lender, \
             s.land_status, s.lot_address, s.needs_help_finding_land, s.preferred_area_description, s.build_budget, \
             s.construction_timeline, s.project_description, s.status, s.admin_notes, s.referral_source, s.user_id, \
             s.project_id, \
             CASE WHEN s.created_at > '-infinity' AND s.created_at < '200000-01-01' THEN s.created_at END AS created_at, \
             CASE WHEN s.updated_at > '-infinity' AND s.updated_at < '200000-01-01' THEN s.updated_at END AS updated_at, \
             s.version, s.correlation_id, s.clickup_task_id, s.clickup_url, s.sync_state, s.assignee, s.deleted_at"
            $(, $argument)*
        )
    };
}

pub(crate) use {select_submissions, update_submission};
