//! The form of a seed.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fields::{FieldKind, FieldOption};
use crate::ids::fixed_uuid;
use crate::state::Template;

/// What to make. Something whose id is known is changed instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seed {
    /// Begin with an empty workspace, which keeps its people.
    #[serde(default)]
    pub(super) replace: bool,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) members: Vec<Member>,
    #[serde(default)]
    pub(super) fields: Vec<FieldSeed>,
    #[serde(default)]
    pub(super) spaces: Vec<SpaceSeed>,
    #[serde(default)]
    pub(super) templates: Vec<Template>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub(super) id: u64,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) role: Option<u8>,
    pub(super) personal_token: Option<String>,
    pub(super) oauth_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSeed {
    pub(super) id: Option<String>,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: FieldKind,
    #[serde(default)]
    pub(super) options: Vec<OptionSeed>,
    #[serde(default)]
    pub(super) config: Value,
    #[serde(default)]
    pub(super) required: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OptionSeed {
    Name(String),
    Whole {
        id: Option<String>,
        name: String,
        color: Option<String>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceSeed {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) statuses: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) folders: Vec<FolderSeed>,
    #[serde(default)]
    pub(super) lists: Vec<ListSeed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FolderSeed {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) statuses: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) lists: Vec<ListSeed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListSeed {
    pub(super) id: Option<String>,
    pub(super) name: String,
    #[serde(default)]
    pub(super) content: String,
    pub(super) statuses: Option<Vec<Value>>,
    /// Names or ids of fields; `"every"` stands for all that the workspace has.
    #[serde(default)]
    pub(super) fields: Vec<String>,
    #[serde(default)]
    pub(super) tasks: Vec<Map<String, Value>>,
}

/// Options in their order; without an id they get one that follows from field and name.
pub(crate) fn options(field: &str, seeds: Vec<OptionSeed>) -> Vec<FieldOption> {
    const COLOURS: [&str; 5] = ["#02bcd4", "#7b68ee", "#2ecd6f", "#f9ae27", "#e50000"];
    seeds
        .into_iter()
        .enumerate()
        .map(|(place, seed)| {
            let (id, name, color) = match seed {
                OptionSeed::Name(name) => (None, name, None),
                OptionSeed::Whole { id, name, color } => (id, name, color),
            };
            FieldOption {
                id: id.unwrap_or_else(|| fixed_uuid(&format!("option/{field}/{name}"))),
                color: color.unwrap_or_else(|| COLOURS[place % COLOURS.len()].to_owned()),
                name,
            }
        })
        .collect()
}
