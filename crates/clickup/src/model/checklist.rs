//! Checklists.

use serde::Deserialize;

use super::lenient;
use super::people::Person;

/// A checklist of a task. Changes of it do not move the task's `date_updated`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Checklist {
    /// UUID.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Heading.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// Place among the task's checklists.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub orderindex: Option<i64>,
    /// Its items; unknown when one of them could not be read.
    #[serde(default, deserialize_with = "lenient::all")]
    pub items: Option<Vec<ChecklistItem>>,
}
show_id_only!(Checklist);

/// An item of a checklist.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct ChecklistItem {
    /// UUID.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// What is to be done.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// Whether it is ticked off.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub resolved: bool,
    /// Who is to do it.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub assignee: Option<Person>,
    /// Id of the item that it stands below.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub parent: Option<String>,
    /// Place among its siblings.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub orderindex: Option<i64>,
}
show_id_only!(ChecklistItem);
