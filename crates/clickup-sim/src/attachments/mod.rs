//! Files at tasks and in custom fields.

pub(crate) mod calls;
pub(crate) mod download;
pub(crate) mod files;
pub(crate) mod upload;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::Workspace;
use crate::tasks::render::person;

/// A file, without its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attachment {
    /// `{uuid}.{extension}`
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) extension: String,
    pub(crate) mime: String,
    pub(crate) size: u64,
    /// Lower-case hex of the content.
    pub(crate) sha256: String,
    /// Epoch milliseconds.
    pub(crate) date: i64,
    pub(crate) user: u64,
    /// Task or custom field.
    pub(crate) parent: String,
    pub(crate) parent_kind: Parent,
    /// Where the content is served. Not under the API, as on the real service.
    pub(crate) url: String,
}

/// What a file hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Parent {
    Task,
    CustomField,
}

impl Attachment {
    /// As `attachments[]` of a task and as a value of a files field.
    pub(crate) fn object(&self, workspace: &Workspace) -> Value {
        json!({
            "id": self.id,
            // Text, although the specification says integer.
            "date": self.date.to_string(),
            "title": self.title,
            "type": 1,
            "source": 1,
            "version": 0,
            "extension": self.extension,
            "thumbnail_small": null,
            "thumbnail_medium": null,
            "thumbnail_large": null,
            "is_folder": null,
            "mimetype": self.mime,
            "hidden": false,
            "parent_id": self.parent,
            "size": self.size,
            "total_comments": 0,
            "resolved_comments": 0,
            "user": workspace.user(self.user).map(person),
            "deleted": false,
            "orientation": null,
            "url": self.url,
            "email_data": null,
            "workspace_id": null,
            "url_w_query": format!("{}?view=open", self.url),
            "url_w_host": self.url,
        })
    }

    /// As API v3 shows it: dates are integers, and what has no picture of its own is its own
    /// thumbnail.
    pub(crate) fn object_v3(&self) -> Value {
        json!({
            "id": self.id,
            "title": self.title,
            "extension": self.extension,
            "mime_type": self.mime,
            "size": self.size,
            "signed": false,
            "url": self.url,
            "thumbnail_small": self.url,
            "thumbnail_medium": self.url,
            "thumbnail_large": self.url,
            "parent_id": self.parent,
            "parent_entity_type": match self.parent_kind {
                Parent::Task => "tasks",
                Parent::CustomField => "custom_fields",
            },
            "user_id": self.user,
            "date_created": self.date,
            "date_updated": self.date,
        })
    }

    /// The answer to an upload by API v2.
    pub(crate) fn receipt(&self) -> Value {
        json!({
            "id": self.id,
            "version": "0",
            "date": self.date,
            "title": self.title,
            "extension": self.extension,
            "thumbnail_small": null,
            "thumbnail_large": null,
            "url": self.url,
        })
    }
}
