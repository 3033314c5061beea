//! The intake form: one page that works without JavaScript.
//!
//! The page is data: [`view`] lists sections and fields, the template only draws them. What an applicant typed is kept
//! when something is wrong, with a sentence beside each field.

mod apply;
mod view;
mod words;

use crate::{
    access::{Routes, Rule},
    pages::{page, see_other},
    submissions::honeypot,
};
use askama::Template;
use axum::response::Response;
use http::{Method, StatusCode};
use keylight_domain::intake::RawFields;
use view::{Problem, Section};

pub(crate) fn routes() -> Routes {
    let back = || async { see_other("/") };
    Routes::new()
        .page(Rule::Public, Method::GET, "/apply", back)
        .page(Rule::Public, Method::POST, "/apply", apply::apply)
}

/// The form.
#[derive(Template)]
#[template(path = "form.html")]
struct FormPage<'a> {
    sections: Vec<Section<'a>>,
    problems: &'a [Problem],
    /// Something that no field is to blame for.
    notice: Option<&'a str>,
    /// Name of the field that people do not see.
    honeypot: &'static str,
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
            honeypot: honeypot::FIELD,
        },
    )
}
