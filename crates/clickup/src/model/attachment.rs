//! Attachments.

use serde::Deserialize;

use super::lenient;

/// A file at a task (`GetTask`, `CreateTaskAttachment`, v3 `getParentEntityAttachments`). The three say different amounts.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Attachment {
    /// UUID with the extension.
    pub id: String,
    /// Name of the file.
    pub title: Option<String>,
    /// Extension without the point.
    pub extension: Option<String>,
    /// Kind of content, as whoever uploaded it said.
    pub mime_type: Option<String>,
    /// Bytes.
    pub size: Option<i64>,
    /// Where it can be read, on another host than the API: [`ClickUp::download`](crate::ClickUp::download).
    pub url: Option<String>,
    /// When it was uploaded, epoch milliseconds.
    pub date: Option<i64>,
    /// Whether it was taken away.
    pub deleted: bool,
}
show_id_only!(Attachment);

/// Two names each for the kind and the time; no alias, for an answer that has both is no mistake.
#[derive(Deserialize)]
struct Wire {
    #[serde(deserialize_with = "lenient::id")]
    id: String,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    extension: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    mime_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    mimetype: Option<String>,
    #[serde(default, deserialize_with = "lenient::whole")]
    size: Option<i64>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    url: Option<String>,
    #[serde(default, deserialize_with = "lenient::millis")]
    date: Option<i64>,
    #[serde(default, deserialize_with = "lenient::millis")]
    date_created: Option<i64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    deleted: bool,
}

impl From<Wire> for Attachment {
    fn from(wire: Wire) -> Self {
        Self {
            id: wire.id,
            title: wire.title,
            extension: wire.extension,
            mime_type: wire.mime_type.or(wire.mimetype),
            size: wire.size,
            url: wire.url,
            date: wire.date.or(wire.date_created),
            deleted: wire.deleted,
        }
    }
}

/// A page of the attachments of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentPage {
    /// The attachments that could be read.
    pub attachments: Vec<Attachment>,
    /// Attachments on the page that could not be read.
    pub unreadable: usize,
    /// Where the next page goes on; nothing after the last one.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_three_shapes() {
        for json in [
            r#"{"id":"a.png","date":"1569988578766","title":"A","mimetype":"image/png","size":7,"version":0}"#,
            r#"{"id":"a.png","date":1569988578766,"title":"A","mime_type":"image/png","size":"7","version":"0"}"#,
            r#"{"id":"a.png","date_created":1569988578766,"title":"A","mime_type":"image/png","size":7,"signed":true}"#,
            r#"{"id":"a.png","date":1569988578766,"date_created":5,"mime_type":"image/png","mimetype":"x","size":7}"#,
        ] {
            let read: Attachment = serde_json::from_str(json).unwrap();
            assert_eq!(
                (read.date, read.size, read.mime_type.as_deref()),
                (Some(1_569_988_578_766), Some(7), Some("image/png")),
                "{json}"
            );
            assert!(!format!("{read:?}").contains("image"));
        }
    }
}
