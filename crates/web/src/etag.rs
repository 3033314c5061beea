//! Versions of records as clients show them.
//!
//! An entity tag is `"<version>-<digest>"`: the record's version, which changes with what people may change, and a
//! digest of the whole answer, which also holds what changes beside it (where the record stands in ClickUp, embedded
//! records). `If-None-Match` asks about the whole answer, `If-Match` about the version only. Whoever knows just the
//! version may show `"<version>"`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::{Digest as _, Sha256};

/// The tag of an answer.
#[must_use]
pub fn tag(version: i64, body: &Bytes) -> HeaderValue {
    let digest = Sha256::digest(body);
    let short = u64::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ]);
    // digits and letters in quotation marks: always a header
    HeaderValue::from_str(&format!("\"{version}-{short:016x}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// Whether the caller has this answer already, so that 304 says enough.
#[must_use]
pub fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let tag = tag.to_str().unwrap_or_default();
    listed(headers, &header::IF_NONE_MATCH)
        .any(|shown| shown == "*" || shown.strip_prefix("W/").unwrap_or(shown) == tag)
}

/// Which versions the caller will have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing said, or `*`: whatever it is.
    Any,
    /// One of these. What is no tag of ours matches nothing.
    OneOf(Vec<i64>),
}

/// Reads `If-Match`.
#[must_use]
pub fn if_match(headers: &HeaderMap) -> IfMatch {
    if !headers.contains_key(header::IF_MATCH) {
        return IfMatch::Any;
    }
    let mut versions = Vec::new();
    for shown in listed(headers, &header::IF_MATCH) {
        if shown == "*" {
            return IfMatch::Any;
        }
        versions.extend(version_of(shown));
    }
    IfMatch::OneOf(versions)
}

/// The version in a strong tag of ours.
fn version_of(shown: &str) -> Option<i64> {
    let inner = shown.strip_prefix('"')?.strip_suffix('"')?;
    let digits = inner.split_once('-').map_or(inner, |(version, _)| version);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        // our tags hold no comma, so one within a tag only makes a foreign one more foreign
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_tag_says_version_and_content() {
        let one = tag(7, &Bytes::from_static(b"one"));
        let other = tag(7, &Bytes::from_static(b"other"));
        assert_ne!(one, other);
        let shown = one.to_str().unwrap().to_owned();
        assert!(is_known(&with(header::IF_NONE_MATCH, &shown), &one));
        assert!(is_known(
            &with(header::IF_NONE_MATCH, &format!("\"x\", W/{shown}")),
            &one
        ));
        assert!(is_known(&with(header::IF_NONE_MATCH, "*"), &one));
        assert!(!is_known(&with(header::IF_NONE_MATCH, &shown), &other));
        assert!(!is_known(&HeaderMap::new(), &one));
        // both are version 7 to whoever wants to change it
        for tag in [&one, &other] {
            let shown = tag.to_str().unwrap();
            assert_eq!(
                if_match(&with(header::IF_MATCH, shown)),
                IfMatch::OneOf(vec![7])
            );
        }
    }

    #[test]
    fn what_may_be_changed() {
        let read = |value: &str| if_match(&with(header::IF_MATCH, value));
        assert_eq!(if_match(&HeaderMap::new()), IfMatch::Any);
        assert_eq!(read("*"), IfMatch::Any);
        assert_eq!(read("\"7\""), IfMatch::OneOf(vec![7]));
        assert_eq!(read("\"7\" , \"9-ab\""), IfMatch::OneOf(vec![7, 9]));
        for foreign in [
            "7",
            "W/\"7\"",
            "\"\"",
            "\"-1\"",
            "\"x\"",
            "\"+7\"",
            "\"99999999999999999999\"",
        ] {
            assert_eq!(read(foreign), IfMatch::OneOf(vec![]), "{foreign}");
        }
    }
}
