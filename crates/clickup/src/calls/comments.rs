//! Comments of tasks and their threads. Not idempotent, and nothing in a comment can carry a marker that people do not see:
//! after an uncertain answer the comments must be read.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::comment::{Comment, CommentCursor, CommentMade, CommentPage};
use crate::model::hide_content;
use crate::transport::{Answer, ClickUp};

/// Comments per page, fixed by the service.
const PAGE_SIZE: usize = 25;

/// A comment to be made.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewComment {
    /// Plain text, not empty.
    pub comment_text: String,
    /// Whether its maker is notified as well; watchers and assignees are notified anyway.
    pub notify_all: bool,
    /// Id of the user that it is assigned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<i64>,
}
hide_content!(NewComment);

/// The changes of a comment; what is `None` stays.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateComment {
    /// Plain text, not empty. Formatting that the comment had is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment_text: Option<String>,
    /// Ticked off or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
    /// Id of the user that it is assigned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<i64>,
}
hide_content!(UpdateComment);

#[derive(Deserialize)]
struct PageBody {
    // required: an answer without it is not a page
    comments: Vec<Value>,
}

impl From<PageBody> for CommentPage {
    fn from(body: PageBody) -> Self {
        let count = body.comments.len();
        let comments: Vec<Comment> = body
            .comments
            .into_iter()
            .filter_map(|comment| serde_json::from_value(comment).ok())
            .collect();
        CommentPage {
            unreadable: count - comments.len(),
            next: (count >= PAGE_SIZE)
                .then(|| comments.last().and_then(Comment::cursor))
                .flatten(),
            comments,
        }
    }
}

impl ClickUp {
    /// A page of up to 25 comments of a task, newest first, without the answers to them (`O:GetTaskComments`). There is no way to
    /// ask for those since some time, nor for one alone.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn task_comments(
        &self,
        task: &str,
        after: Option<&CommentCursor>,
    ) -> Result<Answer<CommentPage>, ClickUpError> {
        let ids = [task];
        let mut call = Call::new(Method::GET, "GET /v2/task/{task}/comment", &ids);
        if let Some(cursor) = after {
            // one without the other is ignored
            call = call.query(vec![
                ("start", cursor.start.to_string()),
                ("start_id", cursor.start_id.clone()),
            ]);
        }
        Ok(self.read::<PageBody>(call).await?.map(CommentPage::from))
    }

    /// Comments on a task (`O:CreateTaskComment`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn create_comment(
        &self,
        task: &str,
        comment: &NewComment,
    ) -> Result<Answer<CommentMade>, ClickUpError> {
        let ids = [task];
        let call = Call::new(Method::POST, "POST /v2/task/{task}/comment", &ids).json(comment)?;
        self.read(call).await
    }

    /// Changes a comment (`O:UpdateComment`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn update_comment(
        &self,
        comment: &str,
        changes: &UpdateComment,
    ) -> Result<Answer<()>, ClickUpError> {
        let ids = [comment];
        let call = Call::new(Method::PUT, "PUT /v2/comment/{comment}", &ids).json(changes)?;
        self.run(call).await
    }

    /// Deletes a comment with its thread (`O:DeleteComment`). No webhook tells of it.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn delete_comment(&self, comment: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::DELETE,
            "DELETE /v2/comment/{comment}",
            &[comment],
        ))
        .await
    }

    /// The answers to a comment, without the comment (`O:GetThreadedComments`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn replies(&self, comment: &str) -> Result<Answer<CommentPage>, ClickUpError> {
        let ids = [comment];
        let call = Call::new(Method::GET, "GET /v2/comment/{comment}/reply", &ids);
        Ok(self.read::<PageBody>(call).await?.map(|body| CommentPage {
            // not paged
            next: None,
            ..CommentPage::from(body)
        }))
    }

    /// Answers a comment (`O:CreateThreadedComment`). The answer's id is not always told.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn create_reply(
        &self,
        comment: &str,
        reply: &NewComment,
    ) -> Result<Answer<Option<CommentMade>>, ClickUpError> {
        let ids = [comment];
        let call = Call::new(Method::POST, "POST /v2/comment/{comment}/reply", &ids).json(reply)?;
        Ok(self
            .read::<Value>(call)
            .await?
            .map(|body| serde_json::from_value(body).ok()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_goes_on_after_its_last_comment() {
        let page = |count: u64| {
            let comments: Vec<_> = (0..count)
                .map(|n| json!({"id": n, "date": (1000 - n).to_string()}))
                .collect();
            CommentPage::from(
                serde_json::from_value::<PageBody>(json!({"comments": comments})).unwrap(),
            )
        };
        assert_eq!(page(24).next, None);
        assert_eq!(
            page(25).next,
            Some(CommentCursor {
                start: 976,
                start_id: "24".into()
            })
        );
    }
}
