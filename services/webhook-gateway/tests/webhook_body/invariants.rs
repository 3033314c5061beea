//! What holds for every body whatever: compiled into the tests of this service and into the fuzz target `webhook_body`.

use chrono::DateTime;
use keylight_contracts::events::{CLICKUP_TASK_HINT, CloudEvent, TaskHint};
use uuid::Uuid;
use webhook_gateway::{
    deliveries::{
        body::{self, Kind},
        delivery::Delivery,
    },
    spool::record::{self, Next},
};

/// PostgreSQL refuses index rows above 2.7 kB; the ledger's key is to stay far below.
const LONGEST_KEY: usize = 300;
/// Changes that one hint may tell.
const MOST_CHANGES: usize = 100;

/// What became of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not understood: kept aside.
    Unknown,
    /// About a list, a space or the like: kept, told to nobody.
    Kept,
    /// About a task: told.
    Told,
}

/// Reads a body as the gateway does once its signature has been checked.
///
/// # Panics
/// When anything that should hold for every body does not.
pub fn check(body: &[u8]) -> Outcome {
    let delivery = Delivery {
        id: Uuid::from_u128(7),
        webhook: "intake".to_owned(),
        received_at: DateTime::from_timestamp(1_800_000_000, 0).expect("a time of this century"),
        traceparent: None,
        body: body.to_vec(),
    };
    survives_the_spool(&delivery);
    // a file may hold anything
    if let Next::Record(found, length) = record::read(body) {
        assert!(length <= body.len() && found.delivery.body.len() < length);
    }

    let entry = delivery.clone().into_entry();
    let again = delivery.into_entry();
    assert!(
        entry.sameness == again.sameness && entry.hint == again.hint,
        "the same delivery is read in two ways"
    );
    assert!(
        !entry.sameness.is_empty()
            && entry.sameness.len() <= LONGEST_KEY
            && !entry.sameness.contains('\0'),
        "the ledger's key is unfit"
    );
    let reading = body::read(body);
    let unknown = reading.kind == Kind::Unknown;
    assert_eq!(entry.event.is_none(), unknown);
    assert_eq!(entry.object_id.is_none(), unknown);
    for text in entry.event.iter().chain(&entry.object_id) {
        assert!(
            (1..=64).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
            "an odd name or id"
        );
    }
    assert_eq!(entry.hint.is_some(), reading.kind == Kind::Task);
    let Some(hint) = entry.hint else {
        return if unknown {
            Outcome::Unknown
        } else {
            Outcome::Kept
        };
    };
    is_sound(&hint, entry.object_id.as_deref().unwrap_or_default());
    Outcome::Told
}

fn survives_the_spool(delivery: &Delivery) {
    for signature in [None, Some("f".repeat(64))] {
        let mut bytes = Vec::new();
        record::write(&mut bytes, delivery, signature.as_deref());
        match record::read(&bytes) {
            Next::Record(found, length) => {
                assert!(
                    found.delivery == *delivery
                        && found.signature == signature
                        && length == bytes.len()
                );
            }
            Next::Damaged(_) | Next::Torn => panic!("a record cannot be read back"),
        }
    }
}

fn is_sound(hint: &[u8], task: &str) {
    let text = std::str::from_utf8(hint).expect("an event is text");
    assert!(!text.contains("\\u0000"), "no database takes a NUL in JSON");
    let event: CloudEvent = serde_json::from_slice(hint).expect("an event is JSON");
    assert_eq!(event.kind, CLICKUP_TASK_HINT);
    assert_eq!(event.subject, format!("task/{task}"));
    let hint: TaskHint = serde_json::from_value(event.data).expect("consumers can read it");
    assert_eq!(hint.task_id, task);
    assert!(hint.history.len() <= MOST_CHANGES);
    for item in &hint.history {
        assert!(item.id.chars().count() <= 64 && item.field.chars().count() <= 64);
    }
}
