//! The mapping as data: what staff write, store and roll back. `docs/clickup.md` shows one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::kind::Kind;
use crate::sync::value::Field;

/// The form of documents that this version reads and writes.
pub const FORMAT: u32 = 1;

/// Something in a document that must be mended before it can take effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where in the document: `fields.budget.values.500k_plus`.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem.
    pub fn new(
        path: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// One name, or several of which the first is sent and all are understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMany", into = "OneOrMany")]
pub struct Names(pub Vec<String>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Names {
    fn from(given: OneOrMany) -> Self {
        match given {
            OneOrMany::One(name) => Names(vec![name]),
            OneOrMany::Many(names) => Names(names),
        }
    }
}

impl From<Names> for OneOrMany {
    fn from(mut names: Names) -> Self {
        match (names.0.pop(), names.0.is_empty()) {
            (Some(name), true) => OneOrMany::One(name),
            (Some(name), false) => {
                names.0.push(name);
                OneOrMany::Many(names.0)
            }
            (None, _) => OneOrMany::Many(Vec::new()),
        }
    }
}

/// A point on the map, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// North.
    pub lat: f64,
    /// East.
    pub lng: f64,
}

/// Where a field of ours goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMap {
    /// Id or name of the custom field, or several of which the first that the list has is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Names>,
    /// The type that it must have; any that fits when it is not said.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Our code (or text) to theirs: option (several: the first is sent, all are understood), labels, number, flag, text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Json>,
    /// The option for everything that has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// For places: ClickUp wants a point with every address, and Keylight asks no geocoder. This one is sent with all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// For phones: the country of numbers without a code; 1 when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// For dates: whether the time of day counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub time: bool,
    /// For dates without time: the zone whose days are meant, in minutes east of UTC.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub utc_offset_minutes: i32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
const fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// Field of ours to accepted codes; true when every field has one of its codes.
pub type When = BTreeMap<Field, Names>;

/// Sends some applications to another list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRule {
    /// Which.
    pub when: When,
    /// Id of the list.
    pub list: String,
}

/// A tag for some tasks, given when they are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagRule {
    /// Which; all when nothing is said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: When,
    /// The tag.
    pub tag: String,
}

/// A priority for some tasks. The first rule that fits counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorityRule {
    /// Which; all when nothing is said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: When,
    /// `urgent`, `high`, `normal`, `low` or, for none, null.
    pub priority: Option<String>,
}

/// How a task looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskTemplate {
    /// Its name, with `{fields}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its text in markdown, with `{fields}`; a line whose fields are all empty is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagRule>,
    /// Its priority; without any rule, who builds within three months is called first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priority: Vec<PriorityRule>,
}

/// Where fields go; null turns one off.
pub type Fields = BTreeMap<Field, Option<FieldMap>>;
/// Our status to the names in a list.
pub type Statuses = BTreeMap<String, Names>;

/// What differs in one list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListPart {
    /// As in the document, and before it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: Statuses,
    /// As in the document, and before it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Fields,
}

/// A mapping. The empty one means: everything by its name, in the list of the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`FORMAT`].
    pub format: u32,
    /// Id of the list for what no rule sends elsewhere; the list of the settings when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The first rule that fits decides the list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ListRule>,
    /// What is not said goes by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: Statuses,
    /// Budget, timeline, land and category go by their names when nothing is said; others nowhere.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Fields,
    /// What differs in one list, by its id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lists: BTreeMap<String, ListPart>,
    /// How a task looks.
    #[serde(default)]
    pub task: TaskTemplate,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            format: FORMAT,
            list: None,
            rules: Vec::new(),
            statuses: Statuses::new(),
            fields: Fields::new(),
            lists: BTreeMap::new(),
            task: TaskTemplate::default(),
        }
    }
}

impl Document {
    /// The document as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        // plain structs with text keys; the only float, a point, is checked to be finite
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The map of a field in a list, if it goes anywhere.
    #[must_use]
    pub fn field(&self, list: &str, field: Field) -> Option<FieldMap> {
        let said = self
            .lists
            .get(list)
            .and_then(|part| part.fields.get(&field))
            .or_else(|| self.fields.get(&field));
        match said {
            Some(map) => map.clone(),
            None if Field::BY_NAME.contains(&field) => Some(FieldMap {
                kind: Some(Kind::DropDown),
                ..FieldMap::default()
            }),
            None => None,
        }
    }

    /// Whether the field goes anywhere in any list.
    #[must_use]
    pub fn goes_somewhere(&self, field: Field) -> bool {
        let parts = self.lists.values().map(|part| &part.fields);
        let mut said = parts
            .chain([&self.fields])
            .filter_map(|fields| fields.get(&field));
        match self.fields.get(&field) {
            None if Field::BY_NAME.contains(&field) => true,
            _ => said.any(Option::is_some),
        }
    }

    /// Whether the document itself names the field, so that its absence in a list is a mistake.
    #[must_use]
    pub fn names_field(&self, list: &str, field: Field) -> bool {
        let part = self.lists.get(list);
        part.is_some_and(|part| part.fields.contains_key(&field))
            || self.fields.contains_key(&field)
    }

    /// The names of a status in a list, if any are said.
    #[must_use]
    pub fn status(&self, list: &str, code: &str) -> Option<&Names> {
        self.lists
            .get(list)
            .and_then(|part| part.statuses.get(code))
            .or_else(|| self.statuses.get(code))
    }

    /// Every list that tasks may be made in; `default` is the list of the settings. The one for all others comes first.
    #[must_use]
    pub fn lists_used<'a>(&'a self, default: &'a str) -> Vec<&'a str> {
        let mut lists = vec![self.list.as_deref().unwrap_or(default)];
        for list in self.rules.iter().map(|rule| rule.list.as_str()) {
            if !lists.contains(&list) {
                lists.push(list);
            }
        }
        lists
    }
}
