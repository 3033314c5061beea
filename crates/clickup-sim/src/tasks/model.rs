//! The task as it is kept, and the two records that hang on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attachments::Attachment;

/// One task. Times are epoch milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Internal key, also the order of creation.
    pub(crate) n: u64,
    pub(crate) id: String,
    pub(crate) list: String,
    pub(crate) name: String,
    /// Plain text; markdown is stripped on the way in.
    pub(crate) text: String,
    /// Set when the text was written as markdown.
    pub(crate) markdown: Option<String>,
    pub(crate) status: String,
    pub(crate) date_created: i64,
    pub(crate) date_updated: i64,
    pub(crate) date_closed: Option<i64>,
    pub(crate) date_done: Option<i64>,
    pub(crate) archived: bool,
    pub(crate) creator: u64,
    pub(crate) assignees: Vec<u64>,
    pub(crate) watchers: Vec<u64>,
    pub(crate) tags: Vec<String>,
    pub(crate) parent: Option<String>,
    pub(crate) top_parent: Option<String>,
    /// 1 urgent to 4 low.
    pub(crate) priority: Option<u8>,
    pub(crate) due_date: Option<i64>,
    pub(crate) due_date_time: bool,
    pub(crate) start_date: Option<i64>,
    pub(crate) start_date_time: bool,
    pub(crate) points: Option<f64>,
    pub(crate) time_estimate: Option<i64>,
    pub(crate) custom_item_id: i64,
    /// Values in their stored form by field id; see [`crate::fields::value`].
    pub(crate) fields: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) checklists: Vec<Checklist>,
    /// Kept equal on both tasks.
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    /// Kept on both tasks, each naming the other.
    #[serde(default)]
    pub(crate) links: Vec<Link>,
    #[serde(default)]
    pub(crate) attachments: Vec<Attachment>,
    /// Further lists that show the task.
    #[serde(default)]
    pub(crate) lists: Vec<String>,
    /// Statuses with the moments at which the task came to them, oldest first.
    #[serde(default)]
    pub(crate) stations: Vec<(String, i64)>,
}

/// `task_id` waits for `depends_on`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) task_id: String,
    pub(crate) depends_on: String,
    pub(crate) date_created: i64,
    pub(crate) user: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) other: String,
    pub(crate) date_created: i64,
    pub(crate) user: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checklist {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) date_created: i64,
    pub(crate) creator: u64,
    pub(crate) items: Vec<ChecklistItem>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChecklistItem {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) assignee: Option<u64>,
    pub(crate) resolved: bool,
    pub(crate) parent: Option<String>,
    pub(crate) date_created: i64,
}

/// A comment on a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) history_id: String,
    pub(crate) task: u64,
    pub(crate) user: u64,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Value>,
    pub(crate) date: i64,
    pub(crate) resolved: bool,
    pub(crate) assignee: Option<u64>,
    pub(crate) assigned_by: Option<u64>,
    /// Comment that this one answers.
    #[serde(default)]
    pub(crate) parent: Option<u64>,
}

/// One line of a task's activity, for the board page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Activity {
    pub(crate) at: i64,
    pub(crate) user: u64,
    pub(crate) via_api: bool,
    pub(crate) text: String,
}

/// Names and colours of the four priorities.
pub(crate) fn priority_name(priority: u8) -> (&'static str, &'static str) {
    match priority {
        1 => ("urgent", "#f50000"),
        2 => ("high", "#ffcc00"),
        3 => ("normal", "#6fddff"),
        _ => ("low", "#d8d8d8"),
    }
}
