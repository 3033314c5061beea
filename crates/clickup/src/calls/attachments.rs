//! Attachments of tasks. They are made with v2 and listed with v3, which v2 cannot.

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::attachment::{Attachment, AttachmentPage};
use crate::model::lenient;
use crate::transport::{Answer, ClickUp};
use crate::upload::Upload;

/// Attachments per page; the most that the service gives.
const PAGE_SIZE: &str = "100";

#[derive(Deserialize)]
struct PageBody {
    // required: an answer without it is not a page
    data: Vec<Value>,
    #[serde(default, deserialize_with = "lenient::opt_id")]
    next_cursor: Option<String>,
}

impl From<PageBody> for AttachmentPage {
    fn from(body: PageBody) -> Self {
        let count = body.data.len();
        let attachments: Vec<Attachment> = body
            .data
            .into_iter()
            .filter_map(|attachment| serde_json::from_value(attachment).ok())
            .collect();
        AttachmentPage {
            unreadable: count - attachments.len(),
            // a cursor behind an empty page would lead round and round
            next: body.next_cursor.filter(|_| count > 0),
            attachments,
        }
    }
}

impl ClickUp {
    /// Uploads a file to a task (`O:CreateTaskAttachment`). **Not idempotent**; the task's `date_updated` becomes that of the
    /// attachment.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`PlanLimit`](crate::Class::PlanLimit) when the workspace is full. Nothing is sent for a file of more
    /// than 1 GB.
    pub async fn upload(
        &self,
        task: &str,
        file: Upload,
    ) -> Result<Answer<Attachment>, ClickUpError> {
        let ids = [task];
        let call = Call::new(Method::POST, "POST /v2/task/{task}/attachment", &ids).form(file)?;
        self.read(call).await
    }

    /// Uploads a file for a field of the kind [`Files`](crate::FieldKind::Files) (`V3:postEntityAttachment`). The id that comes back
    /// is then written to the field of a task.
    ///
    /// # Errors
    /// As [`upload`](ClickUp::upload).
    pub async fn upload_to_field(
        &self,
        workspace: &str,
        field: &str,
        file: Upload,
    ) -> Result<Answer<Attachment>, ClickUpError> {
        let ids = [workspace, field];
        let call = Call::new(
            Method::POST,
            "POST /v3/workspaces/{workspace}/custom_fields/{field}/attachments",
            &ids,
        )
        .form(file)?;
        self.read(call).await
    }

    /// A page of the attachments of a task (`V3:getParentEntityAttachments`); in this path the word for a task is `attachments`.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn attachments(
        &self,
        workspace: &str,
        task: &str,
        cursor: Option<&str>,
    ) -> Result<Answer<AttachmentPage>, ClickUpError> {
        let ids = [workspace, task];
        let mut query = vec![("limit", PAGE_SIZE.to_owned())];
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        let call = Call::new(
            Method::GET,
            "GET /v3/workspaces/{workspace}/attachments/{task}/attachments",
            &ids,
        )
        .query(query);
        Ok(self.read::<PageBody>(call).await?.map(AttachmentPage::from))
    }
}
