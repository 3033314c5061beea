//! `/api/submissions`: the REST interface of the predecessor (contract 3 and 4).

mod by_status;
pub(crate) mod create;
mod delete;
mod get;
mod id;
mod json;
mod list;
mod page;
mod recent;
mod search;
mod set_status;
mod stats;

use crate::app::App;
use axum::{
    Router,
    routing::{get as on_get, put},
};
use keylight_web::routes::TolerantRoutes as _;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .tolerant_route("/api/submissions", on_get(list::list).post(create::create))
        .tolerant_route("/api/submissions/stats", on_get(stats::stats))
        .tolerant_route("/api/submissions/search", on_get(search::search))
        .tolerant_route("/api/submissions/recent", on_get(recent::recent))
        .tolerant_route(
            "/api/submissions/status/{status}",
            on_get(by_status::by_status),
        )
        .tolerant_route(
            "/api/submissions/{id}",
            on_get(get::get).delete(delete::delete),
        )
        .tolerant_route("/api/submissions/{id}/status", put(set_status::set_status))
}
