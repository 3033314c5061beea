//! What a handler returns when something is wrong.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use keylight_domain::error::{DomainError, ErrorCode, IDEMPOTENCY_KEY_REUSED};
use std::borrow::Cow;

/// Seconds after which a client should try again when a part of ours is away.
const RETRY_AFTER_SECONDS: u32 = 2;

/// A failure on its way to the client. The frame is written by [`crate::front`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// The class of failure, the frame's `error`.
    pub class: &'static str,
    /// Stable name for machines, the frame's `code`.
    pub code: &'static str,
    /// Text for people, the frame's `message`; absent where the predecessor sent none.
    pub message: Option<Cow<'static, str>>,
    /// The frame's `details`.
    pub details: Details,
    /// Seconds until another try makes sense.
    pub retry_after: Option<u32>,
    /// The record as it is now, the frame's `current`, when the caller's picture of it is out of date.
    pub current: Option<Box<serde_json::Value>>,
    /// What the log keeps.
    pub cause: Option<String>,
}

/// The frame's `details`: on validation errors only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Details {
    /// The key is not sent.
    #[default]
    Left,
    /// `null`: a validation error that no single field is to blame for.
    Null,
    /// One line per field.
    Lines(Vec<String>),
}

impl ApiError {
    /// A failure with a message.
    pub fn new(
        status: StatusCode,
        class: &'static str,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            class,
            code,
            message: Some(message.into()),
            details: Details::Left,
            retry_after: None,
            current: None,
            cause: None,
        }
    }

    /// A request that breaks a rule; one sentence says which.
    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            details: Details::Null,
            ..Self::new(
                StatusCode::BAD_REQUEST,
                "Validation error",
                ErrorCode::InvalidInput.as_str(),
                message,
            )
        }
    }

    /// Fields that break rules, one line each.
    #[must_use]
    pub fn fields(lines: Vec<String>) -> Self {
        Self {
            details: Details::Lines(lines),
            ..Self::validation(keylight_domain::intake::VALIDATION_FAILED)
        }
    }

    /// A body that is not a JSON object.
    #[must_use]
    pub fn invalid_json() -> Self {
        let message = "Request body contains invalid JSON";
        Self::new(
            StatusCode::BAD_REQUEST,
            "Invalid JSON",
            "invalid_json",
            message,
        )
    }

    /// A body that cannot be read: cut off, or wrongly compressed.
    #[must_use]
    pub fn unreadable_body() -> Self {
        let message = "Request body could not be read";
        Self::new(
            StatusCode::BAD_REQUEST,
            "Bad request",
            "unreadable_body",
            message,
        )
    }

    /// A body above the limit.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request body must be at most {limit} bytes");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Payload too large",
            "payload_too_large",
            message,
        )
    }

    /// A charset or an encoding that is not understood.
    #[must_use]
    pub fn unsupported_media_type(message: &'static str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "unsupported_media_type",
            message,
        )
    }

    /// A path that leads nowhere. The predecessor sends no message with it.
    #[must_use]
    pub fn route_not_found() -> Self {
        Self {
            message: None,
            ..Self::new(
                StatusCode::NOT_FOUND,
                "Route not found",
                "route_not_found",
                "",
            )
        }
    }

    /// A path that exists, with a method that it does not have.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "method_not_allowed",
            "This path does not have this method; the header Allow names those that it has",
        )
    }

    /// `If-Match` names another version than the stored one.
    #[must_use]
    pub fn precondition_failed(current: serde_json::Value) -> Self {
        Self {
            current: Some(Box::new(current)),
            ..Self::new(
                StatusCode::PRECONDITION_FAILED,
                "Precondition failed",
                "precondition_failed",
                "The record was changed meanwhile; look at its current state and decide again",
            )
        }
    }

    /// The body names another version than the stored one.
    #[must_use]
    pub fn stale(current: serde_json::Value) -> Self {
        let message =
            "The record was changed meanwhile; look at its current state and decide again";
        Self {
            current: Some(Box::new(current)),
            ..DomainError::new(ErrorCode::Conflict, message).into()
        }
    }

    /// The idempotency key belongs to another request.
    #[must_use]
    pub fn idempotency_key_reused() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "Conflict",
            "idempotency_key_reused",
            IDEMPOTENCY_KEY_REUSED,
        )
    }

    /// The caller has not shown a valid credential.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let message = "A valid bearer token is required";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            ErrorCode::Unauthenticated.as_str(),
            message,
        )
    }

    /// The server has as much in hand as it may have.
    #[must_use]
    pub fn busy() -> Self {
        DomainError::unavailable("too many requests in flight").into()
    }

    /// The client asks too often; it may come again after `seconds`.
    #[must_use]
    pub fn rate_limited(seconds: u32) -> Self {
        let error = DomainError::new(
            ErrorCode::RateLimited,
            "Too many requests, please try again later",
        );
        Self {
            retry_after: Some(seconds),
            ..error.into()
        }
    }

    /// The answer that a status alone stands for, when a library refused the request without words of ours.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::route_not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                status,
                "Payload too large",
                "payload_too_large",
                "Request body is too large",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::unsupported_media_type("This content type is not supported")
            }
            StatusCode::UNAUTHORIZED => Self::unauthenticated(),
            _ if status.is_client_error() => Self::new(
                status,
                "Bad request",
                ErrorCode::InvalidInput.as_str(),
                "The request could not be understood",
            ),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                DomainError::unavailable(format!("answered {}", status.as_u16())).into()
            }
            _ => DomainError::internal(format!("answered {}", status.as_u16())).into(),
        }
    }
}

/// The one place where our error codes become HTTP.
impl From<DomainError> for ApiError {
    fn from(error: DomainError) -> Self {
        let (status, class) = match error.code {
            ErrorCode::InvalidInput => (StatusCode::BAD_REQUEST, "Validation error"),
            ErrorCode::Unauthenticated => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            ErrorCode::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            ErrorCode::NotFound => (StatusCode::NOT_FOUND, "Not found"),
            ErrorCode::AlreadyExists | ErrorCode::Conflict => (StatusCode::CONFLICT, "Conflict"),
            ErrorCode::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            ErrorCode::Unavailable | ErrorCode::DeadlineExceeded => {
                (StatusCode::SERVICE_UNAVAILABLE, "Service unavailable")
            }
            ErrorCode::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
        };
        let details = match error.code {
            ErrorCode::InvalidInput if error.details.is_empty() => Details::Null,
            ErrorCode::InvalidInput => Details::Lines(error.details),
            _ => Details::Left,
        };
        Self {
            status,
            class,
            code: error.code.as_str(),
            message: Some(error.message.into()),
            details,
            retry_after: error
                .retry_after_seconds
                .or_else(|| error.code.is_retryable().then_some(RETRY_AFTER_SECONDS)),
            current: None,
            cause: error.cause,
        }
    }
}

/// Without [`crate::front`] around it, only the status arrives.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Box::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_and_only_retryable_ones_say_when() {
        for code in ErrorCode::ALL {
            let error = ApiError::from(DomainError::new(code, "words"));
            assert!(error.status.is_client_error() || error.status.is_server_error());
            assert_eq!(error.retry_after.is_some(), code.is_retryable(), "{code}");
            assert_eq!(error.code, code.as_str());
        }
    }

    #[test]
    fn details_are_for_validation_only() {
        let plain = ApiError::from(DomainError::invalid("Invalid submission ID"));
        assert_eq!(plain.details, Details::Null);
        assert_eq!(
            ApiError::from(DomainError::not_found("gone")).details,
            Details::Left
        );
        let lines = DomainError::invalid("Validation failed").with_details(vec!["a".to_owned()]);
        assert_eq!(
            ApiError::from(lines),
            ApiError::fields(vec!["a".to_owned()])
        );
    }
}
