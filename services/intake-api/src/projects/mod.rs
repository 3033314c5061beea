//! `/api/projects`: what is built for whom.

mod change;
mod create;
mod delete;
mod get;
mod input;
mod json;
mod lifecycle;
mod list;
mod people;
mod submissions;

use crate::access::{Role, Routes, Rule, Scope};
use utoipa_axum::routes;

pub(crate) use json::ProjectJson;

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Viewer, Scope::ProjectsRead);
    let write = Rule::Role(Role::Manager, Scope::ProjectsWrite);
    Routes::new()
        .add(read, routes!(list::list))
        .add(write, routes!(create::create))
        .add(read, routes!(get::get))
        .add(write, routes!(change::change))
        .add(write, routes!(change::replace))
        .add(write, routes!(delete::delete))
        .add(write, routes!(delete::restore))
        .add(write, routes!(lifecycle::step))
        .add(read, routes!(people::list))
        .add(write, routes!(people::add))
        .add(write, routes!(people::remove))
        .add(read, routes!(submissions::list))
}
