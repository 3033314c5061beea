//! What a webhook tells: something new, or only what is known already.

use super::base::Base;
use super::value::{Field, Value};

/// The thing that a history item is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A field that is synchronised.
    Field(Field),
    /// Something that is not.
    Other,
    /// Something that this version does not know.
    Unknown,
}

/// One change as a webhook told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub topic: Topic,
    /// The value after it; `None` when it is not told or not understood.
    pub after: Option<Value>,
    /// ClickUp's clock, epoch milliseconds.
    pub at_ms: Option<i64>,
    /// Whether our own user did it.
    pub by_us: bool,
}

/// What to do about a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of it is known: an echo, a twin, or nothing that concerns us.
    Known,
    /// Something may have changed: look at the task.
    Look,
}

/// History fields that never touch what is synchronised.
const OTHER: &[&str] = &[
    "task_creation",
    "comment",
    "comment_resolved",
    "comment_assigned",
    "assignee",
    "assignee_add",
    "assignee_rem",
    "group_assignee",
    "follower",
    "watcher",
    "tag",
    "tag_removed",
    "due_date",
    "start_date",
    "duration",
    "time_estimate",
    "time_spent",
    "points",
    "checklist_items_added",
    "checklist_item_resolved",
    "attachments",
    "dependency_of",
    "depends_on",
    "linked_task",
];

/// The topic of a history item; `custom` is the synchronised field behind a custom field's id, if there is one.
#[must_use]
pub fn topic(history_field: &str, has_custom_field: bool, custom: Option<Field>) -> Topic {
    match history_field {
        "status" => Topic::Field(Field::Status),
        "name" => Topic::Field(Field::Name),
        "content" => Topic::Field(Field::Description),
        "priority" => Topic::Field(Field::Priority),
        "custom_field" if has_custom_field => custom.map_or(Topic::Other, Topic::Field),
        other if OTHER.contains(&other) => Topic::Other,
        _ => Topic::Unknown,
    }
}

/// Judges the changes of one delivery. `seen_ms` is the newest `date_updated` that an answer of ClickUp has shown for
/// the task. A delivery without changes may mean anything.
#[must_use]
pub fn judge(changes: &[Change], base: &Base, seen_ms: Option<i64>) -> Verdict {
    let known = |change: &Change| {
        let covered = matches!((change.at_ms, seen_ms), (Some(at), Some(seen)) if at <= seen);
        match change.topic {
            Topic::Other => true,
            Topic::Unknown => false,
            Topic::Field(field) => {
                let as_agreed = match (&change.after, base.get(field)) {
                    (Some(after), Some(agreed)) => *after == agreed.theirs,
                    _ => false,
                };
                // A status in the answer to a write may be older than its date, so for other people's changes of the
                // status only the value counts.
                as_agreed || (covered && (change.by_us || field != Field::Status))
            }
        }
    };
    if !changes.is_empty() && changes.iter().all(known) {
        Verdict::Known
    } else {
        Verdict::Look
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn change(topic: Topic, after: Option<&str>, at_ms: i64, by_us: bool) -> Change {
        Change {
            topic,
            after: after.map(Value::code),
            at_ms: Some(at_ms),
            by_us,
        }
    }

    fn base(status: &str) -> Base {
        let mut base = Base::default();
        base.agree(Field::Status, &Value::code(status), &Value::code(status));
        base
    }

    const STATUS: Topic = Topic::Field(Field::Status);
    const TEXT: Topic = Topic::Field(Field::Description);

    #[test]
    fn an_echo_is_known() {
        assert_eq!(
            judge(
                &[change(STATUS, Some("reviewed"), 5, true)],
                &base("reviewed"),
                Some(1)
            ),
            Verdict::Known
        );
        let created = [
            change(STATUS, Some("new"), 5, true),
            change(Topic::Other, None, 5, true),
        ];
        assert_eq!(judge(&created, &base("new"), None), Verdict::Known);
    }

    #[test]
    fn a_change_is_looked_at() {
        assert_eq!(
            judge(
                &[change(STATUS, Some("reviewed"), 5, false)],
                &base("new"),
                Some(1)
            ),
            Verdict::Look
        );
        assert_eq!(
            judge(
                &[change(STATUS, Some("reviewed"), 5, false)],
                &base("new"),
                Some(9)
            ),
            Verdict::Look
        );
        assert_eq!(
            judge(&[change(TEXT, None, 5, false)], &base("new"), Some(1)),
            Verdict::Look
        );
        assert_eq!(
            judge(
                &[change(Topic::Unknown, None, 5, true)],
                &base("new"),
                Some(9)
            ),
            Verdict::Look
        );
        assert_eq!(judge(&[], &base("new"), Some(9)), Verdict::Look);
    }

    #[test]
    fn what_an_answer_already_covered_is_known() {
        assert_eq!(
            judge(&[change(TEXT, None, 5, false)], &base("new"), Some(5)),
            Verdict::Known
        );
        assert_eq!(
            judge(
                &[change(STATUS, Some("qualified"), 5, true)],
                &base("contacted"),
                Some(6)
            ),
            Verdict::Known
        );
        assert_eq!(
            judge(&[change(TEXT, None, 6, false)], &base("new"), Some(5)),
            Verdict::Look
        );
    }

    #[test]
    fn topics() {
        assert_eq!(
            topic("custom_field", true, Some(Field::Budget)),
            Topic::Field(Field::Budget)
        );
        assert_eq!(topic("custom_field", true, None), Topic::Other);
        assert_eq!(topic("custom_field", false, None), Topic::Unknown);
        assert_eq!(topic("section_moved", false, None), Topic::Unknown);
        assert_eq!(topic("tag", false, None), Topic::Other);
    }

    proptest! {
        #[test]
        fn more_changes_never_make_it_less_interesting(
            afters in proptest::collection::vec(("[a-c]", 0..9_i64, any::<bool>()), 1..6),
            seen in proptest::option::of(0..9_i64),
        ) {
            let changes: Vec<_> = afters.iter().map(|(after, at, us)| change(STATUS, Some(after), *at, *us)).collect();
            let base = base("a");
            let one_looks = changes.iter().any(|one| judge(std::slice::from_ref(one), &base, seen) == Verdict::Look);
            prop_assert_eq!(judge(&changes, &base, seen) == Verdict::Look, one_looks);
        }
    }
}
