//! Tasks, one at a time.

use reqwest::Method;

use super::task_body::{CreateTask, UpdateTask};
use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::task::Task;
use crate::transport::{Answer, ClickUp};

/// What the read of a task gives beside the usual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskParts {
    /// The description with its markdown.
    pub markdown: bool,
    /// Its subtasks.
    pub subtasks: bool,
}

impl ClickUp {
    /// Makes a task (`O:CreateTask`). **Not idempotent**: after a failure whose [`sent`](ClickUpError::sent) is not `No`, look for
    /// it first.
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

    /// A task with all its fields (`O:GetTask`).
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`Gone`](crate::Class::Gone) when it was deleted.
    pub async fn task(&self, task: &str) -> Result<Answer<Task>, ClickUpError> {
        self.task_with(task, TaskParts::default()).await
    }

    /// A task with more than the usual (`O:GetTask`).
    ///
    /// # Errors
    /// As [`task`](ClickUp::task).
    pub async fn task_with(
        &self,
        task: &str,
        parts: TaskParts,
    ) -> Result<Answer<Task>, ClickUpError> {
        let query = [
            ("include_markdown_description", parts.markdown),
            ("include_subtasks", parts.subtasks),
        ]
        .into_iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| (name, "true".to_owned()))
        .collect();
        let ids = [task];
        self.read(Call::new(Method::GET, "GET /v2/task/{task}", &ids).query(query))
            .await
    }

    /// Changes a task (`O:UpdateTask`). The answer may still show the old status.
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

    /// Deletes a task with its subtasks (`O:DeleteTask`).
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`Gone`](crate::Class::Gone) when it was deleted before.
    pub async fn delete_task(&self, task: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(Method::DELETE, "DELETE /v2/task/{task}", &[task]))
            .await
    }
}
