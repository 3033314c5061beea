//! The contents of attachments, as far as there is room for them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::state::Line;

/// Largest content kept. Larger files are counted and hashed, not kept.
pub(crate) const LARGEST_KEPT: usize = 8 * 1024 * 1024;
/// All contents together.
const ROOM: usize = 256 * 1024 * 1024;

/// Contents by attachment id.
#[derive(Debug, Default)]
pub(crate) struct Files {
    by_id: BTreeMap<String, Bytes>,
    used: usize,
}

impl Files {
    pub(crate) fn get(&self, id: &str) -> Option<Bytes> {
        self.by_id.get(id).cloned()
    }

    /// Keeps a content and gives the line for the state file, or nothing when there is no room.
    pub(crate) fn keep(&mut self, id: &str, content: Bytes) -> Option<Line<'static>> {
        if content.len() > LARGEST_KEPT || self.used + content.len() > ROOM {
            return None;
        }
        self.used += content.len();
        let line = line(id, &content);
        self.by_id.insert(id.to_owned(), content);
        Some(line)
    }

    pub(crate) fn restore(&mut self, id: String, text: &str) {
        match STANDARD.decode(text) {
            Ok(content) => {
                self.used += content.len();
                self.by_id.insert(id, content.into());
            }
            Err(error) => tracing::error!(%error, "content of an attachment not read"),
        }
    }

    pub(crate) fn lines<'a>(&'a self) -> impl Iterator<Item = Line<'a>> {
        self.by_id.iter().map(|(id, content)| line(id, content))
    }
}

fn line<'a>(id: &str, content: &Bytes) -> Line<'a> {
    Line::File {
        id: id.to_owned(),
        base64: STANDARD.encode(content),
    }
}
