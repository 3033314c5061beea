//! The staff console: sign-in with an account, and pages that show how things stand.

mod access;
mod chart;
mod overview;
mod password;
mod quarantine;
mod sign_in;

use crate::access::{Role, Routes, Rule, Scope, Who};
use http::Method;

/// Who manages accounts and tokens.
const MANAGE: Rule = Rule::Role(Role::Admin, Scope::StaffAdmin);

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Viewer, Scope::SubmissionsRead);
    let write = Rule::Role(Role::Manager, Scope::SubmissionsWrite);
    Routes::new()
        .merge(access::routes())
        .page(read, Method::GET, "/console", overview::overview)
        .page(read, Method::GET, "/console/quarantine", quarantine::show)
        .page(
            write,
            Method::POST,
            "/console/quarantine/{id}",
            quarantine::settle,
        )
        .page(Rule::Public, Method::GET, "/console/login", sign_in::show)
        .page(
            Rule::Public,
            Method::POST,
            "/console/login",
            sign_in::sign_in,
        )
        .page(
            Rule::SignedIn,
            Method::POST,
            "/console/logout",
            sign_in::sign_out,
        )
        .page(
            Rule::SignedIn,
            Method::GET,
            "/console/password",
            password::show,
        )
        .page(
            Rule::SignedIn,
            Method::POST,
            "/console/password",
            password::change,
        )
}

/// What every page of the console shows of whoever looks at it.
struct Visitor {
    name: String,
    /// For the forms.
    csrf: String,
    /// May see the page of accounts and tokens.
    manages: bool,
    /// Has an account, so there is something to sign out of.
    signed_in: bool,
}

impl Visitor {
    fn of(who: &Who) -> Self {
        let name = if who.username.is_empty() {
            &who.full_name
        } else {
            &who.username
        };
        Self {
            name: name.clone(),
            manages: MANAGE.admits(who).is_ok(),
            csrf: who.csrf_token.clone(),
            signed_in: who.session().is_some(),
        }
    }
}
