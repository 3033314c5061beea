//! Error codes to gRPC status and back.
//!
//! The exact code travels in the metadata key `keylight-code`, field messages in `keylight-detail-bin` (binary, because
//! they may hold any Unicode text), and the seconds until another try makes
//! sense in `keylight-retry-after`. A status without them (from the transport) is mapped from its gRPC code.

use keylight_domain::error::{DomainError, ErrorCode};
use tonic::{
    Code, Status,
    metadata::{MetadataMap, MetadataValue},
};

const CODE: &str = "keylight-code";
const RETRY_AFTER: &str = "keylight-retry-after";
const DETAIL: &str = "keylight-detail-bin";

/// The gRPC code for a kind of failure.
#[must_use]
pub const fn grpc_code(code: ErrorCode) -> Code {
    match code {
        ErrorCode::InvalidInput => Code::InvalidArgument,
        ErrorCode::Unauthenticated => Code::Unauthenticated,
        ErrorCode::Forbidden => Code::PermissionDenied,
        ErrorCode::NotFound => Code::NotFound,
        ErrorCode::AlreadyExists => Code::AlreadyExists,
        ErrorCode::Conflict => Code::Aborted,
        ErrorCode::RateLimited => Code::ResourceExhausted,
        ErrorCode::Unavailable => Code::Unavailable,
        ErrorCode::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorCode::Internal => Code::Internal,
    }
}

const fn code_of(code: Code) -> ErrorCode {
    match code {
        Code::InvalidArgument | Code::OutOfRange => ErrorCode::InvalidInput,
        Code::Unauthenticated => ErrorCode::Unauthenticated,
        Code::PermissionDenied => ErrorCode::Forbidden,
        Code::NotFound => ErrorCode::NotFound,
        Code::AlreadyExists => ErrorCode::AlreadyExists,
        Code::Aborted | Code::FailedPrecondition => ErrorCode::Conflict,
        Code::ResourceExhausted => ErrorCode::RateLimited,
        Code::Unavailable => ErrorCode::Unavailable,
        Code::DeadlineExceeded | Code::Cancelled => ErrorCode::DeadlineExceeded,
        _ => ErrorCode::Internal,
    }
}

/// The status that a caller gets. The internal cause is logged here, once, and not sent.
#[must_use]
pub fn status_of(error: &DomainError) -> Status {
    if let Some(cause) = &error.cause {
        match error.code {
            ErrorCode::Internal => tracing::error!(code = %error.code, cause, "call failed"),
            _ => tracing::warn!(code = %error.code, cause, "call failed"),
        }
    }
    let mut metadata = MetadataMap::new();
    metadata.insert(CODE, MetadataValue::from_static(error.code.as_str()));
    if let Some(seconds) = error.retry_after_seconds {
        metadata.insert(RETRY_AFTER, MetadataValue::from(seconds));
    }
    for detail in &error.details {
        metadata.append_bin(DETAIL, MetadataValue::from_bytes(detail.as_bytes()));
    }
    Status::with_metadata(grpc_code(error.code), error.message.clone(), metadata)
}

/// Whether the transport or the token check made this status, and not the called service.
#[must_use]
pub fn is_from_transport(status: &Status) -> bool {
    status.metadata().get(CODE).is_none()
}

/// The failure that a status tells of, on the caller's side.
#[must_use]
pub fn error_of(status: &Status) -> DomainError {
    let told = status
        .metadata()
        .get(CODE)
        .and_then(|value| value.to_str().ok())
        .and_then(ErrorCode::parse);
    let Some(code) = told else {
        // a status of the transport: its words are for the log
        let code = code_of(status.code());
        // anything but "come again" is a defect between our own services, of which the caller learns nothing
        let error = if code.is_retryable() {
            DomainError {
                code,
                ..DomainError::unavailable(String::new())
            }
        } else {
            DomainError::internal(String::new())
        };
        return error.caused_by(format!("{:?}: {}", status.code(), status.message()));
    };
    let details = status
        .metadata()
        .get_all_bin(DETAIL)
        .iter()
        .filter_map(|value| String::from_utf8(value.to_bytes().ok()?.to_vec()).ok())
        .collect();
    let retry_after_seconds = status
        .metadata()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok());
    DomainError {
        retry_after_seconds,
        ..DomainError::new(code, status.message()).with_details(details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_with_its_details() {
        for code in ErrorCode::ALL {
            let sent = DomainError::new(code, "words")
                .with_details(vec!["ünï field".to_owned(), "other".to_owned()]);
            assert_eq!(
                error_of(&status_of(&sent.clone().caused_by("secret"))),
                sent
            );
        }
    }

    #[test]
    fn when_to_come_again_travels_along() {
        let sent = DomainError::rate_limited("too often", 42);
        assert_eq!(error_of(&status_of(&sent)), sent);
    }

    #[test]
    fn a_lost_connection_is_worth_a_retry() {
        let error = error_of(&Status::unavailable("tcp connect error"));
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(!error.message.contains("tcp"));
    }

    #[test]
    fn a_refusal_of_the_transport_is_a_defect_of_ours() {
        let error = error_of(&Status::unauthenticated(
            "the service token is missing or wrong",
        ));
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::Internal, "Something went wrong")
        );
    }
}
