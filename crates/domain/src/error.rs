//! One small set of error codes. `keylight-web` maps it once to HTTP, `keylight-rpc` once to gRPC.

use std::fmt;

/// What callers read when their idempotency key belongs to another request.
pub const IDEMPOTENCY_KEY_REUSED: &str =
    "This Idempotency-Key was used for another request; use a new key for each request";

/// What kind of failure it is, as far as a caller needs to know in order to react.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request breaks a rule; the message says which and how to mend it.
    InvalidInput,
    /// Nobody has said who they are, or the credential is not valid.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// The thing does not exist (any more).
    NotFound,
    /// The thing exists already, and there may be only one.
    AlreadyExists,
    /// The caller's picture of the thing is out of date.
    Conflict,
    /// Too many requests; try again later.
    RateLimited,
    /// A part that is needed is away or overloaded; try again later.
    Unavailable,
    /// The answer did not come in time; the effect is unknown.
    DeadlineExceeded,
    /// A defect of ours.
    Internal,
}

impl ErrorCode {
    /// Every code, for tests that check the mappings are total.
    pub const ALL: [ErrorCode; 10] = [
        ErrorCode::InvalidInput,
        ErrorCode::Unauthenticated,
        ErrorCode::Forbidden,
        ErrorCode::NotFound,
        ErrorCode::AlreadyExists,
        ErrorCode::Conflict,
        ErrorCode::RateLimited,
        ErrorCode::Unavailable,
        ErrorCode::DeadlineExceeded,
        ErrorCode::Internal,
    ];

    /// The stable machine-readable name that clients see as `code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorCode::InvalidInput => "invalid_input",
            ErrorCode::Unauthenticated => "unauthenticated",
            ErrorCode::Forbidden => "forbidden",
            ErrorCode::NotFound => "not_found",
            ErrorCode::AlreadyExists => "already_exists",
            ErrorCode::Conflict => "conflict",
            ErrorCode::RateLimited => "rate_limited",
            ErrorCode::Unavailable => "unavailable",
            ErrorCode::DeadlineExceeded => "deadline_exceeded",
            ErrorCode::Internal => "internal",
        }
    }

    /// The code with this name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<ErrorCode> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// Whether the same request may succeed when it is sent again later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            ErrorCode::RateLimited | ErrorCode::Unavailable | ErrorCode::DeadlineExceeded
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure with two texts that must never be mixed: `message` is for the caller, `cause` for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DomainError {
    /// What kind of failure it is.
    pub code: ErrorCode,
    /// What the caller reads. Holds nothing internal.
    pub message: String,
    /// One line per field that is wrong, in a fixed order; empty when no single field is to blame.
    pub details: Vec<String>,
    /// What the log keeps. Holds no personal data and no secret.
    pub cause: Option<String>,
    /// When the same request may succeed, if that is known.
    pub retry_after_seconds: Option<u32>,
}

impl DomainError {
    /// A failure that the caller reads as `message`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            cause: None,
            retry_after_seconds: None,
        }
    }

    /// Too many requests; the same one may succeed after `seconds`.
    pub fn rate_limited(message: impl Into<String>, seconds: u32) -> Self {
        Self {
            retry_after_seconds: Some(seconds),
            ..Self::new(ErrorCode::RateLimited, message)
        }
    }

    /// The request breaks a rule.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message)
    }

    /// The thing does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// A needed part is away; the caller should try again.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self::new(
            ErrorCode::Unavailable,
            "The service is busy, please try again in a moment",
        )
        .caused_by(cause)
    }

    /// A defect of ours: the caller learns nothing but that it happened.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, "Something went wrong").caused_by(cause)
    }

    /// Adds what the log should keep.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds one line per wrong field.
    #[must_use]
    pub fn with_details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_round_trip() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
        }
    }
}
