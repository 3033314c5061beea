//! A submission as clients see it (contract 2), and the envelopes around it.

use keylight_contracts::{time::from_wire, v1::Submission};
use keylight_web::time::iso_millis;
use prost_types::Timestamp;
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

/// The 22 keys of the predecessor, and how it stands in ClickUp.
pub(crate) struct SubmissionJson<'a>(pub(crate) &'a Submission);

impl Serialize for SubmissionJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let s = self.0;
        let mut json = serializer.serialize_struct("Submission", 25)?;
        json.serialize_field("id", &s.id)?;
        json.serialize_field("full_name", &s.full_name)?;
        json.serialize_field("email_address", &s.email_address)?;
        json.serialize_field("phone_number", &s.phone_number)?;
        json.serialize_field("company_name", &s.company_name)?;
        json.serialize_field("buyer_category", &s.buyer_category)?;
        json.serialize_field("financing_plan", &s.financing_plan)?;
        json.serialize_field(
            "interested_in_preferred_lender",
            &s.interested_in_preferred_lender,
        )?;
        json.serialize_field("land_status", &s.land_status)?;
        json.serialize_field("lot_address", &s.lot_address)?;
        json.serialize_field("needs_help_finding_land", &s.needs_help_finding_land)?;
        json.serialize_field("preferred_area_description", &s.preferred_area_description)?;
        json.serialize_field("build_budget", &s.build_budget)?;
        json.serialize_field("construction_timeline", &s.construction_timeline)?;
        json.serialize_field("project_description", &s.project_description)?;
        json.serialize_field("status", &s.status)?;
        json.serialize_field("admin_notes", &s.admin_notes)?;
        json.serialize_field("referral_source", &s.referral_source)?;
        json.serialize_field("user_id", &s.user_id)?;
        json.serialize_field("project_id", &s.project_id)?;
        json.serialize_field("created_at", &time(s.created_at.as_ref()))?;
        json.serialize_field("updated_at", &time(s.updated_at.as_ref()))?;
        json.serialize_field("clickup_task_id", &s.clickup_task_id)?;
        json.serialize_field("clickup_url", &s.clickup_url)?;
        json.serialize_field("sync_state", &s.sync_state)?;
        json.end()
    }
}

fn time(time: Option<&Timestamp>) -> Option<String> {
    time.and_then(from_wire).map(iso_millis)
}

/// One submission in its envelope.
#[derive(serde::Serialize)]
pub(crate) struct One<'a> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    data: SubmissionJson<'a>,
}

impl<'a> One<'a> {
    pub(crate) const fn new(submission: &'a Submission, message: Option<&'a str>) -> Self {
        Self {
            success: true,
            message,
            data: SubmissionJson(submission),
        }
    }
}

/// Submissions as a JSON array.
pub(crate) struct Many<'a>(pub(crate) &'a [Submission]);

impl Serialize for Many<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(SubmissionJson))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_key_is_there_and_absent_is_null() {
        let submission = Submission {
            id: 1,
            full_name: "Ada Probe".to_owned(),
            created_at: Some(Timestamp {
                seconds: 1_795_328_935,
                nanos: 194_999_000,
            }),
            interested_in_preferred_lender: Some(false),
            user_id: Some(7),
            sync_state: "pending".to_owned(),
            ..Submission::default()
        };
        let shown = json!(SubmissionJson(&submission));
        assert_eq!(shown.as_object().unwrap().len(), 25);
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
        let one = json!(One::new(&submission, None));
        assert_eq!(one.as_object().unwrap().len(), 2);
    }
}
