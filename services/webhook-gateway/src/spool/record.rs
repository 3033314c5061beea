//! One delivery as bytes.
//!
//! ```text
//! length of the rest (4 bytes) | checksum of the rest (8) | length of the head (4) | head (JSON) | body as it came
//! ```
//!
//! Numbers are little-endian. The checksum is the beginning of a SHA-256.

use crate::{deliveries::delivery::Delivery, door::LARGEST_BODY};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use uuid::Uuid;

/// Bytes before the rest.
const FRONT: usize = 4 + CHECKSUM;
const CHECKSUM: usize = 8;
/// The head has an id, a name of up to 64 letters, a time, a trace and a signature.
const LARGEST_HEAD: usize = 4096;
/// Bytes of the largest record.
pub const LARGEST: usize = FRONT + 4 + LARGEST_HEAD + LARGEST_BODY;

/// A delivery in the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The delivery.
    pub delivery: Delivery,
    /// The signature that came with it, when it was not checked.
    pub signature: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    id: Uuid,
    webhook: Cow<'a, str>,
    received_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Cow<'a, str>>,
}

/// Appends a delivery to `bytes`.
pub fn write(bytes: &mut Vec<u8>, delivery: &Delivery, signature: Option<&str>) {
    let head = Head {
        id: delivery.id,
        webhook: Cow::Borrowed(&delivery.webhook),
        received_at: delivery.received_at,
        // a longer one is none; without it only the trace is cut in two
        traceparent: delivery
            .traceparent
            .as_deref()
            .filter(|trace| trace.len() <= 256)
            .map(Cow::Borrowed),
        signature: signature.map(Cow::Borrowed),
    };
    let head = serde_json::to_vec(&head).expect("texts and a time are JSON");
    let length = |bytes: usize| {
        u32::try_from(bytes)
            .expect("bodies are bounded by the door")
            .to_le_bytes()
    };
    bytes.extend(length(4 + head.len() + delivery.body.len()));
    let checksum_at = bytes.len();
    bytes.extend([0; CHECKSUM]);
    bytes.extend(length(head.len()));
    bytes.extend(&head);
    bytes.extend(&delivery.body);
    let checksum = checksum(&bytes[checksum_at + CHECKSUM..]);
    bytes[checksum_at..checksum_at + CHECKSUM].copy_from_slice(&checksum);
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&Sha256::digest(bytes)[..CHECKSUM]);
    checksum
}

/// What stands at the beginning of some bytes.
pub enum Next {
    /// A record, and its length.
    Record(Record, usize),
    /// Something of this length that was a record; the next one may be whole again.
    Damaged(usize),
    /// The beginning of a record, or nothing that has a length.
    Torn,
}

/// Reads the record at the beginning of `bytes`.
#[must_use]
pub fn read(bytes: &[u8]) -> Next {
    let Some(length) = number(bytes).filter(|length| (5..=LARGEST - FRONT).contains(length)) else {
        return Next::Torn;
    };
    let Some(record) = bytes.get(..FRONT + length) else {
        return Next::Torn;
    };
    let (sum, rest) = (&record[4..FRONT], &record[FRONT..]);
    if sum != checksum(rest) {
        return Next::Damaged(record.len());
    }
    match understood(rest) {
        Some(understood) => Next::Record(understood, record.len()),
        None => Next::Damaged(record.len()),
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.get(..4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

fn understood(rest: &[u8]) -> Option<Record> {
    let end = number(rest)?.checked_add(4)?;
    let head: Head<'_> = serde_json::from_slice(rest.get(4..end)?).ok()?;
    Some(Record {
        delivery: Delivery {
            id: head.id,
            webhook: head.webhook.into_owned(),
            received_at: head.received_at,
            traceparent: head.traceparent.map(Cow::into_owned),
            body: rest.get(end..)?.to_vec(),
        },
        signature: head.signature.map(Cow::into_owned),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records() -> impl Strategy<Value = Record> {
        let text = "[a-zA-Z0-9_-]{1,64}";
        (
            any::<u128>(),
            text,
            0_i64..4_000_000_000_000,
            prop::option::of(".{0,80}"),
            prop::option::of("[0-9a-f]{64}"),
            prop::collection::vec(any::<u8>(), 0..300),
        )
            .prop_map(
                |(id, webhook, millis, traceparent, signature, body)| Record {
                    delivery: Delivery {
                        id: Uuid::from_u128(id),
                        webhook,
                        received_at: DateTime::from_timestamp_millis(millis).unwrap(),
                        traceparent: traceparent.filter(|trace| trace.len() <= 256),
                        body,
                    },
                    signature,
                },
            )
    }

    fn bytes_of(record: &Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, &record.delivery, record.signature.as_deref());
        bytes
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(record in records(), behind in prop::collection::vec(any::<u8>(), 0..50)) {
            let mut bytes = bytes_of(&record);
            let length = bytes.len();
            bytes.extend(behind);
            match read(&bytes) {
                Next::Record(read, at) => prop_assert!(read == record && at == length),
                _ => prop_assert!(false, "not read"),
            }
        }

        #[test]
        fn a_part_is_torn(record in records(), cut in any::<prop::sample::Index>()) {
            let bytes = bytes_of(&record);
            prop_assert!(matches!(read(&bytes[..cut.index(bytes.len())]), Next::Torn));
        }

        #[test]
        fn a_changed_bit_is_noticed(record in records(), place in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let mut bytes = bytes_of(&record);
            let place = place.index(bytes.len());
            bytes[place] ^= 1_u8 << bit;
            prop_assert!(!matches!(read(&bytes), Next::Record(..)));
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }

    #[test]
    fn the_largest_body_fits() {
        let mut bytes = Vec::new();
        let delivery = Delivery {
            id: Uuid::max(),
            webhook: "n".repeat(64),
            received_at: DateTime::<Utc>::MAX_UTC,
            traceparent: Some("t".repeat(256)),
            body: vec![b'x'; LARGEST_BODY],
        };
        write(&mut bytes, &delivery, Some(&"f".repeat(64)));
        assert!(bytes.len() <= LARGEST);
        assert!(matches!(read(&bytes), Next::Record(..)));
    }
}
