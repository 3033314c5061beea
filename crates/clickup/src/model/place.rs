//! Where tasks live: spaces, folders, lists.

use serde::Deserialize;

use super::lenient;
use super::status::Status;

/// A space (`GetSpaces`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Space {
    /// Digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// Statuses that its lists have unless they or their folder have their own: never enough to write a status by.
    #[serde(default, deserialize_with = "lenient::skipping")]
    pub statuses: Vec<Status>,
    /// Whether it is archived.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub archived: bool,
    /// Whether its tasks can have several assignees.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub multiple_assignees: bool,
    #[serde(default, deserialize_with = "lenient::or_none")]
    features: Option<Features>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Features {
    #[serde(default, deserialize_with = "lenient::or_none")]
    tags: Option<Feature>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    custom_fields: Option<Feature>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    due_dates: Option<Feature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Feature {
    #[serde(default, deserialize_with = "lenient::or_none")]
    enabled: Option<bool>,
}

/// What can be switched off in a space, as far as a sync needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpaceFeature {
    /// Tags.
    Tags,
    /// Custom fields.
    CustomFields,
    /// Start and due dates.
    DueDates,
}

impl Space {
    /// Whether a feature is on; `None` when the answer does not tell.
    #[must_use]
    pub fn has(&self, feature: SpaceFeature) -> Option<bool> {
        let features = self.features.as_ref()?;
        match feature {
            SpaceFeature::Tags => features.tags.as_ref(),
            SpaceFeature::CustomFields => features.custom_fields.as_ref(),
            SpaceFeature::DueDates => features.due_dates.as_ref(),
        }?
        .enabled
    }
}

/// A folder (`GetFolders`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Folder {
    /// Digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// The service's own folder for lists without one, called `hidden`.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub hidden: bool,
    /// Whether it is archived.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub archived: bool,
    /// Its lists.
    #[serde(default, deserialize_with = "lenient::skipping")]
    pub lists: Vec<ListInfo>,
}

/// A list, as far as tasks in it need to know (`GetList`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListInfo {
    /// Digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// The statuses that are in force here, in their order. (The list's own `status` is its colour.) Lists that were read with
    /// others may come without: read the list alone.
    #[serde(default, deserialize_with = "lenient::skipping")]
    pub statuses: Vec<Status>,
    /// Whether it is archived.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub archived: bool,
    /// A deleted list can still be read and says so.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub deleted: bool,
    /// Id of its space.
    #[serde(default, rename = "space", deserialize_with = "lenient::ref_id")]
    pub space_id: Option<String>,
}

/// A tag. ClickUp keeps its name in lower case and compares it so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tag {
    /// What it says.
    pub name: String,
}

impl Tag {
    /// Whether ClickUp takes `name` for this tag.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name.trim().to_lowercase() == name.trim().to_lowercase()
    }
}

/// A template of tasks (`GetTaskTemplates`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskTemplate {
    /// What a new task names it by.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_space_tells_what_is_on() {
        let space: Space = serde_json::from_str(
            r#"{"id":790,"name":"S","statuses":[{"status":"to do"},{"no":1}],"features":{"tags":{"enabled":false},
                "custom_fields":{"enabled":"who knows"},"due_dates":{"enabled":true,"start_date":false}}}"#,
        )
        .unwrap();
        assert_eq!(space.statuses.len(), 1);
        assert_eq!(
            [
                SpaceFeature::Tags,
                SpaceFeature::CustomFields,
                SpaceFeature::DueDates
            ]
            .map(|feature| space.has(feature)),
            [Some(false), None, Some(true)]
        );
    }
}
