//! `POST /apply`: the form, sent by a browser.

use super::{form_page, view::Problem};
use crate::{
    app::App,
    pace::InPace,
    pages::page,
    requests::Sent,
    submissions::create::{read_fields, store},
};
use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use keylight_domain::intake::{DUPLICATE_EMAIL, Field, parse};
use keylight_web::{error::ApiError, request_id::RequestId};

const DUPLICATE: &str =
    "We already have an application with this e-mail address, and will be in touch about it.";
const NOT_STORED: &str = "We could not save your application just now. Nothing that you typed is lost: please try again in a moment.";
const TOO_OFTEN: &str = "Too many applications came from your network just now. Nothing that you typed is lost: please try again in a minute.";
const CHECK_FIELDS: &str = "Please check what you typed and try again.";
const TOO_LARGE: &str =
    "Your application is too long to be sent. Please go back and shorten your texts.";

/// What an applicant sees afterwards.
#[derive(Template)]
#[template(path = "thanks.html")]
struct ThanksPage<'a> {
    full_name: &'a str,
}

pub(super) async fn apply(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    pace: InPace,
    sent: Result<Sent, ApiError>,
) -> Response {
    let read = sent.and_then(|sent| read_fields(&sent).map(|fields| (sent, fields)));
    let (sent, fields) = match read {
        Ok(read) => read,
        Err(error) => {
            let notice = if error.status == StatusCode::PAYLOAD_TOO_LARGE {
                TOO_LARGE
            } else {
                CHECK_FIELDS
            };
            return form_page(
                error.status,
                &keylight_domain::intake::RawFields::new(),
                &[],
                Some(notice),
            );
        }
    };
    let application = match parse(&fields) {
        Ok(application) => application,
        Err(problems) => {
            return form_page(
                StatusCode::BAD_REQUEST,
                &fields,
                &Problem::of(&problems),
                None,
            );
        }
    };
    if let Err(error) = pace.or_refuse() {
        return form_page(error.status, &fields, &[], Some(TOO_OFTEN));
    }
    match store(&app, application, &sent).await {
        Ok(stored) => page(
            StatusCode::CREATED,
            &ThanksPage {
                full_name: stored.full_name(),
            },
        ),
        Err(error) if error.message.as_deref() == Some(DUPLICATE_EMAIL) => {
            let problem = Problem {
                field: Field::EmailAddress,
                sentence: DUPLICATE.to_owned(),
            };
            form_page(error.status, &fields, &[problem], None)
        }
        Err(error) if error.status.is_server_error() => {
            log_failure(&error, &request_id);
            form_page(error.status, &fields, &[], Some(NOT_STORED))
        }
        // the entity service is stricter than we are, which is a defect; JSON clients get its words
        Err(error) if error.status == StatusCode::BAD_REQUEST => {
            form_page(error.status, &fields, &[], Some(CHECK_FIELDS))
        }
        Err(error) => error.into_response(),
    }
}

/// A page is not an error frame, so the front does not log it.
fn log_failure(error: &ApiError, request_id: &RequestId) {
    let cause = error.cause.as_deref().unwrap_or_default();
    tracing::warn!(
        route = "/apply",
        request_id = request_id.as_str(),
        code = error.code,
        cause,
        "application not stored"
    );
}
