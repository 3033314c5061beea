//! A submission as clients see it (contract 2).

use crate::envelope::{Versioned, time};
use keylight_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// An application. Values may be outside today's choices in rows of the predecessor, so nothing is limited here.
#[derive(Serialize, ToSchema)]
#[schema(as = Submission)]
pub(crate) struct SubmissionJson {
    id: i64,
    full_name: String,
    email_address: String,
    phone_number: String,
    company_name: Option<String>,
    buyer_category: String,
    financing_plan: String,
    interested_in_preferred_lender: Option<bool>,
    land_status: String,
    lot_address: Option<String>,
    needs_help_finding_land: Option<bool>,
    preferred_area_description: Option<String>,
    build_budget: String,
    construction_timeline: String,
    project_description: Option<String>,
    status: Option<String>,
    admin_notes: Option<String>,
    referral_source: Option<String>,
    user_id: Option<i64>,
    project_id: Option<i64>,
    /// Null also for times of the predecessor that the calendar does not reach; years may have a sign and six digits.
    created_at: Option<String>,
    updated_at: Option<String>,
    clickup_task_id: Option<String>,
    clickup_url: Option<String>,
    /// `pending`, `synced`, `failed`, `off`
    sync_state: String,
    /// Grows with every change of what people see; see `ETag`.
    version: i64,
    /// Staff account that takes care of it.
    assignee: Option<String>,
    deleted_at: Option<String>,
    /// When asked for with `embed=user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<UserOfSubmission>,
    /// When asked for with `embed=project`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    project: Option<ProjectOfSubmission>,
}

/// The person of a submission.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserOfSubmission {
    id: i64,
    full_name: String,
    email_address: String,
    phone_number: Option<String>,
    company_name: Option<String>,
}

/// The project of a submission.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectOfSubmission {
    id: i64,
    name: String,
    status: Option<String>,
    user_id: Option<i64>,
}

impl From<v1::Submission> for SubmissionJson {
    fn from(s: v1::Submission) -> Self {
        Self {
            id: s.id,
            full_name: s.full_name,
            email_address: s.email_address,
            phone_number: s.phone_number,
            company_name: s.company_name,
            buyer_category: s.buyer_category,
            financing_plan: s.financing_plan,
            interested_in_preferred_lender: s.interested_in_preferred_lender,
            land_status: s.land_status,
            lot_address: s.lot_address,
            needs_help_finding_land: s.needs_help_finding_land,
            preferred_area_description: s.preferred_area_description,
            build_budget: s.build_budget,
            construction_timeline: s.construction_timeline,
            project_description: s.project_description,
            status: s.status,
            admin_notes: s.admin_notes,
            referral_source: s.referral_source,
            user_id: s.user_id,
            project_id: s.project_id,
            created_at: time(s.created_at.as_ref()),
            updated_at: time(s.updated_at.as_ref()),
            clickup_task_id: s.clickup_task_id,
            clickup_url: s.clickup_url,
            sync_state: s.sync_state,
            version: s.version,
            assignee: s.assignee,
            deleted_at: time(s.deleted_at.as_ref()),
            user: s.user.map(|user| UserOfSubmission {
                id: user.id,
                full_name: user.full_name,
                email_address: user.email_address,
                phone_number: user.phone_number,
                company_name: user.company_name,
            }),
            project: s.project.map(|project| ProjectOfSubmission {
                id: project.id,
                name: project.name,
                status: project.status,
                user_id: project.user_id,
            }),
        }
    }
}

impl SubmissionJson {
    /// Name of the applicant.
    pub(crate) fn full_name(&self) -> &str {
        &self.full_name
    }
}

impl Versioned for SubmissionJson {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Submissions in the order in which they came.
pub(crate) fn many(submissions: Vec<v1::Submission>) -> Vec<SubmissionJson> {
    submissions.into_iter().map(SubmissionJson::from).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::envelope::Record;
    use prost_types::Timestamp;
    use serde_json::json;

    #[test]
    fn every_key_is_there_and_absent_is_null() {
        let submission = v1::Submission {
            id: 1,
            full_name: "Ada Probe".to_owned(),
            created_at: Some(Timestamp {
                seconds: 1_795_328_935,
                nanos: 194_999_000,
            }),
            interested_in_preferred_lender: Some(false),
            user_id: Some(7),
            sync_state: "pending".to_owned(),
            ..Default::default()
        };
        let shown = json!(SubmissionJson::from(submission.clone()));
        assert_eq!(shown.as_object().unwrap().len(), 28);
        assert_eq!(shown["created_at"], "2026-11-22T06:28:55.194Z");
        assert_eq!(shown["user_id"], 7);
        for absent in [
            "company_name",
            "updated_at",
            "project_id",
            "status",
            "needs_help_finding_land",
            "clickup_url",
        ] {
            assert!(shown[absent].is_null(), "{absent}");
        }
        let one = json!(Record::new(SubmissionJson::from(submission)));
        assert_eq!(one.as_object().unwrap().len(), 2);
    }
}
