//! `/api/tokens`: API tokens.

mod create;
mod json;
mod list;
mod revoke;
mod rotate;

use crate::access::{Role, Routes, Rule, Scope};
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let manage = Rule::Role(Role::Admin, Scope::StaffAdmin);
    Routes::new()
        .add(manage, routes!(list::list, create::create))
        .add(manage, routes!(rotate::rotate))
        .add(manage, routes!(revoke::revoke))
}
