//! Checklists. The answers hold the whole list; the task's `date_updated` does not move.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::checklist::Checklist;
use crate::model::hide_content;
use crate::transport::{Answer, ClickUp};

/// The changes of an item; what is `None` stays. Assignees are left out: the reference wants text for their id here and a number
/// when the item is made, and a wrong type is dropped without a word.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateChecklistItem {
    /// What is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Ticked off or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
}
hide_content!(UpdateChecklistItem);

#[derive(Deserialize)]
struct ChecklistBody {
    checklist: Checklist,
}

impl ClickUp {
    /// Gives a task a checklist (`O:CreateChecklist`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn create_checklist(
        &self,
        task: &str,
        name: &str,
    ) -> Result<Answer<Checklist>, ClickUpError> {
        let ids = [task];
        let call = Call::new(Method::POST, "POST /v2/task/{task}/checklist", &ids)
            .json(&json!({ "name": name }))?;
        self.read_checklist(call).await
    }

    /// Gives a checklist another heading (`O:EditChecklist`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn rename_checklist(
        &self,
        checklist: &str,
        name: &str,
    ) -> Result<Answer<()>, ClickUpError> {
        let ids = [checklist];
        let call = Call::new(Method::PUT, "PUT /v2/checklist/{checklist}", &ids)
            .json(&json!({ "name": name }))?;
        self.run(call).await
    }

    /// Deletes a checklist with its items (`O:DeleteChecklist`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn delete_checklist(&self, checklist: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::DELETE,
            "DELETE /v2/checklist/{checklist}",
            &[checklist],
        ))
        .await
    }

    /// Adds an item at the end (`O:CreateChecklistItem`). The new one is among those of the answer; ids are the service's.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn add_checklist_item(
        &self,
        checklist: &str,
        name: &str,
    ) -> Result<Answer<Checklist>, ClickUpError> {
        let ids = [checklist];
        let call = Call::new(
            Method::POST,
            "POST /v2/checklist/{checklist}/checklist_item",
            &ids,
        )
        .json(&json!({ "name": name }))?;
        self.read_checklist(call).await
    }

    /// Changes an item (`O:EditChecklistItem`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn update_checklist_item(
        &self,
        checklist: &str,
        item: &str,
        changes: &UpdateChecklistItem,
    ) -> Result<Answer<Checklist>, ClickUpError> {
        let ids = [checklist, item];
        let call = Call::new(
            Method::PUT,
            "PUT /v2/checklist/{checklist}/checklist_item/{item}",
            &ids,
        )
        .json(changes)?;
        self.read_checklist(call).await
    }

    /// Deletes an item (`O:DeleteChecklistItem`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn delete_checklist_item(
        &self,
        checklist: &str,
        item: &str,
    ) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::DELETE,
            "DELETE /v2/checklist/{checklist}/checklist_item/{item}",
            &[checklist, item],
        ))
        .await
    }

    async fn read_checklist(&self, call: Call<'_>) -> Result<Answer<Checklist>, ClickUpError> {
        Ok(self
            .read::<ChecklistBody>(call)
            .await?
            .map(|body| body.checklist))
    }
}
