//! Values of custom fields: one call per field, and none of them tells the task's new `date_updated`.

use reqwest::Method;
use serde::{Serialize, Serializer};

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::field_write::FieldWrite;
use crate::model::hide_content;
use crate::transport::{Answer, ClickUp};

/// A custom field of a new task.
#[derive(Clone, PartialEq)]
pub struct FieldInput {
    /// UUID of the field.
    pub id: String,
    /// What it is to hold. A value for a field that does not apply to the task's type is dropped without a word.
    pub value: FieldWrite,
}
hide_content!(FieldInput);

impl Serialize for FieldInput {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.value.serialize_with_id(Some(&self.id), output)
    }
}

impl ClickUp {
    /// Sets a custom field (`O:SetCustomFieldValue`). Free workspaces can do so 60 times in their life.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`FieldRefused`](crate::Class::FieldRefused) when the field does not take it. Nothing is sent for a
    /// number that is not finite.
    pub async fn set_field(
        &self,
        task: &str,
        field: &str,
        value: &FieldWrite,
    ) -> Result<Answer<()>, ClickUpError> {
        let ids = [task, field];
        let call =
            Call::new(Method::POST, "POST /v2/task/{task}/field/{field}", &ids).json(value)?;
        self.run(call).await
    }

    /// Empties a custom field (`O:RemoveCustomFieldValue`).
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
