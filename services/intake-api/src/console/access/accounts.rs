//! What the forms about accounts do.

use super::{Form, view};
use crate::{access::Who, app::App};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{CreateStaffRequest, SetPasswordRequest, UpdateStaffRequest};

pub(super) async fn change(who: Who, State(app): State<App>, form: Form) -> Response {
    let (what, staff) = (form.text("do"), form.text("staff"));
    let mut accounts = app.accounts();
    let done = match what.as_str() {
        "create" => accounts
            .create_staff(CreateStaffRequest {
                username: form.text("username"),
                full_name: form.text("full_name"),
                role: form.text("role"),
                password: form.text("password"),
                must_change_password: form.ticked("must_change_password"),
                caller: Some(form.caller),
            })
            .await
            .map(|made| format!("The account {} is made.", made.get_ref().username)),
        "password" => accounts
            .set_password(SetPasswordRequest {
                staff,
                password: form.text("password"),
                must_change_password: true,
                caller: Some(form.caller),
                ..SetPasswordRequest::default()
            })
            .await
            .map(|set| {
                format!(
                    "The password of {} is set for one sign-in.",
                    set.get_ref().username
                )
            }),
        "role" | "disable" | "enable" => accounts
            .update_staff(UpdateStaffRequest {
                staff,
                role: (what == "role").then(|| form.text("role")),
                disabled: (what != "role").then_some(what == "disable"),
                expected_version: form.text("version").parse().ok(),
                caller: Some(form.caller),
                ..UpdateStaffRequest::default()
            })
            .await
            .map(|changed| format!("The account {} is changed.", changed.get_ref().username)),
        _ => return view::page(&app, &who, view::Told::unknown()).await,
    };
    app.remembered.forget();
    view::page(&app, &who, view::Told::of(done)).await
}
