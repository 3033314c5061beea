//! A task.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::attachment::Attachment;
use super::checklist::Checklist;
use super::field::TaskField;
use super::lenient;
use super::people::Person;
use super::place::Tag;
use super::relation::{Dependency, Link};
use super::status::Status;

/// The four priorities; no priority is `None` beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// 1
    Urgent,
    /// 2
    High,
    /// 3
    Normal,
    /// 4
    Low,
}

impl Priority {
    /// The number that is written.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Priority::Urgent => 1,
            Priority::High => 2,
            Priority::Normal => 3,
            Priority::Low => 4,
        }
    }

    /// The name that is read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::Urgent => "urgent",
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
        }
    }

    /// From an object with id or name, a number, or a name, as tasks and webhooks have them.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        if let Value::Object(object) = value {
            return ["id", "priority", "orderindex"]
                .into_iter()
                .find_map(|key| Self::of(object.get(key)?));
        }
        if let Some(number) = lenient::whole_of(value) {
            return match number {
                1 => Some(Priority::Urgent),
                2 => Some(Priority::High),
                3 => Some(Priority::Normal),
                4 => Some(Priority::Low),
                _ => None,
            };
        }
        let name = value.as_str()?;
        [
            Priority::Urgent,
            Priority::High,
            Priority::Normal,
            Priority::Low,
        ]
        .into_iter()
        .find(|priority| priority.as_str().eq_ignore_ascii_case(name))
    }
}

fn priority<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Priority>, D::Error> {
    Ok(Priority::of(&Value::deserialize(input)?))
}

/// A task, as far as it is synchronised (`GetTask`). `Debug` shows nothing that a person wrote.
///
/// Sets are `None` when the answer does not have them or one of their members could not be read: not to be taken for empty.
#[derive(Clone, PartialEq, Deserialize)]
pub struct Task {
    /// Short base-36 text.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Title.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// Description without its markdown.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub description: Option<String>,
    /// Plain text of the description.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub text_content: Option<String>,
    /// Description with markdown, only when it was asked for.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub markdown_description: Option<String>,
    /// Status.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub status: Option<Status>,
    /// Priority, if there is one.
    #[serde(default, deserialize_with = "priority")]
    pub priority: Option<Priority>,
    /// Epoch milliseconds.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub date_created: Option<i64>,
    /// Epoch milliseconds; some tasks have none, and not every change moves it.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub date_updated: Option<i64>,
    /// Whether it is archived.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub archived: bool,
    /// Id of the task that it is a subtask of.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub parent: Option<String>,
    /// Custom fields that apply to it.
    #[serde(default, deserialize_with = "lenient::skipping")]
    pub custom_fields: Vec<TaskField>,
    /// Where people open it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub url: Option<String>,
    /// Id of its home list.
    #[serde(default, rename = "list", deserialize_with = "lenient::ref_id")]
    pub list_id: Option<String>,
    /// Id of the user that made it.
    #[serde(default, rename = "creator", deserialize_with = "lenient::ref_id")]
    pub creator_id: Option<String>,
    /// Id of its space.
    #[serde(default, rename = "space", deserialize_with = "lenient::ref_id")]
    pub space_id: Option<String>,
    /// Type: 0 or nothing is an ordinary task, 1 a milestone.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub custom_item_id: Option<i64>,
    /// When its status became one of the closed kind, epoch milliseconds.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub date_closed: Option<i64>,
    /// When its status became one of the done or the closed kind, epoch milliseconds.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub date_done: Option<i64>,
    /// Epoch milliseconds. Whether the time of day counts is not told; without it, it is 04:00 in the time zone of whoever set it.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub due_date: Option<i64>,
    /// As `due_date`.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub start_date: Option<i64>,
    /// Milliseconds.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub time_estimate: Option<i64>,
    /// Who is to do it.
    #[serde(default, deserialize_with = "lenient::all")]
    pub assignees: Option<Vec<Person>>,
    /// Tags.
    #[serde(default, deserialize_with = "lenient::all")]
    pub tags: Option<Vec<Tag>>,
    /// Checklists.
    #[serde(default, deserialize_with = "lenient::all")]
    pub checklists: Option<Vec<Checklist>>,
    /// What it waits for and what waits for it.
    #[serde(default, deserialize_with = "lenient::all")]
    pub dependencies: Option<Vec<Dependency>>,
    /// Tasks that it is linked with.
    #[serde(default, deserialize_with = "lenient::all")]
    pub linked_tasks: Option<Vec<Link>>,
    /// Files; only in the answer to a read of one task.
    #[serde(default, deserialize_with = "lenient::all")]
    pub attachments: Option<Vec<Attachment>>,
    /// Subtasks, when they were asked for in the read of one task.
    #[serde(default, deserialize_with = "lenient::all")]
    pub subtasks: Option<Vec<Task>>,
}

impl Task {
    /// The custom field with this id.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&TaskField> {
        self.custom_fields
            .iter()
            .find(|field| field.definition.id == id)
    }

    /// The description in the form that keeps the most: plain text if given, else stripped, else markdown.
    #[must_use]
    pub fn plain_description(&self) -> &str {
        [
            &self.text_content,
            &self.description,
            &self.markdown_description,
        ]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .find(|text| !text.is_empty())
        .unwrap_or("")
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("list_id", &self.list_id)
            .field("status", &self.status.as_ref().map(|status| &status.name))
            .field("date_updated", &self.date_updated)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_id_is_enough() {
        let task: Task = serde_json::from_str(r#"{"id":"9hx"}"#).unwrap();
        assert_eq!(
            (task.id.as_str(), task.plain_description(), task.priority),
            ("9hx", "", None)
        );
    }

    #[test]
    fn wrong_types_count_as_missing() {
        let task: Task = serde_json::from_str(
            r#"{"id":"9hx","name":7,"status":"open","priority":{},"date_updated":{"a":1},"custom_fields":{"x":1},
                "list":"zzz","creator":null,"archived":"no","time_estimate":"8640000","tags":"none"}"#,
        )
        .unwrap();
        assert_eq!(task.name, None);
        assert_eq!(task.status, None);
        assert_eq!(task.priority, None);
        assert_eq!(task.list_id, None);
        assert!(task.custom_fields.is_empty());
        assert_eq!((task.time_estimate, task.tags), (Some(8_640_000), None));
    }

    #[test]
    fn a_set_with_an_unreadable_member_is_unknown() {
        let task: Task = serde_json::from_str(
            r##"{"id":"9hx","assignees":[{"id":183},{"id":"nobody"}],"tags":[{"name":"vip","tag_fg":"#000"}],
                "dependencies":[{"task_id":"a","depends_on":"b","type":1,"userid":"183"}],
                "linked_tasks":[{"task_id":"9hx","link_id":"z","userid":183}],"attachments":[],"watchers":"?"}"##,
        )
        .unwrap();
        assert_eq!(task.assignees, None);
        assert!(task.tags.unwrap()[0].is_called("VIP"));
        assert_eq!(task.dependencies.unwrap()[0].depends_on, "b");
        assert_eq!(task.linked_tasks.unwrap()[0].other("9hx"), "z");
        assert_eq!(task.attachments, Some(Vec::new()));
        assert_eq!(task.subtasks, None);
    }

    #[test]
    fn priorities_in_all_their_forms() {
        for json in [
            r#"{"id":"2","priority":"high"}"#,
            r#"{"priority":"High"}"#,
            "2",
            r#""2""#,
            r#""high""#,
        ] {
            assert_eq!(
                Priority::of(&serde_json::from_str(json).unwrap()),
                Some(Priority::High),
                "{json}"
            );
        }
        for json in ["null", "{}", "9", r#""none""#, "[]"] {
            assert_eq!(
                Priority::of(&serde_json::from_str(json).unwrap()),
                None,
                "{json}"
            );
        }
    }

    #[test]
    fn debug_shows_nothing_written_by_people() {
        let task: Task =
            serde_json::from_str(r#"{"id":"9hx","name":"Ann Lee","description":"555-123-4567"}"#)
                .unwrap();
        let shown = format!("{task:?}");
        assert!(!shown.contains("Ann") && !shown.contains("555"), "{shown}");
    }
}
