//! The page with accounts and tokens.

use crate::{
    access::{Role, Scope, Who},
    app::Door,
    console::Visitor,
    pages,
};
use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keylight_contracts::{
    time::from_wire,
    v1::{ListStaffRequest, ListTokensRequest, NewToken, Staff, Token},
};
use keylight_domain::access::{MAX_PASSWORD, MIN_PASSWORD};
use keylight_rpc::status::error_of;
use keylight_web::error::ApiError;
use prost_types::Timestamp;
use tonic::Status;

/// What a form did, or why it did nothing.
#[derive(Default)]
pub(super) struct Told {
    status: StatusCode,
    done: Option<String>,
    problem: Option<String>,
    /// Shown this once.
    secret: Option<String>,
}

impl Told {
    pub(super) fn of(result: Result<String, Status>) -> Self {
        match result {
            Ok(done) => Self {
                done: Some(done),
                ..Self::default()
            },
            Err(status) => {
                let error = ApiError::from(error_of(&status));
                Self {
                    status: error.status,
                    problem: error.message.map(Into::into),
                    ..Self::default()
                }
            }
        }
    }

    pub(super) fn secret(made: Result<tonic::Response<NewToken>, Status>, what: &str) -> Self {
        let mut secret = None;
        let done = made.map(|made| {
            let made = made.into_inner();
            secret = Some(made.secret);
            format!("The token {} {what}.", made.token.unwrap_or_default().name)
        });
        Self {
            secret,
            ..Self::of(done)
        }
    }

    pub(super) fn unknown() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            problem: Some("This form is not known; load the page again.".to_owned()),
            ..Self::default()
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    visitor: Visitor,
    told: Told,
    accounts: Vec<Account>,
    tokens: Vec<Row>,
    roles: [Role; 3],
    scopes: &'static [Scope],
    shortest: usize,
    longest: usize,
}

/// An account in the list.
struct Account {
    id: String,
    version: i64,
    username: String,
    full_name: String,
    role: String,
    state: &'static str,
    disabled: bool,
    last_sign_in: String,
}

/// A token in the list.
struct Row {
    id: String,
    name: String,
    role: String,
    scopes: String,
    hint: String,
    expires: String,
    last_used: String,
    created_by: String,
}

pub(super) async fn page(app: &Door, who: &Who, told: Told) -> Response {
    let (mut staff, mut tokens) = (app.accounts(), app.accounts());
    let listed = tokio::try_join!(
        staff.list_staff(ListStaffRequest {}),
        tokens.list_tokens(ListTokensRequest::default())
    );
    let (staff, tokens) = match listed {
        Ok((staff, tokens)) => (staff.into_inner().staff, tokens.into_inner().tokens),
        Err(status) => return ApiError::from(error_of(&status)).into_response(),
    };
    let status = told.status;
    let view = AccessPage {
        visitor: Visitor::of(who),
        told,
        accounts: staff.into_iter().map(Into::into).collect(),
        tokens: tokens.into_iter().map(Into::into).collect(),
        roles: Role::ALL,
        scopes: &Scope::ALL,
        shortest: MIN_PASSWORD,
        longest: MAX_PASSWORD,
    };
    pages::page(status, &view)
}

fn minute(time: Option<&Timestamp>) -> String {
    time.and_then(from_wire)
        .map(|time| time.format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

impl From<Staff> for Account {
    fn from(staff: Staff) -> Self {
        Self {
            state: match (staff.disabled, staff.must_change_password) {
                (true, _) => "disabled",
                (false, true) => "one-time password",
                (false, false) => "",
            },
            id: staff.id,
            version: staff.version,
            username: staff.username,
            full_name: staff.full_name,
            role: staff.role,
            disabled: staff.disabled,
            last_sign_in: minute(staff.last_sign_in_at.as_ref()),
        }
    }
}

impl From<Token> for Row {
    fn from(token: Token) -> Self {
        Self {
            scopes: if token.scopes.is_empty() {
                "all".to_owned()
            } else {
                token.scopes.join(", ")
            },
            id: token.id,
            name: token.name,
            role: token.role,
            hint: token.hint,
            expires: minute(token.expires_at.as_ref()),
            last_used: minute(token.last_used_at.as_ref()),
            created_by: token.created_by,
        }
    }
}
