//! `/api/submissions`: the REST interface of the predecessor (contract 3 and 4), and what came later.

mod bulk;
mod by_status;
pub(crate) mod create;
mod delete;
mod filter;
mod get;
pub(crate) mod honeypot;
mod json;
mod link;
mod list;
mod of_owner;
mod page;
mod recent;
mod search;
mod set_status;
mod stats;

use crate::access::{Role, Routes, Rule, Scope};
use utoipa_axum::routes;

pub(crate) use json::SubmissionJson;
pub(crate) use page::listed;

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Viewer, Scope::SubmissionsRead);
    let write = Rule::Role(Role::Manager, Scope::SubmissionsWrite);
    Routes::new()
        .add(Rule::Public, routes!(create::create))
        .add(read, routes!(list::list))
        .add(read, routes!(stats::stats))
        .add(read, routes!(search::search))
        .add(read, routes!(recent::recent))
        .add(read, routes!(by_status::by_status))
        .add(read, routes!(of_owner::of_user))
        .add(read, routes!(of_owner::of_project))
        .add(write, routes!(bulk::bulk))
        .add(read, routes!(get::get))
        .add(write, routes!(delete::delete))
        .add(write, routes!(delete::restore))
        .add(write, routes!(set_status::set_status))
        .add(write, routes!(link::link))
}
