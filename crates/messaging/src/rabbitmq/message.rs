//! A message as AMQP carries it.

use crate::{Message, Queue};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use std::time::Duration;
use uuid::Uuid;

/// How long a message may wait to be tried again: one queue for each, because messages of one queue leave in the order in
/// which they came, whatever their own time to live.
pub const RETRY_TIERS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(300),
];

/// Attempts that were used up before the message was put back.
const ATTEMPTS: &str = "x-keylight-attempts";
/// Class of the last failure.
const CAUSE: &str = "x-keylight-cause";
/// Deliveries of a quorum queue that came back without a word.
const DELIVERY_COUNT: &str = "x-delivery-count";
const TRACEPARENT: &str = keylight_runtime::trace::TRACEPARENT;
/// Longest cause that is stored.
const CAUSE_CHARS: usize = 200;
/// Delivery mode: stored on disk.
const PERSISTENT: u8 = 2;

/// The shortest tier that is not shorter than `after`; the longest one for anything beyond.
pub(super) fn tier(after: Duration) -> Duration {
    let longest = RETRY_TIERS[RETRY_TIERS.len() - 1];
    RETRY_TIERS
        .into_iter()
        .find(|tier| *tier >= after)
        .unwrap_or(longest)
}

pub(super) fn headers(message: &Message, failure: Option<(u32, &str)>) -> FieldTable {
    let mut headers = FieldTable::default();
    if let Some(traceparent) = &message.traceparent {
        headers.insert(TRACEPARENT.into(), text(traceparent));
    }
    if let Some((attempts, cause)) = failure {
        headers.insert(ATTEMPTS.into(), AMQPValue::LongUInt(attempts));
        headers.insert(
            CAUSE.into(),
            text(&cause.chars().take(CAUSE_CHARS).collect::<String>()),
        );
    }
    headers
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value.as_bytes()))
}

pub(super) fn properties(message: &Message, headers: FieldTable) -> BasicProperties {
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(message.content_type.clone().into())
        .with_message_id(message.id.to_string().into())
        // the routing key becomes the queue's name on the way back from a retry queue
        .with_type(message.topic.clone().into())
        .with_headers(headers)
}

/// The message of a delivery, and which attempt this is. A foreign message without our properties is taken as it is.
pub(super) fn read(
    routing_key: &ShortString,
    properties: &BasicProperties,
    data: Vec<u8>,
) -> (Message, u32) {
    let header = |name: &str| properties.headers().as_ref()?.inner().get(name);
    let number = |name: &str| header(name).and_then(whole_number).unwrap_or(0);
    let attempt = number(ATTEMPTS)
        .saturating_add(number(DELIVERY_COUNT))
        .saturating_add(1);
    let message = Message {
        id: properties
            .message_id()
            .as_ref()
            .and_then(|id| Uuid::parse_str(id.as_str()).ok())
            .unwrap_or_default(),
        topic: properties
            .kind()
            .as_ref()
            .unwrap_or(routing_key)
            .to_string(),
        content_type: properties
            .content_type()
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        payload: data.into(),
        traceparent: match header(TRACEPARENT) {
            Some(AMQPValue::LongString(value)) => String::from_utf8(value.as_bytes().to_vec()).ok(),
            _ => None,
        },
    };
    (message, attempt)
}

/// Brokers choose the width of integers themselves.
fn whole_number(value: &AMQPValue) -> Option<u32> {
    match *value {
        AMQPValue::LongUInt(number) => Some(number),
        AMQPValue::LongInt(number) => u32::try_from(number).ok(),
        AMQPValue::LongLongInt(number) => u32::try_from(number).ok(),
        AMQPValue::ShortInt(number) => u32::try_from(number).ok(),
        AMQPValue::ShortUInt(number) => Some(number.into()),
        AMQPValue::ShortShortInt(number) => u32::try_from(number).ok(),
        AMQPValue::ShortShortUInt(number) => Some(number.into()),
        _ => None,
    }
}

/// Whether the attempt is one more than the queue allows: consumers died with the message in hand every time.
pub(super) fn is_beyond(queue: &Queue, attempt: u32) -> bool {
    attempt > queue.max_attempts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_to_a_tier() {
        let seconds = |after: u64| tier(Duration::from_secs(after)).as_secs();
        assert_eq!(tier(Duration::ZERO).as_secs(), 1);
        assert_eq!(tier(Duration::from_millis(1001)).as_secs(), 5);
        assert_eq!(
            [
                seconds(1),
                seconds(5),
                seconds(6),
                seconds(30),
                seconds(31),
                seconds(300),
                seconds(9000)
            ],
            [1, 5, 30, 30, 300, 300, 300]
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let message = Message {
            id: Uuid::from_u128(7),
            topic: "a.b".to_owned(),
            content_type: "text/plain".to_owned(),
            payload: "x".into(),
            traceparent: Some("00-ab-cd-01".to_owned()),
        };
        let sent = properties(&message, headers(&message, Some((3, "database away"))));
        let (read, attempt) = read(&"queue".into(), &sent, b"x".to_vec());
        assert_eq!((read, attempt), (message, 4));
    }

    #[test]
    fn silent_redeliveries_count_as_attempts() {
        let mut headers = FieldTable::default();
        headers.insert(DELIVERY_COUNT.into(), AMQPValue::LongLongInt(2));
        let sent = BasicProperties::default().with_headers(headers);
        let (message, attempt) = read(&"topic".into(), &sent, Vec::new());
        assert_eq!((message.topic.as_str(), attempt), ("topic", 3));
    }
}
