//! Values of custom fields between their meaning and ClickUp's JSON.
//!
//! ClickUp reads differently from how it writes: a drop-down is written by the id of an option and read as the option's
//! place, a number comes back as text, a checkbox as `"true"`. Answers of different age and origin (tasks, webhooks,
//! documents) differ further, so reading takes every form that was ever seen, and says so when it meets another.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::kind::Kind;
use super::shape::OptionShape;

/// The value of a custom field.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// The option of a drop-down, by its id.
    Choice(String),
    /// The options of a labels field, by their ids.
    Choices(BTreeSet<String>),
    /// Text, an e-mail address, a phone number.
    Text(String),
    /// A number or an amount.
    Number(f64),
    /// A point in time, epoch milliseconds.
    Moment(i64),
    /// A checkbox.
    Flag(bool),
    /// A place.
    Place {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lng: f64,
        /// What people read.
        address: String,
    },
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// The field is empty.
    Nothing,
    /// This value.
    Is(Datum),
    /// Something that is no value of this type.
    Strange,
}

impl Datum {
    /// As `POST …/field` and a new task take it.
    #[must_use]
    pub fn write(&self) -> Json {
        match self {
            Datum::Choice(id) => json!(id),
            Datum::Choices(ids) => json!(ids),
            Datum::Text(text) => json!(text),
            Datum::Number(number) => {
                whole(*number).map_or_else(|| json!(number), |whole| json!(whole))
            }
            Datum::Moment(millis) => json!(millis),
            Datum::Flag(flag) => json!(flag),
            Datum::Place { lat, lng, address } => {
                json!({"location": {"lat": lat, "lng": lng}, "formatted_address": address})
            }
        }
    }

    /// Whether ClickUp shows an empty field for it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Datum::Flag(flag) => !flag,
            Datum::Choices(ids) => ids.is_empty(),
            Datum::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// Whether two values mean the same. Amounts may be rounded to what the field shows.
    #[must_use]
    pub fn means(&self, other: &Datum) -> bool {
        match (self, other) {
            (Datum::Number(one), Datum::Number(other)) => {
                (one - other).abs() <= 1e-9 * one.abs().max(1.0)
            }
            _ => self == other,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers that a float holds exactly"
)]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

/// Reads the value of a field as a task or a webhook carries it; `options` are those of the same answer.
#[must_use]
pub fn read(kind: Kind, options: &[OptionShape], value: Option<&Json>) -> Reading {
    let value = match value {
        None | Some(Json::Null) => return Reading::Nothing,
        Some(Json::String(text)) if text.trim().is_empty() => return Reading::Nothing,
        Some(Json::Array(values)) if values.is_empty() => return Reading::Nothing,
        Some(Json::Object(object)) if object.is_empty() => return Reading::Nothing,
        Some(value) => value,
    };
    let datum = match kind {
        Kind::DropDown => choice(options, value),
        Kind::Labels => choices(options, value),
        Kind::ShortText | Kind::Text | Kind::Email | Kind::Phone => text(value),
        Kind::Number | Kind::Currency => number(value).map(Datum::Number),
        Kind::Date => millis(value).map(Datum::Moment),
        Kind::Checkbox => flag(value).map(Datum::Flag),
        Kind::Location => place(value),
    };
    datum.map_or(Reading::Strange, Reading::Is)
}

/// Tasks carry the place of the option, as number or text, webhooks its id, some answers the option itself.
fn choice(options: &[OptionShape], value: &Json) -> Option<Datum> {
    if let Json::Object(object) = value {
        return choice(options, object.get("id")?);
    }
    let by_id = value
        .as_str()
        .and_then(|id| options.iter().find(|option| option.id == id));
    let by_place = || {
        let place = millis(value)?;
        options.iter().find(|option| option.place == Some(place))
    };
    let found = by_id.or_else(by_place)?;
    Some(Datum::Choice(found.id.clone()))
}

/// Ids, or the options themselves. An id that the answer does not explain stays as it is: it is somebody else's label.
fn choices(options: &[OptionShape], value: &Json) -> Option<Datum> {
    let values = match value {
        Json::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    let id_of = |value: &Json| {
        let value = value.get("id").unwrap_or(value);
        if let Some(id) = value.as_str() {
            return Some(id.to_owned());
        }
        let place = value.as_i64()?;
        let found = options.iter().find(|option| option.place == Some(place))?;
        Some(found.id.clone())
    };
    let ids: Option<BTreeSet<String>> = values.iter().map(id_of).collect();
    Some(Datum::Choices(ids?))
}

fn text(value: &Json) -> Option<Datum> {
    let text = match value {
        Json::String(text) => text.trim().replace("\r\n", "\n"),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(Datum::Text(text))
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast from float saturates, and only whole floats get here"
)]
fn millis(value: &Json) -> Option<i64> {
    match value {
        Json::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            Some(float as i64)
        }),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn flag(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(flag) => Some(*flag),
        Json::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Json::Number(number) => match number.as_i64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn place(value: &Json) -> Option<Datum> {
    let degrees = |pointer| number(value.pointer(pointer)?);
    Some(Datum::Place {
        lat: degrees("/location/lat")?,
        lng: degrees("/location/lng")?,
        address: value
            .get("formatted_address")
            .and_then(Json::as_str)
            .unwrap_or("")
            .trim()
            .to_owned(),
    })
}
