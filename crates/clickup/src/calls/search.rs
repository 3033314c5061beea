//! Pages of tasks, of one list or of the whole workspace.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::task::Task;
use crate::model::{hide_content, lenient};
use crate::transport::{Answer, ClickUp};

/// Tasks per page, fixed by the service.
const PAGE_SIZE: usize = 100;

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
    /// By due date.
    DueDate,
}

/// A condition on a custom field.
#[derive(Clone, PartialEq, Serialize)]
pub struct FieldFilter {
    /// UUID of the field.
    pub field_id: String,
    /// `=` (not for labels), `<`, `<=`, `>`, `>=`, `!=`, `IS NULL`, `IS NOT NULL`, `RANGE`, `ANY`, `ALL`, `NOT ANY`, `NOT ALL`.
    pub operator: String,
    /// What to compare with; left out for the null tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}
hide_content!(FieldFilter);

/// Which tasks. By default: open ones, without subtasks, newest first, page 0.
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
    /// **Only** archived tasks; of a list, not of a workspace.
    pub archived: bool,
    /// Descriptions with their markdown.
    pub markdown: bool,
    /// Only tasks changed after this time, epoch milliseconds. Reported both with and without the instant itself: overlap.
    pub date_updated_gt: Option<i64>,
    /// Only tasks changed before this time, epoch milliseconds. Same caution.
    pub date_updated_lt: Option<i64>,
    /// Only tasks made after this time, epoch milliseconds. Same caution.
    pub date_created_gt: Option<i64>,
    /// Only tasks made before this time, epoch milliseconds. Same caution.
    pub date_created_lt: Option<i64>,
    /// Only tasks with one of these statuses, by exact name. Overrides `include_closed`.
    pub statuses: Vec<String>,
    /// Only tasks of one of these users.
    pub assignees: Vec<i64>,
    /// Only tasks with one of these tags.
    pub tags: Vec<String>,
    /// Conditions on custom fields, all of which must hold.
    pub custom_fields: Vec<FieldFilter>,
}

impl ListQuery {
    fn pairs(&self, route: &'static str) -> Result<Vec<(&'static str, String)>, ClickUpError> {
        let order = match self.order_by {
            OrderBy::Created => "created",
            OrderBy::Updated => "updated",
            OrderBy::Id => "id",
            OrderBy::DueDate => "due_date",
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
            ("include_markdown_description", self.markdown),
        ];
        pairs.extend(
            flags
                .into_iter()
                .filter(|(_, on)| *on)
                .map(|(name, _)| (name, "true".to_owned())),
        );
        let times = [
            ("date_updated_gt", self.date_updated_gt),
            ("date_updated_lt", self.date_updated_lt),
            ("date_created_gt", self.date_created_gt),
            ("date_created_lt", self.date_created_lt),
        ];
        pairs.extend(
            times
                .into_iter()
                .filter_map(|(name, time)| Some((name, time?.to_string()))),
        );
        // the brackets are part of the name, also for a single value
        pairs.extend(
            self.statuses
                .iter()
                .map(|status| ("statuses[]", status.clone())),
        );
        pairs.extend(
            self.assignees
                .iter()
                .map(|user| ("assignees[]", user.to_string())),
        );
        pairs.extend(self.tags.iter().map(|tag| ("tags[]", tag.clone())));
        if !self.custom_fields.is_empty() {
            let filters = serde_json::to_string(&self.custom_fields)
                .map_err(|_| ClickUpError::unsendable(route, "filter has no form in json"))?;
            pairs.push(("custom_fields", filters));
        }
        Ok(pairs)
    }
}

/// Which tasks of a workspace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TeamQuery {
    /// As for a list. `archived` cannot be asked for here.
    pub tasks: ListQuery,
    /// Only in these spaces.
    pub space_ids: Vec<String>,
    /// Only in these folders.
    pub folder_ids: Vec<String>,
    /// Only in these lists.
    pub list_ids: Vec<String>,
    /// Only subtasks of this task.
    pub parent: Option<String>,
}

impl TeamQuery {
    fn pairs(&self, route: &'static str) -> Result<Vec<(&'static str, String)>, ClickUpError> {
        if self.tasks.archived {
            return Err(ClickUpError::unsendable(
                route,
                "archived tasks can only be asked for by list",
            ));
        }
        let mut pairs = self.tasks.pairs(route)?;
        for (name, ids) in [
            ("space_ids[]", &self.space_ids),
            // a folder is a project here
            ("project_ids[]", &self.folder_ids),
            ("list_ids[]", &self.list_ids),
        ] {
            pairs.extend(ids.iter().map(|id| (name, id.clone())));
        }
        pairs.extend(self.parent.iter().map(|task| ("parent", task.clone())));
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
    /// One page of up to 100 tasks of a list (`O:GetTasks`).
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

    /// One page of up to 100 tasks of a workspace (`O:GetFilteredTeamTasks`). Far from the start it has taken 14 s.
    ///
    /// # Errors
    /// See [`ClickUpError`]; nothing is sent when archived tasks are asked for.
    pub async fn team_tasks(
        &self,
        team: &str,
        query: &TeamQuery,
    ) -> Result<Answer<TaskPage>, ClickUpError> {
        let ids = [team];
        let route = "GET /v2/team/{team}/task";
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

    #[test]
    fn lists_of_values_keep_their_brackets() {
        let query = TeamQuery {
            tasks: ListQuery {
                statuses: vec!["in progress".into()],
                assignees: vec![183],
                tags: vec!["a".into(), "b".into()],
                ..ListQuery::default()
            },
            folder_ids: vec!["457".into()],
            parent: Some("9hx".into()),
            ..TeamQuery::default()
        };
        assert_eq!(
            query.pairs("GET x").unwrap()[2..],
            [
                ("statuses[]", "in progress"),
                ("assignees[]", "183"),
                ("tags[]", "a"),
                ("tags[]", "b"),
                ("project_ids[]", "457"),
                ("parent", "9hx"),
            ]
            .map(|(name, value)| (name, value.to_owned()))
        );
        let archived = TeamQuery {
            tasks: ListQuery {
                archived: true,
                ..ListQuery::default()
            },
            ..TeamQuery::default()
        };
        assert!(archived.pairs("GET x").is_err());
    }
}
