//! The span of a consumer: where it hangs in the traces of those who sent the messages.

use crate::{Message, Queue};
use keylight_contracts::events::{self, CONTENT_TYPE_BATCH};
use keylight_runtime::trace;
use tracing::Span;

/// As many as an exporter keeps of one span.
const MAX_LINKS: usize = 128;

/// One message of one event continues the trace of its cause; several have a trace of their own, linked to each of theirs.
/// Without a collector there is no span: nobody would see it.
pub(crate) fn consumer_span(queue: &'static Queue, messages: &[Message]) -> Span {
    if !trace::is_enabled() {
        return Span::none();
    }
    let span = tracing::info_span!(
        "consume",
        otel.kind = "consumer",
        queue = queue.name,
        messages = messages.len()
    );
    match causes(messages).as_slice() {
        [only] if messages.len() == 1 => trace::set_parent(&span, only),
        several => {
            for traceparent in several {
                trace::add_link(&span, traceparent);
            }
        }
    }
    span
}

/// Trace contexts of the events in `messages`: the bus knows that of a message with one event, a packed message has one in
/// each event.
fn causes(messages: &[Message]) -> Vec<String> {
    messages
        .iter()
        .flat_map(|message| {
            if message.traceparent.is_none() && message.content_type == CONTENT_TYPE_BATCH {
                // what is no event is the handler's affair
                let events = events::decode(&message.content_type, &message.payload);
                return events
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|event| event.traceparent)
                    .collect();
            }
            Vec::from_iter(message.traceparent.clone())
        })
        .take(MAX_LINKS)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_contracts::events::{CONTENT_TYPE, CloudEvent, SUBMISSION_CREATED};
    use uuid::Uuid;

    fn message(content_type: &str, payload: Vec<u8>, traceparent: Option<&str>) -> Message {
        Message {
            id: Uuid::nil(),
            topic: SUBMISSION_CREATED.to_owned(),
            content_type: content_type.to_owned(),
            payload: payload.into(),
            traceparent: traceparent.map(ToOwned::to_owned),
        }
    }

    fn packed(traces: &[Option<&str>]) -> Message {
        let events: Vec<CloudEvent> = traces
            .iter()
            .map(|trace| {
                let mut event = CloudEvent::new(
                    Uuid::nil(),
                    "/entity-service",
                    SUBMISSION_CREATED,
                    "submission/1".to_owned(),
                    chrono::DateTime::default(),
                    "c".to_owned(),
                );
                event.traceparent = trace.map(ToOwned::to_owned);
                event
            })
            .collect();
        message(
            CONTENT_TYPE_BATCH,
            serde_json::to_vec(&events).unwrap(),
            None,
        )
    }

    #[test]
    fn causes_are_found_in_the_message_or_in_its_events() {
        let alone = message(CONTENT_TYPE, b"{}".to_vec(), Some("a"));
        assert_eq!(causes(std::slice::from_ref(&alone)), ["a"]);
        let several = [alone, packed(&[Some("b"), None, Some("c")])];
        assert_eq!(causes(&several), ["a", "b", "c"]);
    }

    #[test]
    fn nonsense_has_no_cause_and_links_are_bounded() {
        let nonsense = message(CONTENT_TYPE_BATCH, b"{".to_vec(), None);
        assert!(causes(&[nonsense]).is_empty());
        assert_eq!(causes(&[packed(&[Some("a"); 200])]).len(), MAX_LINKS);
    }
}
