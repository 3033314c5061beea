//! Tags: one call for each, neither of which tells the task's new `date_updated`.

use reqwest::Method;
use serde::Deserialize;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::lenient;
use crate::model::place::Tag;
use crate::transport::{Answer, ClickUp};

#[derive(Deserialize)]
struct TagsBody {
    #[serde(deserialize_with = "lenient::skipping")]
    tags: Vec<Tag>,
}

impl ClickUp {
    /// The tags of a space (`O:GetSpaceTags`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn space_tags(&self, space: &str) -> Result<Answer<Vec<Tag>>, ClickUpError> {
        let ids = [space];
        let call = Call::new(Method::GET, "GET /v2/space/{space}/tag", &ids);
        Ok(self.read::<TagsBody>(call).await?.map(|body| body.tags))
    }

    /// Gives a task a tag (`O:AddTagToTask`), which its space then has too. A tag that it has already is no error.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn add_tag(&self, task: &str, name: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::POST,
            "POST /v2/task/{task}/tag/{name}",
            &[task, name],
        ))
        .await
    }

    /// Takes a tag from a task (`O:RemoveTagFromTask`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn remove_tag(&self, task: &str, name: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::DELETE,
            "DELETE /v2/task/{task}/tag/{name}",
            &[task, name],
        ))
        .await
    }
}
