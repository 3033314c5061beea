//! A field that people never see and programs that fill in everything do. What it catches is put aside for staff and
//! never dropped; from outside it looks like a success.

use super::json::SubmissionJson;
use crate::{app::Door, entity::answered, requests::Sent};
use keylight_contracts::v1::{CreateSubmissionRequest, QuarantineRequest, Submission};
use keylight_domain::intake::RawValue;
use keylight_web::{body::Kind, error::ApiError};
use uuid::Uuid;

/// Name of the field, in the form and in JSON. Nothing that a browser or a password manager would fill in by itself.
pub(crate) const FIELD: &str = "project_reference";
/// What staff read.
const REASON: &str = "the field that people do not see was filled in";

/// Whether the field is filled in.
pub(crate) fn is_filled(sent: &Sent) -> bool {
    // nearly every body is done with here
    let bytes: &[u8] = &sent.body;
    if !bytes
        .windows(FIELD.len())
        .any(|window| window == FIELD.as_bytes())
    {
        return false;
    }
    let value = match sent.kind {
        Kind::Json => RawValue::pick_from_json(bytes, [FIELD])
            .map(|[value]| value)
            .unwrap_or_default(),
        Kind::Form => serde_urlencoded::from_bytes::<Vec<(String, String)>>(bytes)
            .unwrap_or_default()
            .into_iter()
            .rfind(|(name, _)| name == FIELD)
            .map_or(RawValue::Absent, |(_, value)| value.into()),
        Kind::Other => RawValue::Absent,
    };
    match value {
        RawValue::Absent | RawValue::Flag(false) => false,
        RawValue::Text(text) => !text.trim().is_empty(),
        RawValue::Number(_) | RawValue::Flag(true) | RawValue::Structured => true,
    }
}

/// Puts the application aside, and makes the answer that its sender sees.
pub(crate) async fn put_aside(
    app: &Door,
    application: CreateSubmissionRequest,
) -> Result<SubmissionJson, ApiError> {
    let request = QuarantineRequest {
        application: Some(application.clone()),
        reason: REASON.to_owned(),
    };
    let kept = answered(app.entity().quarantine(request).await)?;
    let number = look_alike(&kept.id);
    Ok(SubmissionJson::from(Submission {
        id: number,
        full_name: application.full_name,
        email_address: application.email_address,
        phone_number: application.phone_number,
        company_name: application.company_name,
        buyer_category: application.buyer_category,
        financing_plan: application.financing_plan,
        interested_in_preferred_lender: Some(application.interested_in_preferred_lender),
        land_status: application.land_status,
        lot_address: application.lot_address,
        needs_help_finding_land: Some(application.needs_help_finding_land),
        preferred_area_description: application.preferred_area_description,
        build_budget: application.build_budget,
        construction_timeline: application.construction_timeline,
        project_description: Some(application.project_description),
        status: Some("new".to_owned()),
        referral_source: Some(application.referral_source),
        user_id: Some(number),
        project_id: Some(number),
        created_at: kept.at,
        updated_at: kept.at,
        version: 1,
        sync_state: "pending".to_owned(),
        ..Default::default()
    }))
}

/// A number that could be an id; the same again when the same request comes again.
fn look_alike(id: &str) -> i64 {
    let bits = Uuid::try_parse(id).map_or(0, |id| id.as_u128());
    // always below a hundred thousand
    i64::try_from(bits % 90_000).unwrap_or_default() + 10_000
}
