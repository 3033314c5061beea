//! Comments.

use serde::Deserialize;
use serde_json::Value;

use super::lenient;
use super::people::Person;

/// A comment on a task, or an answer to one (`GetTaskComments`, `GetThreadedComments`). There is no date of its last change and no
/// sign of a deleted one.
#[derive(Clone, PartialEq, Deserialize)]
pub struct Comment {
    /// Digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Plain text of all its parts.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub comment_text: Option<String>,
    /// Its parts with their formatting, untouched; kinds and attributes that nobody knows are to be ignored.
    #[serde(default, rename = "comment", deserialize_with = "lenient::skipping")]
    pub blocks: Vec<Value>,
    /// Who wrote it.
    #[serde(default, rename = "user", deserialize_with = "lenient::or_none")]
    pub author: Option<Person>,
    /// Whether somebody ticked it off.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub resolved: bool,
    /// When it was written, epoch milliseconds.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub date: Option<i64>,
    /// How many answers it has; they are not among the comments of the task.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub reply_count: Option<i64>,
}
show_id_only!(Comment);

impl Comment {
    /// Where the next page goes on: both or neither.
    #[must_use]
    pub fn cursor(&self) -> Option<CommentCursor> {
        Some(CommentCursor {
            start: self.date?,
            start_id: self.id.clone(),
        })
    }
}

/// The last comment of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentCursor {
    /// When it was written, epoch milliseconds.
    pub start: i64,
    /// Its id.
    pub start_id: String,
}

/// A page of comments, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct CommentPage {
    /// The comments that could be read.
    pub comments: Vec<Comment>,
    /// Comments on the page that could not be read.
    pub unreadable: usize,
    /// Where the next page goes on; nothing after the last one.
    pub next: Option<CommentCursor>,
}

/// What making a comment tells: not its text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CommentMade {
    /// Digits; here a number, elsewhere text.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Epoch milliseconds.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub date: Option<i64>,
}
