//! All paths.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

use crate::attachments::{calls as files, download};
use crate::fields::calls as fields;
use crate::gateway::gateway;
use crate::hierarchy::{folders, lists, spaces, teams};
use crate::sim::Sim;
use crate::tasks::{
    checklists, comments, create, delete, lists as task_lists, moving, page, read, relations, tags,
    templates, update,
};
use crate::webhooks::calls as hooks;
use crate::{board, control};

/// Largest request body.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Largest file of an upload, and a little for what is around it.
const LARGEST_FILE: usize = 1024 * 1024 * 1024 + 64 * 1024;

/// The whole simulator as a router. Faults that break connections need [`crate::serve`], which
/// also sends the webhooks.
pub fn router(sim: Sim) -> Router {
    let inside = Router::new()
        .nest("/api/v2", api())
        .route(
            "/api/v3/workspaces/{team}/tasks/{task}/home_list/{list}",
            put(moving::to_list),
        )
        .route(
            "/api/v3/workspaces/{team}/{kind}/{id}/attachments",
            get(files::of_entity)
                .post(files::to_entity)
                .layer(DefaultBodyLimit::max(LARGEST_FILE)),
        )
        .route("/attachments/{id}/{title}", get(download::file))
        .nest("/_sim", control::routes())
        .merge(board::routes())
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(sim.clone());
    // Around the router and not in it: the gateway may send a request to another path.
    Router::new()
        .fallback_service(inside)
        .layer(from_fn_with_state(sim, gateway))
}

fn api() -> Router<Sim> {
    Router::new()
        .route("/user", get(teams::user))
        .route("/group", get(teams::groups))
        .merge(team())
        .merge(places())
        .merge(tasks())
        .route("/webhook/{id}", put(hooks::update).delete(hooks::delete))
}

fn team() -> Router<Sim> {
    Router::new()
        .route("/team", get(teams::teams))
        .route("/team/{id}", get(teams::team))
        .route("/team/{id}/custom_item", get(teams::custom_items))
        .route("/team/{id}/plan", get(teams::plan))
        .route("/team/{id}/user", post(teams::not_in_plan))
        .route(
            "/team/{id}/user/{user}",
            get(teams::not_in_plan)
                .put(teams::not_in_plan)
                .delete(teams::not_in_plan),
        )
        .route(
            "/team/{id}/space",
            get(spaces::of_team).post(spaces::create),
        )
        .route("/team/{id}/taskTemplate", get(templates::of_team))
        .route("/team/{id}/task", get(page::of_team))
        .route("/team/{id}/field", get(fields::of_higher_level))
        .route("/team/{id}/webhook", get(hooks::list).post(hooks::create))
}

fn places() -> Router<Sim> {
    Router::new()
        .route(
            "/space/{id}",
            get(spaces::get).put(spaces::update).delete(spaces::delete),
        )
        .route(
            "/space/{id}/folder",
            get(folders::of_space).post(folders::create),
        )
        .route(
            "/space/{id}/list",
            get(lists::of_space).post(lists::create_in_space),
        )
        .route("/space/{id}/field", get(fields::of_higher_level))
        .route(
            "/space/{id}/tag",
            get(tags::of_space).post(tags::create_in_space),
        )
        .route(
            "/folder/{id}",
            get(folders::get)
                .put(folders::update)
                .delete(folders::delete),
        )
        .route(
            "/folder/{id}/list",
            get(lists::of_folder).post(lists::create_in_folder),
        )
        .route("/folder/{id}/field", get(fields::of_higher_level))
        .route(
            "/list/{id}",
            get(lists::get).put(lists::update).delete(lists::delete),
        )
        .route("/list/{id}/field", get(fields::of_list))
        .route("/list/{id}/member", get(teams::list_members))
        .route("/list/{id}/task", get(page::of_list).post(create::create))
        .route(
            "/list/{id}/task/{task}",
            post(task_lists::add).delete(task_lists::remove),
        )
        .route("/list/{id}/taskTemplate/{template}", post(templates::make))
}

fn tasks() -> Router<Sim> {
    Router::new()
        .route(
            "/task/{id}",
            get(read::get).put(update::update).delete(delete::delete),
        )
        .route("/task/{id}/member", get(read::members))
        .route("/task/{id}/merge", post(task_lists::merge))
        .route("/task/{id}/time_in_status", get(task_lists::time_in_status))
        .route(
            "/task/bulk_time_in_status/task_ids",
            get(task_lists::bulk_time_in_status),
        )
        .route(
            "/task/{id}/attachment",
            post(files::to_task).layer(DefaultBodyLimit::max(LARGEST_FILE)),
        )
        .route(
            "/task/{id}/field/{field}",
            post(fields::set).delete(fields::clear),
        )
        .route(
            "/task/{id}/tag/{name}",
            post(tags::add).delete(tags::remove),
        )
        .route(
            "/task/{id}/comment",
            get(comments::list).post(comments::create),
        )
        .route(
            "/comment/{id}",
            put(comments::update).delete(comments::delete),
        )
        .route(
            "/comment/{id}/reply",
            get(comments::replies).post(comments::reply),
        )
        .route(
            "/task/{id}/dependency",
            post(relations::add_dependency).delete(relations::remove_dependency),
        )
        .route(
            "/task/{id}/link/{other}",
            post(relations::add_link).delete(relations::remove_link),
        )
        .route("/task/{id}/checklist", post(checklists::create))
        .route(
            "/checklist/{id}",
            put(checklists::update).delete(checklists::delete),
        )
        .route("/checklist/{id}/checklist_item", post(checklists::add_item))
        .route(
            "/checklist/{id}/checklist_item/{item}",
            put(checklists::update_item).delete(checklists::delete_item),
        )
}

/// Unknown paths answer in plain text, unlike everything else.
async fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}
