//! Whether the records fit together, and what was done to them.

mod audit;
mod check;
mod repair;

use crate::access::{Role, Routes, Rule, Scope};
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Viewer, Scope::RecordsRead);
    let write = Rule::Role(Role::Admin, Scope::RecordsWrite);
    Routes::new()
        .add(read, routes!(check::check))
        .add(write, routes!(repair::repair))
        .add(read, routes!(audit::list))
        .add(read, routes!(audit::of_submission))
        .add(read, routes!(audit::of_user))
        .add(read, routes!(audit::of_project))
}
