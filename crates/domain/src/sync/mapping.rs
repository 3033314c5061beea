//! Our codes on one side, the statuses, custom fields and options of a list on the other.

use std::collections::{BTreeMap, BTreeSet};

use super::labels::labels;
use super::value::{Field, Value};

/// A list as ClickUp describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListShape {
    /// Names of its statuses, exactly as they are to be sent.
    pub statuses: Vec<String>,
    /// Its custom fields that are drop-downs.
    pub fields: Vec<ListField>,
}

/// A drop-down of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListField {
    /// Id of the field.
    pub id: String,
    /// What people see.
    pub name: String,
    /// Its options: id and name.
    pub options: Vec<(String, String)>,
}

/// Pairs that the names alone do not give: our code, ClickUp's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingRules {
    /// For statuses. The first pair of a code is what is sent, all pairs of it are understood.
    pub statuses: Vec<(String, String)>,
}

/// Something of ours that a list does not offer. It is left out; everything else works.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The field.
    pub field: Field,
    /// The code without status or option; `None` when the whole field is missing.
    pub code: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct FieldMap {
    id: String,
    /// our code to option id
    options: BTreeMap<String, String>,
    /// folded option name to our code
    codes: BTreeMap<String, String>,
    /// option id to our code
    by_id: BTreeMap<String, String>,
}

/// The translation for one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// our code to the exact name
    status_names: BTreeMap<String, String>,
    /// folded name to our code
    status_codes: BTreeMap<String, String>,
    fields: BTreeMap<Field, FieldMap>,
    missing: BTreeSet<Missing>,
}

/// Letters and digits in lower case, and `+` as a word: what two names are compared by.
#[must_use]
pub fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for character in name.chars() {
        if character == '+' {
            folded.push_str("plus");
        } else if character.is_alphanumeric() {
            folded.extend(character.to_lowercase());
        }
    }
    folded
}

/// The names under which a list may offer a field, folded.
const fn field_names(field: Field) -> &'static [&'static str] {
    match field {
        Field::Budget => &["budget", "buildbudget"],
        Field::Timeline => &["timeline", "constructiontimeline"],
        Field::Land => &["land", "landstatus"],
        Field::Category => &["category", "buyercategory"],
        _ => &[],
    }
}

impl Mapping {
    /// Finds the counterparts of everything of ours in a list.
    #[must_use]
    pub fn of(shape: &ListShape, rules: &MappingRules) -> Self {
        let mut mapping = Mapping::default();
        mapping.find_statuses(shape, rules);
        for field in Field::CUSTOM {
            mapping.find_field(field, shape);
        }
        mapping
    }

    fn find_statuses(&mut self, shape: &ListShape, rules: &MappingRules) {
        for (code, _) in labels(Field::Status) {
            let ruled = rules
                .statuses
                .iter()
                .filter(|(ruled, _)| ruled == code)
                .map(|(_, name)| fold(name));
            for wanted in ruled.chain([fold(code)]) {
                if let Some(name) = shape.statuses.iter().find(|name| fold(name) == wanted) {
                    self.status_names
                        .entry(code.to_owned())
                        .or_insert_with(|| name.clone());
                    // a name that two codes claim stays with the first
                    self.status_codes
                        .entry(wanted)
                        .or_insert_with(|| code.to_owned());
                }
            }
            if !self.status_names.contains_key(code) {
                self.missing.insert(Missing {
                    field: Field::Status,
                    code: Some(code.to_owned()),
                });
            }
        }
    }

    fn find_field(&mut self, field: Field, shape: &ListShape) {
        let names = field_names(field);
        let Some(offered) = names.iter().find_map(|name| {
            shape
                .fields
                .iter()
                .find(|offered| fold(&offered.name) == *name)
        }) else {
            self.missing.insert(Missing { field, code: None });
            return;
        };
        let mut map = FieldMap {
            id: offered.id.clone(),
            ..FieldMap::default()
        };
        for (code, label) in labels(field) {
            let wanted = [fold(label), fold(code)];
            let Some((id, name)) = wanted.iter().find_map(|wanted| {
                offered
                    .options
                    .iter()
                    .find(|(_, name)| fold(name) == *wanted)
            }) else {
                self.missing.insert(Missing {
                    field,
                    code: Some(code.to_owned()),
                });
                continue;
            };
            map.options.insert(code.to_owned(), id.clone());
            map.codes.insert(fold(name), code.to_owned());
            map.by_id.insert(id.clone(), code.to_owned());
        }
        self.fields.insert(field, map);
    }

    /// What of ours the list does not offer.
    pub fn missing(&self) -> impl Iterator<Item = &Missing> {
        self.missing.iter()
    }

    /// Whether the list offers this custom field.
    #[must_use]
    pub fn offers(&self, field: Field) -> bool {
        self.fields.contains_key(&field)
    }

    /// The exact name of the status for one of our codes.
    #[must_use]
    pub fn status_name(&self, code: &str) -> Option<&str> {
        self.status_names.get(code).map(String::as_str)
    }

    /// Our value for a status of the list.
    #[must_use]
    pub fn status_value(&self, name: &str) -> Value {
        self.status_codes
            .get(&fold(name))
            .map_or_else(|| Value::foreign(name), |code| Value::code(code))
    }

    /// Field and option to write for one of our codes.
    #[must_use]
    pub fn option(&self, field: Field, code: &str) -> Option<(&str, &str)> {
        let map = self.fields.get(&field)?;
        Some((&map.id, map.options.get(code)?))
    }

    /// The id of a custom field.
    #[must_use]
    pub fn field_id(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(|map| map.id.as_str())
    }

    /// The field with this id, if it is synchronised.
    #[must_use]
    pub fn field_with_id(&self, id: &str) -> Option<Field> {
        self.fields
            .iter()
            .find(|(_, map)| map.id == id)
            .map(|(field, _)| *field)
    }

    /// Our value for an option, by its name.
    #[must_use]
    pub fn option_value(&self, field: Field, name: &str) -> Value {
        let code = self
            .fields
            .get(&field)
            .and_then(|map| map.codes.get(&fold(name)));
        code.map_or_else(|| Value::foreign(name), |code| Value::code(code))
    }

    /// Our value for an option, by its id; `None` when no option of ours has it.
    #[must_use]
    pub fn option_value_by_id(&self, field: Field, id: &str) -> Option<Value> {
        self.fields
            .get(&field)?
            .by_id
            .get(id)
            .map(|code| Value::code(code))
    }

    /// Whether a value can be written into the list.
    #[must_use]
    pub fn can_push(&self, field: Field, value: &Value) -> bool {
        match (field, value) {
            (Field::Status, Value::Code(code)) => self.status_names.contains_key(code),
            (Field::Priority, Value::Unset | Value::Code(_)) => true,
            (Field::Name, Value::Text(_)) | (Field::Description, Value::Text(_) | Value::Unset) => {
                true
            }
            (_, Value::Code(code)) => self.option(field, code).is_some(),
            (_, Value::Unset) => field.is_custom() && self.offers(field),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn field(id: &str, name: &str, options: &[&str]) -> ListField {
        let options = options
            .iter()
            .map(|name| (format!("{id}/{name}"), (*name).to_owned()))
            .collect();
        ListField {
            id: id.to_owned(),
            name: name.to_owned(),
            options,
        }
    }

    fn shape() -> ListShape {
        ListShape {
            statuses: [
                "new",
                "Reviewed",
                "qualified",
                "contacted",
                "disqualified",
                "closed",
            ]
            .map(String::from)
            .to_vec(),
            fields: vec![
                field(
                    "b",
                    "Budget",
                    &[
                        "$200k–250k",
                        "$250k–350k",
                        "$350k–400k",
                        "$400k–500k",
                        "$500k+",
                    ],
                ),
                field(
                    "t",
                    "Timeline",
                    &[
                        "Less than 3 months",
                        "3–6 months",
                        "6–12 months",
                        "More than 12 months",
                    ],
                ),
                field("l", "LAND ", &["Owns land", "Needs land"]),
                field("c", "Buyer category", &["Home buyer", "Developer"]),
            ],
        }
    }

    #[test]
    fn everything_of_ours_is_found_by_its_name() {
        let mapping = Mapping::of(&shape(), &MappingRules::default());
        assert_eq!(
            mapping.missing().count(),
            0,
            "{:?}",
            mapping.missing().collect::<Vec<_>>()
        );
        assert_eq!(mapping.status_name("reviewed"), Some("Reviewed"));
        assert_eq!(
            mapping.option(Field::Budget, "500k_plus"),
            Some(("b", "b/$500k+"))
        );
        assert_eq!(
            mapping.option(Field::Timeline, "3_to_6_months"),
            Some(("t", "t/3–6 months"))
        );
    }

    #[test]
    fn there_and_back_is_the_same() {
        let mapping = Mapping::of(&shape(), &MappingRules::default());
        for (code, _) in labels(Field::Status) {
            assert_eq!(
                mapping.status_value(mapping.status_name(code).unwrap()),
                Value::code(code)
            );
        }
        for field in Field::CUSTOM {
            for (code, _) in labels(field) {
                let (field_id, option) = mapping.option(field, code).unwrap();
                assert_eq!(mapping.field_with_id(field_id), Some(field));
                assert_eq!(
                    mapping.option_value_by_id(field, option),
                    Some(Value::code(code))
                );
                assert!(mapping.can_push(field, &Value::code(code)));
            }
        }
    }

    #[test]
    fn what_only_the_list_knows_is_foreign() {
        let mapping = Mapping::of(&shape(), &MappingRules::default());
        assert_eq!(mapping.status_value("Closed"), Value::foreign("closed"));
        assert_eq!(
            mapping.option_value(Field::Budget, "A million"),
            Value::foreign("a million")
        );
        assert!(!mapping.can_push(Field::Status, &Value::foreign("closed")));
    }

    #[test]
    fn what_the_list_lacks_is_named_and_left_out() {
        let mut shape = shape();
        shape.statuses.retain(|status| status != "contacted");
        shape.fields.remove(1);
        shape.fields[0].options.pop();
        let mapping = Mapping::of(&shape, &MappingRules::default());
        let missing: Vec<_> = mapping
            .missing()
            .map(|missing| (missing.field, missing.code.as_deref()))
            .collect();
        assert_eq!(
            missing,
            [
                (Field::Status, Some("contacted")),
                (Field::Budget, Some("500k_plus")),
                (Field::Timeline, None)
            ]
        );
        assert!(!mapping.can_push(Field::Status, &Value::code("contacted")));
        assert!(!mapping.offers(Field::Timeline));
    }

    #[test]
    fn configured_pairs_come_first() {
        let shape = ListShape {
            statuses: vec!["To Do".into(), "done".into(), "new".into()],
            ..ListShape::default()
        };
        let pairs = [
            ("new", "to do"),
            ("reviewed", "Done"),
            ("qualified", "done"),
        ];
        let rules = MappingRules {
            statuses: pairs
                .map(|(code, name)| (code.into(), name.into()))
                .to_vec(),
        };
        let mapping = Mapping::of(&shape, &rules);
        assert_eq!(mapping.status_name("new"), Some("To Do"));
        assert_eq!(
            mapping.status_value("new"),
            Value::code("new"),
            "the code itself is still understood"
        );
        assert_eq!(mapping.status_name("qualified"), Some("done"));
        assert_eq!(
            mapping.status_value("done"),
            Value::code("reviewed"),
            "the first code keeps the name"
        );
    }
}
