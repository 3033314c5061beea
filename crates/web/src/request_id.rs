//! The id of one request: the caller's, if it gave a sensible one, or a new one. It is in the answer, in error frames
//! and in the log.

use http::{HeaderMap, HeaderName, HeaderValue};
use keylight_runtime::clock::Clock;
use std::fmt;

/// Name of the header, in and out.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

/// In the extensions of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id, or a new one.
    pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock) -> Self {
        if let Some(value) = headers.get(X_REQUEST_ID).filter(|value| is_sensible(value)) {
            return Self(value.clone());
        }
        let mut buffer = [0_u8; 36];
        clock.new_id().hyphenated().encode_lower(&mut buffer);
        // hexadecimal digits and hyphens are always allowed in a header
        Self(
            HeaderValue::from_bytes(&buffer)
                .unwrap_or_else(|_| HeaderValue::from_static("unknown")),
        )
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // only printable ASCII gets in
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) const fn header(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_sensible(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=MAX_LENGTH).contains(&bytes.len())
        && bytes.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/')
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_runtime::clock::SystemClock;

    #[test]
    fn a_sensible_id_is_kept_and_anything_else_replaced() {
        let id = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(value).unwrap());
            RequestId::of(&headers, &SystemClock).to_string()
        };
        assert_eq!(id("abc-1_2.3:4"), "abc-1_2.3:4");
        for bad in ["", "a b", "<script>", &"x".repeat(129)] {
            assert!(uuid::Uuid::parse_str(&id(bad)).is_ok(), "{bad}");
        }
        assert!(
            uuid::Uuid::parse_str(RequestId::of(&HeaderMap::new(), &SystemClock).as_str()).is_ok()
        );
    }
}
