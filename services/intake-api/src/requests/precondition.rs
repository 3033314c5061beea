//! Which version of a record the caller will have changed: `If-Match`, or `version` in the body.

use http::{HeaderMap, StatusCode};
use keylight_web::{
    error::ApiError,
    etag::{IfMatch, if_match},
};
use serde_json::Value;
use std::future::Future;

/// No record has this version.
const NONE: i64 = -1;

/// What the caller has seen of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Precondition {
    expected: Option<i64>,
    by_header: bool,
}

impl Precondition {
    pub(crate) fn new(headers: &HeaderMap, in_body: Option<i64>) -> Self {
        match if_match(headers) {
            IfMatch::Any => Self {
                expected: in_body,
                by_header: false,
            },
            IfMatch::OneOf(versions) => {
                // versions only grow, so of several the highest alone can be the current one
                let highest = versions.into_iter().max().unwrap_or(NONE);
                let agree = in_body.is_none_or(|version| version == highest);
                Self {
                    expected: Some(if agree { highest } else { NONE }),
                    by_header: true,
                }
            }
        }
    }

    /// The version to send along with the change.
    pub(crate) const fn expected(self) -> Option<i64> {
        self.expected
    }

    /// What the caller is told of a refused change: when its picture of the record is out of date, the record as it is
    /// now, with 412 after `If-Match` and with 409 after a version in the body.
    pub(crate) async fn explained(
        self,
        error: ApiError,
        current: impl Future<Output = Result<(i64, Value), ApiError>>,
    ) -> ApiError {
        let (StatusCode::CONFLICT, Some(expected)) = (error.status, self.expected) else {
            return error;
        };
        match current.await {
            Ok((version, record)) if version != expected && self.by_header => {
                ApiError::precondition_failed(record)
            }
            Ok((version, record)) if version != expected => ApiError::stale(record),
            // refused for another reason, or gone meanwhile
            Ok(_) | Err(_) => error,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http::header;
    use keylight_domain::error::{DomainError, ErrorCode};
    use serde_json::json;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        headers
    }

    #[test]
    fn header_and_body_must_agree() {
        let of = |headers: &HeaderMap, body| Precondition::new(headers, body).expected();
        assert_eq!(of(&HeaderMap::new(), None), None);
        assert_eq!(of(&HeaderMap::new(), Some(3)), Some(3));
        assert_eq!(of(&headers("\"2\", \"3-ab\""), None), Some(3));
        assert_eq!(of(&headers("\"3\""), Some(3)), Some(3));
        assert_eq!(of(&headers("\"3\""), Some(2)), Some(NONE));
        assert_eq!(of(&headers("\"foreign\""), None), Some(NONE));
        assert_eq!(of(&headers("*"), None), None);
    }

    #[tokio::test]
    async fn only_an_outdated_picture_gets_the_current_one() {
        let conflict = || ApiError::from(DomainError::new(ErrorCode::Conflict, "no"));
        let now = |version| async move { Ok((version, json!({"version": version}))) };
        let by_header = Precondition::new(&headers("\"2\""), None);
        let told = by_header.explained(conflict(), now(3)).await;
        assert_eq!(told.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(told.current, Some(Box::new(json!({"version": 3}))));
        let by_body = Precondition::new(&HeaderMap::new(), Some(2));
        let told = by_body.explained(conflict(), now(3)).await;
        assert_eq!(
            (told.status, told.current.is_some()),
            (StatusCode::CONFLICT, true)
        );
        // another conflict than that of versions
        let told = by_body.explained(conflict(), now(2)).await;
        assert_eq!(told, conflict());
        let unconditional = Precondition::new(&HeaderMap::new(), None);
        assert_eq!(
            unconditional.explained(conflict(), now(3)).await,
            conflict()
        );
    }
}
