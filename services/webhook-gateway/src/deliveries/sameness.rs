//! Telling a repeated delivery from another one.
//!
//! ClickUp gives deliveries no id and repeats one until it is answered. One change comes as several deliveries (each
//! specific event has a `taskUpdated` twin with the same history item), and those are not repetitions. So:
//!
//! - with a history: webhook, event and first history item;
//! - for comments also the text: the item of an edited comment may be the item of the posted one;
//! - without a history: webhook, event, object, the body's hash and the minute, since a list may be renamed to and fro
//!   and nothing in the bodies would differ. A repetition in the next minute is taken as new, which only costs a look.

use super::body::{Kind, Reading};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Longest text that goes into the unique index as it is; PostgreSQL refuses index rows above 2.7 kB.
const LONGEST: usize = 240;

/// Equal for two deliveries under one name exactly if the second is a repetition of the first.
#[must_use]
pub fn sameness(reading: &Reading, body: &[u8], received_at: DateTime<Utc>) -> String {
    let minute = received_at.timestamp().div_euclid(60);
    if reading.kind == Kind::Unknown {
        return format!("unknown:{}:{minute}", digest(body));
    }
    let webhook = reading.webhook_id.as_deref().unwrap_or("-");
    let event = &reading.event;
    let key = match reading.items.first() {
        Some(Some(item)) if event.starts_with("taskComment") => {
            let text = match &item.comment_text {
                Some(text) => digest(text.as_bytes()),
                None => digest(body),
            };
            format!("{webhook}:{event}:{}:{text}", item.id)
        }
        Some(Some(item)) => format!("{webhook}:{event}:{}", item.id),
        _ => format!(
            "{webhook}:{event}:{}:{}:{minute}",
            reading.object_id,
            digest(body)
        ),
    };
    // PostgreSQL's text holds no NUL either
    if key.len() > LONGEST || key.contains('\0') {
        return format!("long:{}", digest(key.as_bytes()));
    }
    key
}

/// 128 bits of SHA-256 as hex: enough to tell bodies of one sender apart.
fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for byte in &Sha256::digest(bytes)[..16] {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{super::body, *};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn of(text: &str, seconds: i64) -> String {
        sameness(&body::read(text.as_bytes()), text.as_bytes(), at(seconds))
    }

    fn change(event: &str, item: &str) -> String {
        format!(
            r#"{{"event":"{event}","task_id":"9","webhook_id":"w","history_items":[{{"id":"{item}","field":"status"}}]}}"#
        )
    }

    fn comment(event: &str, text: &str) -> String {
        format!(
            r#"{{"event":"{event}","task_id":"9","webhook_id":"w","history_items":[{{"id":"1","field":"comment","comment":{{"text_content":"{text}"}}}}]}}"#
        )
    }

    #[test]
    fn a_repetition_is_recognised_however_late() {
        assert_eq!(
            of(&change("taskUpdated", "1"), 0),
            of(&change("taskUpdated", "1"), 90_000)
        );
    }

    #[test]
    fn twins_are_told_apart() {
        assert_ne!(
            of(&change("taskUpdated", "1"), 0),
            of(&change("taskStatusUpdated", "1"), 0)
        );
        assert_ne!(
            of(&change("taskUpdated", "1"), 0),
            of(&change("taskUpdated", "2"), 0)
        );
    }

    #[test]
    fn an_edited_comment_is_another_delivery() {
        let posted = of(&comment("taskCommentPosted", "a"), 0);
        let edited = of(&comment("taskCommentUpdated", "b"), 0);
        let edited_again = of(&comment("taskCommentUpdated", "c"), 0);
        assert!(posted != edited && edited != edited_again);
        assert_eq!(edited, of(&comment("taskCommentUpdated", "b"), 70));
        assert!(
            !of(&comment("taskCommentPosted", "Jane Doe"), 0).contains("Jane"),
            "the text is hashed"
        );
    }

    #[test]
    fn without_a_history_the_minute_decides() {
        let body = r#"{"event":"listUpdated","list_id":"7","webhook_id":"w"}"#;
        assert_eq!(of(body, 0), of(body, 59));
        assert_ne!(of(body, 0), of(body, 60));
        assert_ne!(of(body, 0), of(&body.replace("\"7\"", "\"8\""), 0));
        assert_ne!(of("nonsense", 0), of("other nonsense", 0));
    }

    #[test]
    fn never_too_long_for_the_index_nor_unfit_for_text() {
        let long = of(&change("taskUpdated", &"1".repeat(5000)), 0);
        assert!(long.len() <= LONGEST);
        assert_ne!(long, of(&change("taskUpdated", &"2".repeat(5000)), 0));
        assert!(!of(&change("taskUpdated", "1\\u0000"), 0).contains('\0'));
    }
}
