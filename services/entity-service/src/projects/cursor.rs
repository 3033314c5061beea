//! Places in a list, as the next page is asked for: opaque, and good only for the filter and order that they came from.

use keylight_domain::error::DomainError;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The last row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Value of the sorting column as the database writes it.
    pub key: String,
    /// Its id, which tells equal values apart.
    pub id: i64,
}

/// Bytes of the digest that binds a place to its list.
const BOUND: usize = 8;

/// What filter and order a place belongs to.
#[must_use]
pub fn binding(sort: &str, filter: &[u8]) -> [u8; BOUND] {
    let mut digest = Sha256::new();
    digest.update(sort.as_bytes());
    digest.update([0]);
    digest.update(filter);
    let digest = digest.finalize();
    std::array::from_fn(|n| digest[n])
}

/// The place as text.
#[must_use]
pub fn write(place: &Place, bound: [u8; BOUND]) -> String {
    let bytes = bound
        .into_iter()
        .chain(place.id.to_be_bytes())
        .chain(place.key.bytes());
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The place that `text` stands for.
///
/// # Errors
/// `InvalidInput` when it is none, or one of another list.
pub fn read(text: &str, bound: [u8; BOUND]) -> Result<Place, DomainError> {
    let refused = || {
        DomainError::invalid(
            "This place in the list belongs to another filter or order; begin again without it",
        )
    };
    if !text.is_ascii() || text.len() > 2048 || !text.len().is_multiple_of(2) {
        return Err(refused());
    }
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect();
    let bytes = bytes.ok_or_else(refused)?;
    let (head, rest) = bytes.split_at_checked(BOUND).ok_or_else(refused)?;
    let (id, key) = rest.split_first_chunk::<8>().ok_or_else(refused)?;
    if head != bound {
        return Err(refused());
    }
    Ok(Place {
        key: String::from_utf8(key.to_vec()).map_err(|_| refused())?,
        id: i64::from_be_bytes(*id),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_and_is_bound() {
        let bound = binding("-created_at", b"filter");
        for key in ["", "2026-01-01 10:00:00.5+00", "ünï"] {
            let key = key.to_owned();
            let place = Place { key, id: -42 };
            let text = write(&place, bound);
            assert_eq!(read(&text, bound).unwrap(), place);
            assert!(read(&text, binding("created_at", b"filter")).is_err());
            assert!(read(&text, binding("-created_at", b"other")).is_err());
        }
        for nonsense in ["", "zz", "0", "00ff", "é", &"0".repeat(5000)] {
            assert!(read(nonsense, bound).is_err(), "{nonsense}");
        }
    }
}
