//! Moving a task to another list, which only v3 can do: calls of v2 that look as if they could answer 200 and do nothing.

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::transport::{Answer, ClickUp};

/// Which status of the new list stands for the task's present one. Ids, not names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusMapping {
    /// Id of the status in the old list.
    pub source_status_id: String,
    /// Id of the status in the new list.
    pub destination_status_id: String,
}

/// How a task is moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MoveTask {
    /// Adds the custom fields of the old list to the new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_custom_fields: Option<bool>,
    /// Only these of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields_to_move: Vec<String>,
    /// Needed when the new list does not have the task's status.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub status_mappings: Vec<StatusMapping>,
}

impl ClickUp {
    /// Gives a task another home list (`V3:moveTask`). Whether it worked is told by the next read of the task.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn move_task(
        &self,
        workspace: &str,
        task: &str,
        list: &str,
        how: &MoveTask,
    ) -> Result<Answer<()>, ClickUpError> {
        let ids = [workspace, task, list];
        let call = Call::new(
            Method::PUT,
            "PUT /v3/workspaces/{workspace}/tasks/{task}/home_list/{list}",
            &ids,
        )
        .json(how)?;
        Ok(self.read::<Value>(call).await?.map(|_| ()))
    }
}
