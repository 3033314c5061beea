//! Templates of tasks.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::lenient;
use crate::model::place::TaskTemplate;
use crate::transport::{Answer, ClickUp};

#[derive(Deserialize)]
struct TemplatesBody {
    #[serde(deserialize_with = "lenient::skipping")]
    templates: Vec<TaskTemplate>,
}

/// The id, wherever the answer has it: its form is not published.
fn id_of(body: &Value) -> Option<String> {
    [
        body.get("task").and_then(|task| task.get("id")),
        body.get("id"),
    ]
    .into_iter()
    .flatten()
    .find_map(Value::as_str)
    .map(ToOwned::to_owned)
}

impl ClickUp {
    /// A page of the templates of a workspace, from 0; an empty page is the end (`O:GetTaskTemplates`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn task_templates(
        &self,
        team: &str,
        page: u32,
    ) -> Result<Answer<Vec<TaskTemplate>>, ClickUpError> {
        let ids = [team];
        let call = Call::new(Method::GET, "GET /v2/team/{team}/taskTemplate", &ids)
            .query(vec![("page", page.to_string())]);
        Ok(self
            .read::<TemplatesBody>(call)
            .await?
            .map(|body| body.templates))
    }

    /// Makes a task from a template and tells its id when the answer does (`O:CreateTaskFromTemplate`). **Not idempotent**, and
    /// nothing but the name can carry a marker.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn create_task_from_template(
        &self,
        list: &str,
        template: &str,
        name: &str,
    ) -> Result<Answer<Option<String>>, ClickUpError> {
        let ids = [list, template];
        let call = Call::new(
            Method::POST,
            "POST /v2/list/{list}/taskTemplate/{template}",
            &ids,
        )
        .json(&json!({ "name": name }))?;
        Ok(self.read::<Value>(call).await?.map(|body| id_of(&body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_where_it_is() {
        for body in [
            json!({"id": "9hx"}),
            json!({"task": {"id": "9hx"}, "id": "other"}),
        ] {
            assert_eq!(id_of(&body).as_deref(), Some("9hx"));
        }
        assert_eq!(id_of(&json!({})), None);
    }
}
