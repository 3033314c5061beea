//! Dependencies and links between tasks.

use reqwest::Method;
use serde_json::json;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::transport::{Answer, ClickUp};

impl ClickUp {
    /// Has a task wait for another (`O:AddDependency`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn add_dependency(
        &self,
        waiting: &str,
        waits_for: &str,
    ) -> Result<Answer<()>, ClickUpError> {
        let ids = [waiting];
        let call = Call::new(Method::POST, "POST /v2/task/{task}/dependency", &ids)
            // exactly one of `depends_on` and `dependency_of` may be given
            .json(&json!({ "depends_on": waits_for }))?;
        self.run(call).await
    }

    /// Has it wait no longer (`O:DeleteDependency`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn remove_dependency(
        &self,
        waiting: &str,
        waits_for: &str,
    ) -> Result<Answer<()>, ClickUpError> {
        let ids = [waiting];
        let call = Call::new(Method::DELETE, "DELETE /v2/task/{task}/dependency", &ids)
            .query(vec![("depends_on", waits_for.to_owned())]);
        self.run(call).await
    }

    /// Links two tasks; which one is named first makes no difference (`O:AddTaskLink`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn add_link(&self, task: &str, other: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::POST,
            "POST /v2/task/{task}/link/{other}",
            &[task, other],
        ))
        .await
    }

    /// Unlinks two tasks (`O:DeleteTaskLink`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn remove_link(&self, task: &str, other: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::DELETE,
            "DELETE /v2/task/{task}/link/{other}",
            &[task, other],
        ))
        .await
    }
}
