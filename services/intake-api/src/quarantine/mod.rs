//! `/api/quarantine`: applications that the honeypot caught, until staff settle them.

mod json;
mod list;
mod settle;

use crate::access::{Role, Routes, Rule, Scope};
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Viewer, Scope::SubmissionsRead);
    let write = Rule::Role(Role::Manager, Scope::SubmissionsWrite);
    Routes::new()
        .add(read, routes!(list::list))
        .add(write, routes!(settle::release))
        .add(write, routes!(settle::dismiss))
}
