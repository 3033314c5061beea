//! A place in the list of people: opaque, and bound to the order and the filter of its list.
//!
//! It never holds a name or an address, because it travels in URLs: for those orders it names the person alone, and the
//! place is looked up.

use keylight_domain::error::DomainError;
use sha2::{Digest as _, Sha256};

const BINDING: usize = 8;

/// The person that ended a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Their id.
    pub id: i64,
    /// Their time, for orders by time, as PostgreSQL writes it; else empty.
    pub time: String,
}

fn binding(list: &[u8]) -> [u8; BINDING] {
    let mut short = [0; BINDING];
    short.copy_from_slice(&Sha256::digest(list)[..BINDING]);
    short
}

impl Cursor {
    /// The text for clients. `list` says which list it is a place of.
    #[must_use]
    pub fn write(&self, list: &[u8]) -> String {
        let mut bytes = binding(list).to_vec();
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(self.time.as_bytes());
        hex(&bytes)
    }

    /// The place that a client sent back.
    ///
    /// # Errors
    /// `InvalidInput` when it is none, or one of another list.
    pub fn read(text: &str, list: &[u8]) -> Result<Self, DomainError> {
        parse(text, list).ok_or_else(|| {
            DomainError::invalid(
                "after must be what the page before gave as next, with the same sort and filter",
            )
        })
    }
}

fn parse(text: &str, list: &[u8]) -> Option<Cursor> {
    let bytes = from_hex(text)?;
    let (bound, rest) = bytes.split_first_chunk::<BINDING>()?;
    let (id, time) = rest.split_first_chunk::<8>()?;
    let time = std::str::from_utf8(time).ok()?;
    // only what PostgreSQL writes: it will read it again
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '+' | ':' | '.');
    if *bound != binding(list) || time.len() > 64 || !time.chars().all(plain) {
        return None;
    }
    Some(Cursor {
        id: i64::from_be_bytes(*id),
        time: time.to_owned(),
    })
}

/// Bytes in lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // writing to a string never fails
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() > 256 || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok())
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_in_its_own_list_only() {
        let place = Cursor {
            id: i64::MAX,
            time: "0044-03-15 10:00:00.123456+00 BC".to_owned(),
        };
        let text = place.write(b"-created_at");
        assert_eq!(Cursor::read(&text, b"-created_at").unwrap(), place);
        for (wrong, list) in [
            (text.as_str(), &b"created_at"[..]),
            ("", b"-created_at"),
            ("zz", b"-created_at"),
            ("é", b"-created_at"),
            (&text[..16], b"-created_at"),
            (&text[1..], b"-created_at"),
        ] {
            assert!(Cursor::read(wrong, list).is_err(), "{wrong}");
        }
    }
}
