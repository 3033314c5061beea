//! What the forms about tokens do.

use super::{Form, view};
use crate::{access::Who, app::App};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{CreateTokenRequest, RevokeTokenRequest, RotateTokenRequest};
use keylight_domain::access::Scope;

/// How long a replaced secret still works: a day, for putting the new one everywhere.
const OVERLAP_SECONDS: i64 = 24 * 60 * 60;

pub(super) async fn change(who: Who, State(app): State<App>, form: Form) -> Response {
    let token = form.text("token");
    let mut accounts = app.accounts();
    let told = match form.text("do").as_str() {
        "create" => {
            let scopes = Scope::ALL
                .iter()
                .filter(|scope| form.ticked(scope.as_str()))
                .map(ToString::to_string)
                .collect();
            let made = accounts
                .create_token(CreateTokenRequest {
                    name: form.text("name"),
                    role: form.text("role"),
                    scopes,
                    days: form.text("days").parse().unwrap_or_default(),
                    caller: Some(form.caller),
                })
                .await;
            view::Told::secret(made, "is made")
        }
        "rotate" => {
            let made = accounts
                .rotate_token(RotateTokenRequest {
                    token,
                    overlap_seconds: OVERLAP_SECONDS,
                    caller: Some(form.caller),
                })
                .await;
            view::Told::secret(
                made,
                "has a new secret; the one before works for another day",
            )
        }
        "revoke" => {
            let revoked = accounts
                .revoke_token(RevokeTokenRequest {
                    token,
                    caller: Some(form.caller),
                })
                .await;
            view::Told::of(
                revoked.map(|token| format!("The token {} is revoked.", token.get_ref().name)),
            )
        }
        _ => view::Told::unknown(),
    };
    app.remembered.forget();
    view::page(&app, &who, told).await
}
