//! Values of custom fields: one call per field, and none of them tells the task's new `date_updated`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::call::Call;
use crate::error::ClickUpError;
use crate::transport::{Answer, ClickUp};

impl ClickUp {
    /// Sets a custom field. For a drop-down `value` is the id of the option.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`FieldRefused`](crate::Class::FieldRefused) when the field does not take it.
    pub async fn set_field(
        &self,
        task: &str,
        field: &str,
        value: &Value,
    ) -> Result<Answer<()>, ClickUpError> {
        let ids = [task, field];
        let call = Call::new(Method::POST, "POST /v2/task/{task}/field/{field}", &ids)
            .json(&json!({ "value": value }))?;
        self.run(call).await
    }

    /// Empties a custom field.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn clear_field(&self, task: &str, field: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::DELETE,
            "DELETE /v2/task/{task}/field/{field}",
            &[task, field],
        ))
        .await
    }
}
