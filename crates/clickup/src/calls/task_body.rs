//! What is written of a task. Making and changing one have different bodies for the same things.

use serde::Serialize;
use serde::ser::Serializer;

use super::fields::FieldInput;
use crate::model::hide_content;
use crate::model::task::Priority;

/// A start or due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Epoch milliseconds. Without time: local noon of the day, since the service keeps 04:00 of the day on which the instant
    /// falls in its user's time zone, and midnight UTC is the day before in the Americas.
    pub at: i64,
    /// Whether the time of day counts. Tasks do not tell it back.
    pub with_time: bool,
}

/// A new task (`O:CreateTask`).
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct CreateTask {
    /// Title, not empty.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown_content: Option<String>,
    /// Name of a status of the list, exactly as the list has it; the first one when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Priority; none when left out.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "priority_number"
    )]
    pub priority: Option<Priority>,
    /// Custom fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<FieldInput>,
    /// Ids of users. (One report has it that the token's owner becomes the assignee when there is none.)
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<i64>,
    /// Tags; those that the space lacks come into being. No webhook tells of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it is to begin.
    #[serde(flatten, serialize_with = "start")]
    pub start: Option<Moment>,
    /// When it is to be done.
    #[serde(flatten, serialize_with = "due")]
    pub due: Option<Moment>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_estimate: Option<i64>,
    /// Id of the task, in the same list, that it is a subtask of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Type: 1 for milestones, the ordinary one when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_item_id: Option<i64>,
    /// Whether its maker is notified as well; left out, ClickUp decides. Assignees and watchers are notified anyway, so a
    /// task that is to make no noise says `false` and has neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_all: Option<bool>,
}

/// Who is to be added to a set of users and who removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PeopleChange {
    /// Ids to add.
    pub add: Vec<i64>,
    /// Ids to remove.
    pub rem: Vec<i64>,
}

/// The changes of a task (`O:UpdateTask`); what is `None` stays as it is, `Some(None)` empties. Tags and custom fields cannot be
/// changed here (ClickUp ignores them in this call with 200).
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct UpdateTask {
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Description; empty text clears it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "clearing_text"
    )]
    pub markdown_content: Option<String>,
    /// Name of a status of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `Some(None)` takes the priority away.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "inner_priority_number"
    )]
    pub priority: Option<Option<Priority>>,
    /// Assignees to add and remove.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignees: Option<PeopleChange>,
    /// When it is to begin.
    #[serde(flatten, serialize_with = "inner_start")]
    pub start: Option<Option<Moment>>,
    /// When it is to be done.
    #[serde(flatten, serialize_with = "inner_due")]
    pub due: Option<Option<Moment>>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_estimate: Option<Option<i64>>,
    /// Another task, in the same list, to be a subtask of. A subtask cannot become a task of its own again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Type: 0 ordinary, 1 milestone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_item_id: Option<i64>,
    /// Archives it or brings it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}
hide_content!(CreateTask, UpdateTask);

impl UpdateTask {
    /// Whether it would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn priority_number<S: Serializer>(
    priority: &Option<Priority>,
    output: S,
) -> Result<S::Ok, S::Error> {
    priority.map(Priority::number).serialize(output)
}

#[expect(
    clippy::ref_option,
    clippy::option_option,
    reason = "the signature that serde calls"
)]
fn inner_priority_number<S: Serializer>(
    priority: &Option<Option<Priority>>,
    output: S,
) -> Result<S::Ok, S::Error> {
    priority.flatten().map(Priority::number).serialize(output)
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn clearing_text<S: Serializer>(text: &Option<String>, output: S) -> Result<S::Ok, S::Error> {
    // empty text is a no-op there; one blank clears
    text.as_deref()
        .map(|text| if text.is_empty() { " " } else { text })
        .serialize(output)
}

/// A date is two keys beside the others: the instant, and whether its time of day counts. To empty it the first is enough.
fn dated<S: Serializer>(
    keys: [&'static str; 2],
    moment: Option<Option<Moment>>,
    output: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;
    let mut map = output.serialize_map(None)?;
    if let Some(moment) = moment {
        map.serialize_entry(keys[0], &moment.map(|moment| moment.at))?;
        if let Some(moment) = moment {
            map.serialize_entry(keys[1], &moment.with_time)?;
        }
    }
    map.end()
}

const START: [&str; 2] = ["start_date", "start_date_time"];
const DUE: [&str; 2] = ["due_date", "due_date_time"];

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn start<S: Serializer>(moment: &Option<Moment>, output: S) -> Result<S::Ok, S::Error> {
    dated(START, moment.map(Some), output)
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn due<S: Serializer>(moment: &Option<Moment>, output: S) -> Result<S::Ok, S::Error> {
    dated(DUE, moment.map(Some), output)
}

#[expect(
    clippy::ref_option,
    clippy::option_option,
    reason = "the signature that serde calls"
)]
fn inner_start<S: Serializer>(
    moment: &Option<Option<Moment>>,
    output: S,
) -> Result<S::Ok, S::Error> {
    dated(START, *moment, output)
}

#[expect(
    clippy::ref_option,
    clippy::option_option,
    reason = "the signature that serde calls"
)]
fn inner_due<S: Serializer>(moment: &Option<Option<Moment>>, output: S) -> Result<S::Ok, S::Error> {
    dated(DUE, *moment, output)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::field_write::FieldWrite;
    use serde_json::json;

    #[test]
    fn an_update_holds_only_what_changes() {
        assert_eq!(
            serde_json::to_value(UpdateTask::default()).unwrap(),
            json!({})
        );
        let update = UpdateTask {
            markdown_content: Some(String::new()),
            priority: Some(None),
            status: Some("reviewed".into()),
            due: Some(None),
            start: Some(Some(Moment {
                at: 5,
                with_time: false,
            })),
            time_estimate: Some(None),
            assignees: Some(PeopleChange {
                add: vec![183],
                rem: vec![],
            }),
            ..UpdateTask::default()
        };
        assert_eq!(
            serde_json::to_value(update).unwrap(),
            json!({"markdown_content": " ", "priority": null, "status": "reviewed", "due_date": null, "start_date": 5,
                   "start_date_time": false, "time_estimate": null, "assignees": {"add": [183], "rem": []}})
        );
    }

    #[test]
    fn a_new_task_leaves_out_what_is_not_given() {
        let task = CreateTask {
            name: "x".into(),
            priority: Some(Priority::High),
            ..CreateTask::default()
        };
        assert_eq!(
            serde_json::to_value(task).unwrap(),
            json!({"name": "x", "priority": 2})
        );
    }

    #[test]
    fn a_new_task_with_everything() {
        let task = CreateTask {
            name: "x".into(),
            custom_fields: vec![FieldInput {
                id: "f-1".into(),
                value: FieldWrite::Date {
                    at: 7,
                    with_time: false,
                },
            }],
            assignees: vec![183],
            tags: vec!["vip".into()],
            due: Some(Moment {
                at: 5,
                with_time: true,
            }),
            parent: Some("9hx".into()),
            custom_item_id: Some(1),
            ..CreateTask::default()
        };
        assert_eq!(
            serde_json::to_value(task).unwrap(),
            json!({"name": "x", "custom_fields": [{"id": "f-1", "value": 7, "value_options": {"time": false}}],
                   "assignees": [183], "tags": ["vip"], "due_date": 5, "due_date_time": true, "parent": "9hx",
                   "custom_item_id": 1})
        );
    }
}
