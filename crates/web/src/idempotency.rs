//! The key that makes a repeated request the same request.

use crate::error::ApiError;
use http::{HeaderMap, HeaderName, Method};
use sha2::{Digest as _, Sha256};

/// Name of the header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says `true` on an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Most characters of a key.
pub const MAX_KEY: usize = 255;

/// The caller's key, if it shows one.
///
/// # Errors
/// 400 when there are several, or it is not 1 to 255 visible ASCII characters.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut shown = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = shown.next() else {
        return Ok(None);
    };
    let bytes = value.as_bytes();
    let is_key = (1..=MAX_KEY).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if is_key && shown.next().is_none() => Ok(Some(text.to_owned())),
        _ => Err(ApiError::validation(
            "Idempotency-Key must be one text of 1 to 255 visible ASCII characters",
        )),
    }
}

/// What tells one request from another: method, path with query, and body.
#[must_use]
pub fn fingerprint(method: &Method, path: &str, body: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in [method.as_str().as_bytes(), path.as_bytes()] {
        digest.update(part);
        // neither holds one, so no two requests read alike
        digest.update(b"\n");
    }
    digest.update(body);
    digest.finalize().to_vec()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
            }
            key(&headers)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["a-key"]), Ok(Some("a-key".to_owned())));
        assert!(read(&[&"x".repeat(255)]).is_ok());
        for bad in [vec![""], vec!["a b"], vec!["a", "a"], vec!["ä"]] {
            assert!(read(&bad).is_err(), "{bad:?}");
        }
        assert!(read(&[&"x".repeat(256)]).is_err());
    }

    #[test]
    fn every_part_counts() {
        let of = |path, body: &str| fingerprint(&Method::POST, path, body.as_bytes());
        assert_eq!(of("/a", "b"), of("/a", "b"));
        assert_ne!(of("/a", "b"), of("/a", "c"));
        assert_ne!(of("/a", "b"), of("/ab", ""));
        assert_ne!(of("/a", ""), fingerprint(&Method::PUT, "/a", b""));
    }
}
