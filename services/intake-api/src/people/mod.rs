//! `/api/users`: the people who apply.

mod change;
mod create;
mod delete;
mod duplicates;
mod erase;
mod get;
mod input;
mod json;
mod list;
mod merge;
mod relations;

use crate::access::{Role, Routes, Rule, Scope};
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Viewer, Scope::PeopleRead);
    let write = Rule::Role(Role::Manager, Scope::PeopleWrite);
    let admin = Rule::Role(Role::Admin, Scope::PeopleWrite);
    Routes::new()
        .add(read, routes!(list::list))
        .add(write, routes!(create::create))
        .add(read, routes!(get::get))
        .add(write, routes!(change::change))
        .add(write, routes!(change::replace))
        .add(write, routes!(delete::delete))
        .add(write, routes!(delete::restore))
        .add(read, routes!(relations::submissions))
        .add(read, routes!(relations::projects))
        .add(read, routes!(duplicates::duplicates))
        .add(write, routes!(duplicates::dismiss))
        .add(write, routes!(merge::merge))
        .add(read, routes!(merge::merges))
        .add(write, routes!(merge::undo))
        .add(admin, routes!(erase::erase))
        .add(admin, routes!(erase::erasures))
}
