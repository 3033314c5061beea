//! `PATCH /api/staff/{id}`.

use super::{json::StaffJson, list::find};
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::{Record, Versioned as _},
    openapi::choices::StaffRole,
    requests::{Fields, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::UpdateStaffRequest;
use keylight_web::error::ApiError;
use serde_json::json;
use utoipa::ToSchema;

/// What shall be different.
#[derive(ToSchema)]
#[schema(example = json!({"role": "viewer", "version": 1, "reason": "Moved to another team"}))]
pub(crate) struct StaffChange {
    #[schema(max_length = 200, nullable = false)]
    full_name: Option<String>,
    #[schema(value_type = Option<StaffRole>, nullable = false)]
    role: Option<String>,
    /// True ends every session and revokes every token of the account.
    disabled: Option<bool>,
    /// The version that was seen; another one is refused.
    #[schema(minimum = 0)]
    version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl StaffChange {
    fn read(fields: &mut Fields) -> Self {
        Self {
            full_name: fields.text("full_name", 200),
            role: fields
                .has("role")
                .then(|| fields.required_choice("role", &StaffRole::words())),
            disabled: fields.flag("disabled"),
            version: fields.number("version"),
            reason: fields.reason(),
        }
    }
}

/// Changes an account: name, role, whether it may sign in.
#[utoipa::path(
    patch,
    path = "/api/staff/{id}",
    operation_id = "change_staff",
    tag = "access",
    params(("id" = String, Path, description = "Id or username")),
    request_body = StaffChange,
    responses(
        (status = 200, description = "The account after the change", body = Record<StaffJson>),
        (status = 409, description = "Changed meanwhile, or this is the last admin that can sign in"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn change(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let change = StaffChange::read(&mut fields);
    fields.finish()?;
    let precondition = sent.precondition(change.version);
    let request = UpdateStaffRequest {
        staff: path.text("id").to_owned(),
        full_name: change.full_name,
        role: change.role,
        disabled: change.disabled,
        expected_version: precondition.expected(),
        caller: sent.caller(&app, &who, change.reason),
    };
    let changed = answered_in_its_words(app.accounts().update_staff(request).await);
    app.remembered.forget();
    match changed {
        Ok(staff) => {
            let staff = StaffJson::from(staff);
            Ok(Record::done("Account updated successfully", staff).changed(StatusCode::OK))
        }
        Err(error) => {
            let now = async {
                let staff = find(&app, path.text("id")).await?;
                Ok((staff.version(), json!(staff)))
            };
            Err(precondition.explained(error, now).await)
        }
    }
}
