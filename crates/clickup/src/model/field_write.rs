//! What is written to a custom field: its form depends on the kind, and a wrong form is dropped without a word.

use serde::ser::{Error as _, SerializeStruct, Serializer};
use serde_json::{Value, json};

use super::field_kind::FieldKind;
use super::field_value::{FieldValue, Location};

/// What is written to a custom field. To empty one there is [`ClickUp::clear_field`](crate::ClickUp::clear_field).
#[derive(Clone, PartialEq)]
pub enum FieldWrite {
    /// Text, an e-mail address, a phone number with its country code, an address on the web. ClickUp checks the last three.
    Text(String),
    /// A number or an amount of money.
    Number(f64),
    /// Id of the option of a drop-down.
    Choice(String),
    /// Ids of labels; replaces the set.
    Labels(Vec<String>),
    /// A date.
    Date {
        /// Epoch milliseconds. Without time: local noon of the day, since the service keeps 04:00 of the day on which the
        /// instant falls in its user's time zone.
        at: i64,
        /// Whether the time of day counts.
        with_time: bool,
    },
    /// Yes or no.
    Checkbox(bool),
    /// Users to be added and removed. (A plain list is accepted by the service and stores nothing.)
    Users {
        /// Ids to add.
        add: Vec<i64>,
        /// Ids to remove.
        rem: Vec<i64>,
    },
    /// Tasks to be added and removed.
    Tasks {
        /// Ids to add.
        add: Vec<String>,
        /// Ids to remove.
        rem: Vec<String>,
    },
    /// Stars, from 0 to the number that the field has.
    Rating(u32),
    /// Where a manual progress field stands on its scale.
    Progress(f64),
    /// A place.
    Location(Location),
    /// Attachments to be added and removed; uploaded before with
    /// [`upload_to_field`](crate::ClickUp::upload_to_field).
    Files {
        /// Ids to add.
        add: Vec<String>,
        /// Ids to remove.
        rem: Vec<String>,
    },
    /// Presses a button: runs the automation behind it.
    Press,
}
hide_content!(FieldWrite);

impl FieldWrite {
    /// Whether a field of this kind takes it. One that does not may answer 400, or 200 and store nothing.
    #[must_use]
    pub const fn fits(&self, kind: FieldKind) -> bool {
        match self {
            FieldWrite::Text(_) => matches!(
                kind,
                FieldKind::ShortText
                    | FieldKind::Text
                    | FieldKind::Email
                    | FieldKind::Phone
                    | FieldKind::Url
            ),
            FieldWrite::Number(_) => matches!(kind, FieldKind::Number | FieldKind::Currency),
            FieldWrite::Choice(_) => matches!(kind, FieldKind::DropDown),
            FieldWrite::Labels(_) => matches!(kind, FieldKind::Labels),
            FieldWrite::Date { .. } => matches!(kind, FieldKind::Date),
            FieldWrite::Checkbox(_) => matches!(kind, FieldKind::Checkbox),
            FieldWrite::Users { .. } => matches!(kind, FieldKind::Users),
            FieldWrite::Tasks { .. } => matches!(kind, FieldKind::Tasks),
            FieldWrite::Rating(_) => matches!(kind, FieldKind::Rating),
            FieldWrite::Progress(_) => matches!(kind, FieldKind::ManualProgress),
            FieldWrite::Location(_) => matches!(kind, FieldKind::Location),
            FieldWrite::Files { .. } => matches!(kind, FieldKind::Files),
            FieldWrite::Press => matches!(kind, FieldKind::Button),
        }
    }

    /// The write that brings a field from what it holds to `wanted`; nothing when it holds that already. Sets are changed by
    /// their differences, so what others added meanwhile stays. Dates are written with their time.
    #[must_use]
    pub fn from_to(current: Option<&FieldValue>, wanted: &FieldValue) -> Option<Self> {
        if current == Some(wanted) {
            return None;
        }
        Some(match wanted {
            FieldValue::Text(text) => FieldWrite::Text(text.clone()),
            FieldValue::Number(number) => FieldWrite::Number(*number),
            FieldValue::Choice(id) => FieldWrite::Choice(id.clone()),
            FieldValue::Labels(ids) => FieldWrite::Labels(ids.clone()),
            FieldValue::Date(at) => FieldWrite::Date {
                at: *at,
                with_time: true,
            },
            FieldValue::Checkbox(on) => FieldWrite::Checkbox(*on),
            FieldValue::Rating(stars) => FieldWrite::Rating(*stars),
            FieldValue::Progress(at) => FieldWrite::Progress(*at),
            FieldValue::Location(place) => FieldWrite::Location(place.clone()),
            FieldValue::Users(ids) => {
                let old = match current {
                    Some(FieldValue::Users(old)) => old.as_slice(),
                    _ => &[],
                };
                let (add, rem) = difference(old, ids)?;
                FieldWrite::Users { add, rem }
            }
            FieldValue::Tasks(ids) => {
                let old = match current {
                    Some(FieldValue::Tasks(old)) => old.as_slice(),
                    _ => &[],
                };
                let (add, rem) = difference(old, ids)?;
                FieldWrite::Tasks { add, rem }
            }
            FieldValue::Files(ids) => {
                let old = match current {
                    Some(FieldValue::Files(old)) => old.as_slice(),
                    _ => &[],
                };
                let (add, rem) = difference(old, ids)?;
                FieldWrite::Files { add, rem }
            }
        })
    }

    /// `value` of the request; `None` for numbers that JSON does not have.
    fn value(&self) -> Option<Value> {
        Some(match self {
            FieldWrite::Text(text) | FieldWrite::Choice(text) => json!(text),
            FieldWrite::Number(number) => number_json(*number)?,
            FieldWrite::Labels(ids) => json!(ids),
            FieldWrite::Date { at, .. } => json!(at),
            FieldWrite::Checkbox(on) => json!(on),
            FieldWrite::Users { add, rem } => json!({ "add": add, "rem": rem }),
            FieldWrite::Tasks { add, rem } | FieldWrite::Files { add, rem } => {
                json!({ "add": add, "rem": rem })
            }
            FieldWrite::Rating(stars) => json!(stars),
            FieldWrite::Progress(at) => json!({ "current": number_json(*at)? }),
            FieldWrite::Location(place) => json!({
                "location": { "lat": number_json(place.lat)?, "lng": number_json(place.lng)? },
                "formatted_address": place.formatted_address,
            }),
            FieldWrite::Press => json!(true),
        })
    }

    fn options(&self) -> Option<Value> {
        match self {
            FieldWrite::Date { with_time, .. } => Some(json!({ "time": with_time })),
            _ => None,
        }
    }

    /// The body, with the id of the field where the call does not have it in its path.
    pub(crate) fn serialize_with_id<S: Serializer>(
        &self,
        id: Option<&str>,
        output: S,
    ) -> Result<S::Ok, S::Error> {
        let value = self
            .value()
            .ok_or_else(|| S::Error::custom("number has no form in json"))?;
        let options = self.options();
        let length = 1 + usize::from(id.is_some()) + usize::from(options.is_some());
        let mut body = output.serialize_struct("FieldWrite", length)?;
        if let Some(id) = id {
            body.serialize_field("id", id)?;
        }
        body.serialize_field("value", &value)?;
        if let Some(options) = options {
            body.serialize_field("value_options", &options)?;
        }
        body.end()
    }
}

impl serde::Serialize for FieldWrite {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.serialize_with_id(None, output)
    }
}

/// Whole numbers without a fraction, as people write them.
fn number_json(number: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within what both represent exactly"
        )]
        return Some(json!(number as i64));
    }
    serde_json::Number::from_f64(number).map(Value::Number)
}

fn difference<T: PartialEq + Clone>(old: &[T], new: &[T]) -> Option<(Vec<T>, Vec<T>)> {
    let without = |from: &[T], other: &[T]| -> Vec<T> {
        from.iter()
            .filter(|item| !other.contains(item))
            .cloned()
            .collect()
    };
    let (add, rem) = (without(new, old), without(old, new));
    (!add.is_empty() || !rem.is_empty()).then_some((add, rem))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bodies_as_the_reference_shows_them() {
        let place = Location {
            lat: -28.016_667,
            lng: 153.4,
            formatted_address: "Gold Coast QLD, Australia".into(),
        };
        let texts = |all: [&str; 2]| all.map(ToOwned::to_owned).to_vec();
        for (write, body) in [
            (FieldWrite::Text("x".into()), json!({"value": "x"})),
            (FieldWrite::Number(-28.0), json!({"value": -28})),
            (FieldWrite::Number(0.5), json!({"value": 0.5})),
            (FieldWrite::Choice("o-1".into()), json!({"value": "o-1"})),
            (
                FieldWrite::Labels(texts(["a", "b"])),
                json!({"value": ["a", "b"]}),
            ),
            (
                FieldWrite::Date {
                    at: 1_667_367_645_000,
                    with_time: true,
                },
                json!({"value": 1_667_367_645_000_i64, "value_options": {"time": true}}),
            ),
            (FieldWrite::Checkbox(false), json!({"value": false})),
            (
                FieldWrite::Users {
                    add: vec![123, 456],
                    rem: vec![],
                },
                json!({"value": {"add": [123, 456], "rem": []}}),
            ),
            (
                FieldWrite::Tasks {
                    add: vec![],
                    rem: texts(["a", "b"]),
                },
                json!({"value": {"add": [], "rem": ["a", "b"]}}),
            ),
            (FieldWrite::Rating(4), json!({"value": 4})),
            (
                FieldWrite::Progress(20.0),
                json!({"value": {"current": 20}}),
            ),
            (
                FieldWrite::Location(place),
                json!({"value": {"location": {"lat": -28.016_667, "lng": 153.4},
                                 "formatted_address": "Gold Coast QLD, Australia"}}),
            ),
            (FieldWrite::Press, json!({"value": true})),
        ] {
            assert_eq!(serde_json::to_value(&write).unwrap(), body);
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_not_sent_as_null() {
        for write in [
            FieldWrite::Number(f64::NAN),
            FieldWrite::Progress(f64::INFINITY),
        ] {
            assert!(serde_json::to_value(&write).is_err());
        }
    }

    #[test]
    fn a_set_is_changed_by_its_difference() {
        let current = FieldValue::Users(vec![1, 2]);
        let write = FieldWrite::from_to(Some(&current), &FieldValue::Users(vec![2, 3])).unwrap();
        assert!(
            write
                == FieldWrite::Users {
                    add: vec![3],
                    rem: vec![1]
                }
        );
        // the same set in another order
        assert!(FieldWrite::from_to(Some(&current), &FieldValue::Users(vec![2, 1])).is_none());
        assert!(FieldWrite::from_to(Some(&current), &current).is_none());
    }

    #[test]
    fn every_kind_that_takes_values_takes_exactly_one_form() {
        let all = [
            FieldWrite::Text(String::new()),
            FieldWrite::Number(0.0),
            FieldWrite::Choice(String::new()),
            FieldWrite::Labels(vec![]),
            FieldWrite::Date {
                at: 0,
                with_time: false,
            },
            FieldWrite::Checkbox(false),
            FieldWrite::Users {
                add: vec![],
                rem: vec![],
            },
            FieldWrite::Tasks {
                add: vec![],
                rem: vec![],
            },
            FieldWrite::Rating(0),
            FieldWrite::Progress(0.0),
            FieldWrite::Location(Location {
                lat: 0.0,
                lng: 0.0,
                formatted_address: String::new(),
            }),
            FieldWrite::Files {
                add: vec![],
                rem: vec![],
            },
            FieldWrite::Press,
        ];
        for name in [
            "short_text",
            "text",
            "number",
            "currency",
            "drop_down",
            "labels",
            "email",
            "phone",
            "url",
            "date",
            "checkbox",
            "users",
            "tasks",
            "emoji",
            "manual_progress",
            "automatic_progress",
            "location",
            "attachment",
            "button",
            "formula",
            "votes",
        ] {
            let kind = FieldKind::parse(name);
            let taking = all.iter().filter(|write| write.fits(kind)).count();
            assert_eq!(taking, usize::from(kind.is_writable()), "{name}");
        }
    }
}
