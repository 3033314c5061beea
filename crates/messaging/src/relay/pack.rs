//! Several events of one topic in one message.

use crate::Message;
use bytes::{BufMut as _, BytesMut};
use keylight_contracts::events::{CONTENT_TYPE, CONTENT_TYPE_BATCH};
use keylight_store::outbox::OutboxRow;
use uuid::Uuid;

/// A message and the outbox rows that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// What to publish.
    pub message: Message,
    /// Rows to delete once it is confirmed.
    pub rows: Vec<i64>,
}

/// Joins neighbours of the same topic, at most `most` events and about `bytes` of payload in one message.
///
/// An event that stays alone keeps its id and its content type; joined ones are a JSON array under an id from `new_id`. The
/// order of the rows is kept.
#[must_use]
pub fn pack(
    rows: Vec<OutboxRow>,
    most: usize,
    bytes: usize,
    new_id: impl Fn() -> Uuid,
) -> Vec<Pack> {
    let mut packs = Vec::new();
    let mut group: Vec<OutboxRow> = Vec::new();
    let mut size = 0;
    for row in rows {
        let fits = group.len() < most.max(1)
            && size + row.message.payload.len() <= bytes
            && group
                .last()
                .is_some_and(|last| last.message.topic == row.message.topic);
        if !fits && !group.is_empty() {
            packs.push(join(std::mem::take(&mut group), &new_id));
            size = 0;
        }
        size += row.message.payload.len();
        group.push(row);
    }
    if !group.is_empty() {
        packs.push(join(group, &new_id));
    }
    packs
}

/// `group` is not empty and of one topic.
fn join(mut group: Vec<OutboxRow>, new_id: &impl Fn() -> Uuid) -> Pack {
    let rows: Vec<i64> = group.iter().map(|row| row.id).collect();
    if group.len() == 1 {
        let event = group.remove(0).message;
        return Pack {
            message: Message {
                id: event.message_id,
                topic: event.topic,
                content_type: CONTENT_TYPE.to_owned(),
                payload: event.payload.into(),
                traceparent: event.traceparent,
            },
            rows,
        };
    }
    let length: usize = group.iter().map(|row| row.message.payload.len() + 1).sum();
    let mut payload = BytesMut::with_capacity(length + 1);
    for (index, row) in group.iter().enumerate() {
        payload.put_u8(if index == 0 { b'[' } else { b',' });
        payload.put_slice(&row.message.payload);
    }
    payload.put_u8(b']');
    Pack {
        message: Message {
            id: new_id(),
            // each event in the array carries its own trace context
            traceparent: None,
            topic: group.swap_remove(0).message.topic,
            content_type: CONTENT_TYPE_BATCH.to_owned(),
            payload: payload.freeze(),
        },
        rows,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_store::outbox::OutboxMessage;

    fn row(id: i64, topic: &str, payload: &str) -> OutboxRow {
        OutboxRow {
            id,
            message: OutboxMessage {
                message_id: Uuid::from_u128(id as u128),
                topic: topic.to_owned(),
                payload: payload.as_bytes().to_vec(),
                traceparent: Some(format!("trace-{id}")),
            },
        }
    }

    fn shapes(rows: Vec<OutboxRow>, most: usize, bytes: usize) -> Vec<(Vec<i64>, String)> {
        pack(rows, most, bytes, || Uuid::from_u128(999))
            .into_iter()
            .map(|pack| {
                (
                    pack.rows,
                    String::from_utf8(pack.message.payload.to_vec()).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn neighbours_of_one_topic_are_joined_in_order() {
        let rows = vec![
            row(1, "a", "{}"),
            row(2, "a", "{\"n\":2}"),
            row(3, "b", "{}"),
            row(4, "a", "{}"),
        ];
        assert_eq!(
            shapes(rows, 50, 1000),
            [
                (vec![1, 2], "[{},{\"n\":2}]".to_owned()),
                (vec![3], "{}".to_owned()),
                (vec![4], "{}".to_owned()),
            ]
        );
    }

    #[test]
    fn number_and_size_are_limited() {
        let rows = || (1..=5).map(|id| row(id, "a", "{}")).collect::<Vec<_>>();
        let sizes = |packs: Vec<(Vec<i64>, String)>| {
            packs
                .into_iter()
                .map(|(rows, _)| rows.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(shapes(rows(), 2, 1000)), [2, 2, 1]);
        assert_eq!(sizes(shapes(rows(), 50, 6)), [3, 2]);
        assert_eq!(sizes(shapes(rows(), 1, 1000)), [1; 5]);
        assert_eq!(
            sizes(shapes(rows(), 0, 0)),
            [1; 5],
            "nonsense still sends everything"
        );
    }

    #[test]
    fn one_event_keeps_its_identity_and_several_get_a_new_one() {
        let packs = pack(vec![row(7, "a", "{}")], 50, 1000, || Uuid::from_u128(999));
        assert_eq!(packs[0].message.id, Uuid::from_u128(7));
        assert_eq!(packs[0].message.content_type, CONTENT_TYPE);
        assert_eq!(packs[0].message.traceparent.as_deref(), Some("trace-7"));
        let packs = pack(vec![row(7, "a", "{}"), row(8, "a", "{}")], 50, 1000, || {
            Uuid::from_u128(999)
        });
        assert_eq!(packs[0].message.id, Uuid::from_u128(999));
        assert_eq!(packs[0].message.content_type, CONTENT_TYPE_BATCH);
        let value: serde_json::Value = serde_json::from_slice(&packs[0].message.payload).unwrap();
        assert_eq!(value.as_array().unwrap().len(), 2);
    }
}
