//! Exchange and queues, as data. `docs/messaging.md` is generated from it.

/// The topic exchange that every event goes to. The routing key is the event's type.
pub const EXCHANGE: &str = "keylight.events";

/// A work queue. Each has a dead-letter queue and, on RabbitMQ, a queue for each retry delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Its name: service, dot, what.
    pub name: &'static str,
    /// Topics it gets: words between dots, `*` for any one word, `#` for any number of words.
    pub bindings: &'static [&'static str],
    /// Who consumes it, and what for.
    pub purpose: &'static str,
    /// What is promised, and what a lost message would cost.
    pub guarantee: &'static str,
    /// A message that failed this often becomes a dead letter.
    pub max_attempts: u32,
    /// Deliveries that one consumer may hold unsettled.
    pub prefetch: u16,
}

impl Queue {
    /// Whether messages of `topic` go here.
    #[must_use]
    pub fn takes(&self, topic: &str) -> bool {
        self.bindings.iter().any(|binding| matches(binding, topic))
    }
}

/// Changes of submissions that may have to go to ClickUp.
pub static CHANGES: Queue = Queue {
    name: "clickup-sync.changes",
    bindings: &["keylight.submission.#", "keylight.canary.#"],
    purpose: "clickup-sync marks the link of each submission as due; its workers do the rest from rows",
    guarantee: "at least once, any order. A lost message delays the task until the repair finds \
                submissions that wait although no link is due",
    max_attempts: 50,
    prefetch: 200,
};

/// Webhooks of ClickUp, reduced to a hint.
pub static HINTS: Queue = Queue {
    name: "clickup-sync.hints",
    bindings: &["keylight.clickup.#"],
    purpose: "clickup-sync looks at the task that a verified webhook was about",
    guarantee: "at least once, any order. A lost message delays the change until the next sweep finds the task by its date",
    max_attempts: 50,
    prefetch: 200,
};

/// Wake-up for the read models.
pub static ANALYTICS: Queue = Queue {
    name: "analytics.events",
    bindings: &["keylight.submission.#"],
    purpose: "analytics reads the event log on from where it stopped; the message says only that there is more",
    guarantee: "at least once, any order. A lost message delays the numbers until the next event; the event log has them all",
    max_attempts: 20,
    prefetch: 200,
};

/// Every queue of Keylight.
pub static ALL: &[&Queue] = &[&CHANGES, &HINTS, &ANALYTICS];

/// Whether `topic` fits `binding`, as a topic exchange decides it.
#[must_use]
pub fn matches(binding: &str, topic: &str) -> bool {
    let binding: Vec<&str> = binding.split('.').collect();
    let topic: Vec<&str> = topic.split('.').collect();
    words_match(&binding, &topic)
}

fn words_match(binding: &[&str], topic: &[&str]) -> bool {
    match (binding.split_first(), topic.split_first()) {
        (None, None) => true,
        (Some((&"#", rest)), None) => words_match(rest, topic),
        (Some((&"#", rest)), Some((_, topic_rest))) => {
            words_match(rest, topic) || words_match(binding, topic_rest)
        }
        (Some((word, rest)), Some((found, topic_rest))) => {
            (*word == "*" || word == found) && words_match(rest, topic_rest)
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_match_as_on_a_topic_exchange() {
        for (binding, topic, fits) in [
            ("a.b", "a.b", true),
            ("a.b", "a.c", false),
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", false),
            ("a.*", "a", false),
            ("a.#", "a", true),
            ("a.#", "a.b.c", true),
            ("a.#", "b.a", false),
            ("#", "a.b", true),
            ("#.c", "a.b.c", true),
            ("#.c", "a.b", false),
            ("a.#.d", "a.b.c.d", true),
            ("a.#.d", "a.d", true),
            ("*.#", "a", true),
        ] {
            assert_eq!(matches(binding, topic), fits, "{binding} on {topic}");
        }
    }

    #[test]
    fn every_event_has_a_queue() {
        use keylight_contracts::events;
        for topic in [
            events::SUBMISSION_CREATED,
            events::SUBMISSION_STATUS_CHANGED,
            events::SUBMISSION_UPDATED,
            events::SUBMISSION_IMPORTED,
            events::SUBMISSION_DELETED,
            events::CLICKUP_TASK_HINT,
            events::CANARY_SENT,
        ] {
            assert!(ALL.iter().any(|queue| queue.takes(topic)), "{topic}");
        }
    }
}
