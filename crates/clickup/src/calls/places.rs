//! Spaces, folders and lists: where one chooses where tasks go, and what a list offers.

use reqwest::Method;
use serde::Deserialize;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::field::FieldDefinition;
use crate::model::lenient;
use crate::model::place::{Folder, ListInfo, Space};
use crate::transport::{Answer, ClickUp};

#[derive(Deserialize)]
struct SpacesBody {
    #[serde(deserialize_with = "lenient::skipping")]
    spaces: Vec<Space>,
}

#[derive(Deserialize)]
struct FoldersBody {
    #[serde(deserialize_with = "lenient::skipping")]
    folders: Vec<Folder>,
}

#[derive(Deserialize)]
struct ListsBody {
    #[serde(deserialize_with = "lenient::skipping")]
    lists: Vec<ListInfo>,
}

#[derive(Deserialize)]
struct FieldsBody {
    #[serde(default, deserialize_with = "lenient::skipping")]
    fields: Vec<FieldDefinition>,
}

/// Live ones only: the same parameter with `true` would give only those that are archived.
fn live() -> Vec<(&'static str, String)> {
    vec![("archived", "false".to_owned())]
}

impl ClickUp {
    /// The spaces of a workspace that the token may see, without archived ones (`O:GetSpaces`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn spaces(&self, team: &str) -> Result<Answer<Vec<Space>>, ClickUpError> {
        let ids = [team];
        let call = Call::new(Method::GET, "GET /v2/team/{team}/space", &ids).query(live());
        Ok(self.read::<SpacesBody>(call).await?.map(|body| body.spaces))
    }

    /// The folders of a space with their lists, without archived ones (`O:GetFolders`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn folders(&self, space: &str) -> Result<Answer<Vec<Folder>>, ClickUpError> {
        let ids = [space];
        let call = Call::new(Method::GET, "GET /v2/space/{space}/folder", &ids).query(live());
        Ok(self
            .read::<FoldersBody>(call)
            .await?
            .map(|body| body.folders))
    }

    /// The lists of a space that are in no folder, without archived ones (`O:GetFolderlessLists`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn folderless_lists(
        &self,
        space: &str,
    ) -> Result<Answer<Vec<ListInfo>>, ClickUpError> {
        let ids = [space];
        let call = Call::new(Method::GET, "GET /v2/space/{space}/list", &ids).query(live());
        Ok(self.read::<ListsBody>(call).await?.map(|body| body.lists))
    }

    /// The lists of a folder, without archived ones (`O:GetLists`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn folder_lists(&self, folder: &str) -> Result<Answer<Vec<ListInfo>>, ClickUpError> {
        let ids = [folder];
        let call = Call::new(Method::GET, "GET /v2/folder/{folder}/list", &ids).query(live());
        Ok(self.read::<ListsBody>(call).await?.map(|body| body.lists))
    }

    /// A list with the statuses that are in force in it (`O:GetList`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn list(&self, list: &str) -> Result<Answer<ListInfo>, ClickUpError> {
        self.read(Call::new(Method::GET, "GET /v2/list/{list}", &[list]))
            .await
    }

    /// The custom fields that tasks of a list may have, those of its folder, space and workspace included
    /// (`O:GetAccessibleCustomFields`). No call makes fields or options.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn list_fields(
        &self,
        list: &str,
    ) -> Result<Answer<Vec<FieldDefinition>>, ClickUpError> {
        let ids = [list];
        let call = Call::new(Method::GET, "GET /v2/list/{list}/field", &ids)
            .query(vec![("include_applied_objects", "true".to_owned())]);
        Ok(self.read::<FieldsBody>(call).await?.map(|body| body.fields))
    }
}
