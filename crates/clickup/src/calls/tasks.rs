//! Tasks.

use reqwest::Method;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::lenient;
use crate::model::task::{Priority, Task};
use crate::transport::{Answer, ClickUp};

/// Tasks per page, fixed by the service.
const PAGE_SIZE: usize = 100;

/// A custom field of a new task.
#[derive(Clone, PartialEq, Serialize)]
pub struct FieldInput {
    /// UUID of the field.
    pub id: String,
    /// As `POST …/field` takes it. A value for a field that does not apply is dropped without a word.
    pub value: Value,
}

/// A new task.
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct CreateTask {
    /// Title, not empty.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown_content: Option<String>,
    /// Name of a status of the list; the first one when left out.
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
    /// Whether its maker is notified as well; left out, ClickUp decides. Assignees and watchers are notified anyway, so a
    /// task that is to make no noise says `false` and has neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_all: Option<bool>,
}

/// The changes of a task; what is `None` stays as it is. Tags and custom fields cannot be changed here (ClickUp ignores
/// them in this call).
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
    /// Archives it or brings it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

impl UpdateTask {
    /// Whether it would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

macro_rules! hide_content {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
hide_content!(FieldInput, CreateTask, UpdateTask);

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

/// Order of a list page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderBy {
    /// By creation.
    #[default]
    Created,
    /// By last change.
    Updated,
    /// By id.
    Id,
}

/// A condition on a custom field.
#[derive(Clone, PartialEq, Serialize)]
pub struct FieldFilter {
    /// UUID of the field.
    pub field_id: String,
    /// `=`, `<`, `!=`, `IS NULL`, `IS NOT NULL`, `ANY` …
    pub operator: String,
    /// What to compare with; left out for the null tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}
hide_content!(FieldFilter);

/// Which tasks of a list. By default: open ones, without subtasks, newest first, page 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListQuery {
    /// Page, from 0.
    pub page: u32,
    /// Order; newest first.
    pub order_by: OrderBy,
    /// Oldest first instead.
    pub reverse: bool,
    /// Tasks with a closed status too.
    pub include_closed: bool,
    /// Subtasks too.
    pub subtasks: bool,
    /// **Only** archived tasks.
    pub archived: bool,
    /// Only tasks changed after this time, epoch milliseconds. Reported both with and without the instant itself: overlap.
    pub date_updated_gt: Option<i64>,
    /// Only tasks made after this time, epoch milliseconds. Same caution.
    pub date_created_gt: Option<i64>,
    /// Conditions on custom fields, all of which must hold.
    pub custom_fields: Vec<FieldFilter>,
}

impl ListQuery {
    fn pairs(&self, route: &'static str) -> Result<Vec<(&'static str, String)>, ClickUpError> {
        let order = match self.order_by {
            OrderBy::Created => "created",
            OrderBy::Updated => "updated",
            OrderBy::Id => "id",
        };
        let mut pairs = vec![
            ("page", self.page.to_string()),
            ("order_by", order.to_owned()),
        ];
        let flags = [
            ("reverse", self.reverse),
            ("include_closed", self.include_closed),
            ("subtasks", self.subtasks),
            ("archived", self.archived),
        ];
        pairs.extend(
            flags
                .into_iter()
                .filter(|(_, on)| *on)
                .map(|(name, _)| (name, "true".to_owned())),
        );
        let times = [
            ("date_updated_gt", self.date_updated_gt),
            ("date_created_gt", self.date_created_gt),
        ];
        pairs.extend(
            times
                .into_iter()
                .filter_map(|(name, time)| Some((name, time?.to_string()))),
        );
        if !self.custom_fields.is_empty() {
            let filters = serde_json::to_string(&self.custom_fields)
                .map_err(|_| ClickUpError::unsendable(route, "filter has no form in json"))?;
            pairs.push(("custom_fields", filters));
        }
        Ok(pairs)
    }
}

/// A page of tasks. Never proof that something does not exist: closed, archived and subtasks are left out by default,
/// and tasks move between pages while one reads.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskPage {
    /// The tasks that could be read.
    pub tasks: Vec<Task>,
    /// Tasks on the page that could not be read.
    pub unreadable: usize,
    /// Whether there is no further page.
    pub last: bool,
}

#[derive(Deserialize)]
struct PageBody {
    // required: an answer without it is not a page
    tasks: Vec<Value>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    last_page: Option<bool>,
}

impl From<PageBody> for TaskPage {
    fn from(body: PageBody) -> Self {
        let count = body.tasks.len();
        let tasks: Vec<Task> = body
            .tasks
            .into_iter()
            .filter_map(|task| serde_json::from_value(task).ok())
            .collect();
        TaskPage {
            unreadable: count - tasks.len(),
            last: body.last_page == Some(true) || count < PAGE_SIZE,
            tasks,
        }
    }
}

impl ClickUp {
    /// Makes a task. **Not idempotent**: after a failure whose [`sent`](ClickUpError::sent) is not `No`, look for it first.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`StatusUnknown`](crate::Class::StatusUnknown) when the list has no such status.
    pub async fn create_task(
        &self,
        list: &str,
        task: &CreateTask,
    ) -> Result<Answer<Task>, ClickUpError> {
        let ids = [list];
        let call = Call::new(Method::POST, "POST /v2/list/{list}/task", &ids).json(task)?;
        self.read(call).await
    }

    /// A task with all its fields.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`Gone`](crate::Class::Gone) when it was deleted.
    pub async fn task(&self, task: &str) -> Result<Answer<Task>, ClickUpError> {
        self.read(Call::new(Method::GET, "GET /v2/task/{task}", &[task]))
            .await
    }

    /// Changes a task. The answer may still show the old status.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`StatusUnknown`](crate::Class::StatusUnknown) when the list has no such status.
    pub async fn update_task(
        &self,
        task: &str,
        changes: &UpdateTask,
    ) -> Result<Answer<Task>, ClickUpError> {
        let ids = [task];
        let call = Call::new(Method::PUT, "PUT /v2/task/{task}", &ids).json(changes)?;
        self.read(call).await
    }

    /// Deletes a task with its subtasks.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`Gone`](crate::Class::Gone) when it was deleted before.
    pub async fn delete_task(&self, task: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(Method::DELETE, "DELETE /v2/task/{task}", &[task]))
            .await
    }

    /// One page of up to 100 tasks of a list.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn list_tasks(
        &self,
        list: &str,
        query: &ListQuery,
    ) -> Result<Answer<TaskPage>, ClickUpError> {
        let ids = [list];
        let route = "GET /v2/list/{list}/task";
        let call = Call::new(Method::GET, route, &ids)
            .query(query.pairs(route)?)
            .slow();
        Ok(self.read::<PageBody>(call).await?.map(TaskPage::from))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
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
            ..UpdateTask::default()
        };
        assert_eq!(
            serde_json::to_value(update).unwrap(),
            json!({"markdown_content": " ", "priority": null, "status": "reviewed"})
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
    fn pages_end_by_flag_or_by_length() {
        let page = |json: Value| TaskPage::from(serde_json::from_value::<PageBody>(json).unwrap());
        let full: Vec<Value> = (0..100).map(|n| json!({"id": n})).collect();
        assert!(page(json!({"tasks": []})).last);
        assert!(page(json!({"tasks": [{"id": "a"}]})).last);
        assert!(!page(json!({"tasks": full})).last);
        assert!(!page(json!({"tasks": full, "last_page": false})).last);
        assert!(page(json!({"tasks": full, "last_page": true})).last);
        let odd = page(json!({"tasks": [{"id": "a"}, {"no": "id"}, 7]}));
        assert_eq!((odd.tasks.len(), odd.unreadable), (1, 2));
        assert!(serde_json::from_value::<PageBody>(json!({"err": "x"})).is_err());
    }
}
