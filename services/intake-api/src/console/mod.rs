//! The staff console: a login with the admin token, and a first page that shows how things stand.

mod chart;
mod login;
mod overview;
pub(crate) mod session;

use crate::access::{Routes, Rule};
use http::Method;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .page(Rule::Public, Method::GET, "/console", overview::overview)
        .page(Rule::Public, Method::GET, "/console/login", login::show)
        .page(Rule::Public, Method::POST, "/console/login", login::log_in)
        .page(
            Rule::Public,
            Method::POST,
            "/console/logout",
            login::log_out,
        )
}
