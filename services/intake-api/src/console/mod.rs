//! The staff console: a login with the admin token, and a first page that shows how things stand.

mod chart;
mod login;
mod overview;
pub(crate) mod session;

use crate::app::App;
use axum::{
    Router,
    routing::{get, post},
};
use keylight_web::routes::TolerantRoutes as _;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .tolerant_route("/console", get(overview::overview))
        .tolerant_route("/console/login", get(login::show).post(login::log_in))
        .tolerant_route("/console/logout", post(login::log_out))
}
