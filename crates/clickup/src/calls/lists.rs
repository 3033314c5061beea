//! Lists: their statuses and custom fields.

use reqwest::Method;
use serde::Deserialize;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::field::FieldDefinition;
use crate::model::lenient;
use crate::model::status::Status;
use crate::transport::{Answer, ClickUp};

/// A list, as far as tasks in it need to know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListInfo {
    /// Digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// The statuses that are in force here, in their order. (The list's own `status` is its colour.)
    #[serde(default, deserialize_with = "lenient::skipping")]
    pub statuses: Vec<Status>,
    /// Whether it is archived.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub archived: bool,
    /// A deleted list can still be read and says so.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub deleted: bool,
}

#[derive(Deserialize)]
struct FieldsBody {
    #[serde(default, deserialize_with = "lenient::skipping")]
    fields: Vec<FieldDefinition>,
}

impl ClickUp {
    /// A list with its statuses.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn list(&self, list: &str) -> Result<Answer<ListInfo>, ClickUpError> {
        self.read(Call::new(Method::GET, "GET /v2/list/{list}", &[list]))
            .await
    }

    /// The custom fields that tasks of a list may have, those of its folder, space and workspace included.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn list_fields(
        &self,
        list: &str,
    ) -> Result<Answer<Vec<FieldDefinition>>, ClickUpError> {
        let ids = [list];
        let call = Call::new(Method::GET, "GET /v2/list/{list}/field", &ids);
        Ok(self.read::<FieldsBody>(call).await?.map(|body| body.fields))
    }
}
