//! `/api/staff`: accounts of the people who work here; and `/api/me`.

mod change;
mod create;
mod json;
mod list;
mod me;
mod password;

use crate::access::{Role, Routes, Rule, Scope};
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let manage = Rule::Role(Role::Admin, Scope::StaffAdmin);
    Routes::new()
        .add(manage, routes!(list::list, create::create))
        .add(manage, routes!(list::get, change::change))
        .add(manage, routes!(password::set))
        .add(Rule::SignedIn, routes!(me::me))
        .add(Rule::SignedIn, routes!(me::password))
}
