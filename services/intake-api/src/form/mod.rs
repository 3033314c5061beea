//! The intake form: one page that works without JavaScript.
//!
//! The page is data: [`view`] lists sections and fields, the template only draws them. What an applicant typed is kept
//! when something is wrong, with a sentence beside each field.

mod apply;
mod view;
mod words;

use crate::{
    app::App,
    pages::{page, see_other},
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use http::StatusCode;
use keylight_domain::intake::RawFields;
use keylight_web::routes::TolerantRoutes as _;
use view::{Problem, Section};

pub(crate) fn routes() -> Router<App> {
    Router::new().tolerant_route(
        "/apply",
        get(|| async { see_other("/") }).post(apply::apply),
    )
}

/// The form.
#[derive(Template)]
#[template(path = "form.html")]
struct FormPage<'a> {
    sections: Vec<Section<'a>>,
    problems: &'a [Problem],
    /// Something that no field is to blame for.
    notice: Option<&'a str>,
}

/// The form with nothing filled in.
pub(crate) fn empty_page() -> Response {
    form_page(StatusCode::OK, &RawFields::new(), &[], None)
}

fn form_page(
    status: StatusCode,
    fields: &RawFields,
    problems: &[Problem],
    notice: Option<&str>,
) -> Response {
    page(
        status,
        &FormPage {
            sections: view::sections(fields, problems),
            problems,
            notice,
        },
    )
}
