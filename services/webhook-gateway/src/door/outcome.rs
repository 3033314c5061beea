//! How a delivery ended, and what is answered then.

use crate::deliveries::gatherer::NotStored;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Stored,
    StoredUnread,
    Repetition,
    Spooled,
    SpooledUnchecked,
    Forged,
    Limited,
    TooLarge,
    Broken,
    TooSlow,
    Full,
    Away,
    Unasked,
    Refused,
}

impl Outcome {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Outcome::Stored => "stored",
            Outcome::StoredUnread => "stored_unknown",
            Outcome::Repetition => "repetition",
            Outcome::Spooled => "spooled",
            Outcome::SpooledUnchecked => "spooled_unchecked",
            Outcome::Forged => "forged",
            Outcome::Limited => "limited",
            Outcome::TooLarge => "too_large",
            Outcome::Broken => "broken",
            Outcome::TooSlow => "too_slow",
            Outcome::Full => "full",
            Outcome::Away => "database_away",
            Outcome::Unasked => "secret_unknown",
            Outcome::Refused => "refused",
        }
    }

    pub(super) const fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Outcome::Stored
            | Outcome::StoredUnread
            | Outcome::Repetition
            | Outcome::Spooled
            | Outcome::SpooledUnchecked => (StatusCode::OK, "{}"),
            Outcome::Forged => (
                StatusCode::FORBIDDEN,
                r#"{"error":"the signature does not match"}"#,
            ),
            Outcome::Limited => (
                StatusCode::TOO_MANY_REQUESTS,
                r#"{"error":"too many wrong signatures"}"#,
            ),
            Outcome::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                r#"{"error":"the body is larger than 1 MiB"}"#,
            ),
            Outcome::Broken => (StatusCode::BAD_REQUEST, r#"{"error":"the body broke off"}"#),
            Outcome::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                r#"{"error":"the body did not come in time"}"#,
            ),
            Outcome::Full | Outcome::Away | Outcome::Unasked => (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"error":"please repeat the delivery later"}"#,
            ),
            Outcome::Refused => (
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"error":"the delivery cannot be stored"}"#,
            ),
        }
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let (status, text) = self.answer();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let wait = match status {
            StatusCode::SERVICE_UNAVAILABLE => Some("2"),
            StatusCode::TOO_MANY_REQUESTS => Some("60"),
            _ => None,
        };
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        response
    }
}

impl From<NotStored> for Outcome {
    fn from(error: NotStored) -> Self {
        match error {
            NotStored::Full => Outcome::Full,
            NotStored::Away => Outcome::Away,
            NotStored::Refused => Outcome::Refused,
        }
    }
}
