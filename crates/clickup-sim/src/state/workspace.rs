//! Workspace, people, spaces, folders, lists, statuses and field definitions.

use serde::{Deserialize, Serialize};

use crate::fields::Field;

/// The one workspace (`team` in the API).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Workspace {
    /// Digits as text.
    pub id: String,
    /// Shown name.
    pub name: String,
    pub(crate) users: Vec<User>,
    pub(crate) spaces: Vec<Space>,
    pub(crate) folders: Vec<Folder>,
    pub(crate) lists: Vec<List>,
    pub(crate) fields: Vec<Field>,
    #[serde(default)]
    pub(crate) templates: Vec<Template>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) color: String,
    pub(crate) initials: String,
    pub(crate) role: u8,
    /// Personal tokens, sent raw.
    pub(crate) personal_tokens: Vec<String>,
    /// OAuth access tokens, sent with `Bearer`.
    pub(crate) oauth_tokens: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Space {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) statuses: Vec<Status>,
    pub(crate) tags: Vec<Tag>,
    #[serde(default)]
    pub(crate) deleted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) fg: String,
    pub(crate) bg: String,
    pub(crate) creator: u64,
}

/// A folder; every folderless list has a hidden one of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Folder {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) space: String,
    pub(crate) hidden: bool,
    /// Its own statuses; without them its lists have those of the space.
    #[serde(default)]
    pub(crate) statuses: Option<Vec<Status>>,
    #[serde(default)]
    pub(crate) deleted: bool,
}

/// A task to make others like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    /// What a call that makes a task takes.
    pub(crate) body: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct List {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) folder: String,
    pub(crate) space: String,
    pub(crate) content: String,
    pub(crate) orderindex: i64,
    /// Colour of the list, called `status` in the API.
    pub(crate) colour: Option<String>,
    pub(crate) override_statuses: bool,
    pub(crate) statuses: Vec<Status>,
    /// Ids of the fields that apply here.
    pub(crate) fields: Vec<String>,
    pub(crate) deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) color: String,
    pub(crate) orderindex: i64,
    #[serde(rename = "type")]
    pub(crate) kind: StatusKind,
}

/// Exactly one open status comes first and exactly one closed one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusKind {
    Open,
    Custom,
    Done,
    Closed,
}

impl StatusKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Custom => "custom",
            Self::Done => "done",
            Self::Closed => "closed",
        }
    }
}

impl Workspace {
    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn space(&self, id: &str) -> Option<&Space> {
        self.spaces.iter().find(|space| space.id == id)
    }

    pub(crate) fn folder(&self, id: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.id == id)
    }

    pub(crate) fn list(&self, id: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.id == id)
    }

    pub(crate) fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// The fields that apply to tasks of a list, in the list's order.
    pub(crate) fn fields_of<'a>(&'a self, list: &'a List) -> impl Iterator<Item = &'a Field> {
        list.fields.iter().filter_map(|id| self.field(id))
    }
}

impl List {
    /// Finds a status by the text of a write.
    pub(crate) fn status(&self, name: &str, fold_case: bool) -> Option<&Status> {
        self.statuses.iter().find(|status| {
            status.status == name || (fold_case && status.status.eq_ignore_ascii_case(name))
        })
    }

    /// The status a new task gets.
    pub(crate) fn open_status(&self) -> Option<&Status> {
        self.statuses
            .iter()
            .find(|status| status.kind == StatusKind::Open)
            .or_else(|| self.statuses.first())
    }
}
