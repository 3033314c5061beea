//! An application as it was sent: known fields only, nothing judged yet.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

use super::field::Field;

/// What was sent in one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RawValue {
    /// Not sent, or `null`.
    #[default]
    Absent,
    /// Text, untouched.
    Text(String),
    /// A JSON number, as its digits.
    Number(String),
    /// A JSON `true` or `false`.
    Flag(bool),
    /// An array or an object; no field takes one, so the content is not kept.
    Structured,
}

/// The known fields of one body. Unknown keys leave no trace, so nobody can set what is not theirs to set.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawFields {
    values: [RawValue; Field::ALL.len()],
}

/// Holds personal data, so only the names of the filled fields are shown.
impl fmt::Debug for RawFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(
                Field::ALL
                    .iter()
                    .filter(|field| *self.get(**field) != RawValue::Absent),
            )
            .finish()
    }
}

impl RawFields {
    /// No field filled in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields of a form; of two pairs with one name the last counts.
    pub fn from_pairs<K: AsRef<str>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut fields = Self::new();
        for (name, value) in pairs {
            if let Some(field) = Field::parse(name.as_ref()) {
                fields.set(field, RawValue::Text(value.into()));
            }
        }
        fields
    }

    /// The fields of a JSON object.
    #[must_use]
    pub fn from_map(map: serde_json::Map<String, serde_json::Value>) -> Self {
        let mut fields = Self::new();
        for (name, value) in map {
            if let Some(field) = Field::parse(&name) {
                fields.set(field, value.into());
            }
        }
        fields
    }

    /// Replaces what was sent in one field.
    pub fn set(&mut self, field: Field, value: RawValue) {
        self.values[field.index()] = value;
    }

    /// [`RawFields::set`] that hands the fields on.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<RawValue>) -> Self {
        self.set(field, value.into());
        self
    }

    /// What was sent in one field.
    #[must_use]
    pub fn get(&self, field: Field) -> &RawValue {
        &self.values[field.index()]
    }

    /// The text of one field, for a form that shows it again; empty when none was sent.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        match self.get(field) {
            RawValue::Text(text) | RawValue::Number(text) => text,
            RawValue::Flag(true) => "true",
            RawValue::Absent | RawValue::Flag(false) | RawValue::Structured => "",
        }
    }

    pub(super) fn take(&mut self, field: Field) -> RawValue {
        std::mem::take(&mut self.values[field.index()])
    }
}

impl From<&str> for RawValue {
    fn from(text: &str) -> Self {
        RawValue::Text(text.to_owned())
    }
}

impl From<String> for RawValue {
    fn from(text: String) -> Self {
        RawValue::Text(text)
    }
}

impl From<bool> for RawValue {
    fn from(flag: bool) -> Self {
        RawValue::Flag(flag)
    }
}

impl<T: Into<RawValue>> From<Option<T>> for RawValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(RawValue::Absent, Into::into)
    }
}

impl From<serde_json::Value> for RawValue {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => RawValue::Absent,
            Value::Bool(flag) => RawValue::Flag(flag),
            Value::Number(number) => number
                .as_i64()
                .map(|n| n.to_string())
                .or_else(|| number.as_u64().map(|n| n.to_string()))
                .or_else(|| number.as_f64().map(|n| n.to_string()))
                .map_or(RawValue::Structured, RawValue::Number),
            Value::String(text) => RawValue::Text(text),
            Value::Array(_) | Value::Object(_) => RawValue::Structured,
        }
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;

        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = RawValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<RawValue, E> {
                Ok(RawValue::Absent)
            }

            fn visit_bool<E>(self, flag: bool) -> Result<RawValue, E> {
                Ok(RawValue::Flag(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number.to_string()))
            }

            fn visit_str<E>(self, text: &str) -> Result<RawValue, E> {
                Ok(RawValue::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<RawValue, E> {
                Ok(RawValue::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(RawValue::Structured)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawValue, A::Error> {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(RawValue::Structured)
            }
        }

        deserializer.deserialize_any(ValueVisitor)
    }
}

/// Reads a JSON object. An array counts as an object without fields, as it did in the predecessor; anything else is an
/// error.
impl<'de> Deserialize<'de> for RawFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = RawFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawFields, A::Error> {
                let mut fields = RawFields::new();
                while let Some(name) = entries.next_key::<KnownName>()? {
                    match name.0 {
                        Some(field) => fields.set(field, entries.next_value()?),
                        None => {
                            entries.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(fields)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawFields, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(RawFields::new())
            }
        }

        deserializer.deserialize_any(FieldsVisitor)
    }
}

/// A key of the body, looked up without keeping its text.
struct KnownName(Option<Field>);

impl<'de> Deserialize<'de> for KnownName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = KnownName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, name: &str) -> Result<KnownName, E> {
                Ok(KnownName(Field::parse(name)))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_readers_of_json_agree() {
        let body = json!({"full_name": "Ada", "phone_number": 5_551_234_567_u64, "lot_address": ["x"], "build_budget": {"a": 1},
            "company_name": null, "needs_help_finding_land": true, "referral_source": 1.5, "utm_source": {"deep": [1]},
            "__proto__": 1, "status": "qualified"});
        let streamed: RawFields = serde_json::from_str(&body.to_string()).unwrap();
        assert_eq!(
            streamed,
            RawFields::from_map(body.as_object().unwrap().clone())
        );
        assert_eq!(
            *streamed.get(Field::PhoneNumber),
            RawValue::Number("5551234567".to_owned())
        );
        assert_eq!(*streamed.get(Field::LotAddress), RawValue::Structured);
        assert_eq!(*streamed.get(Field::CompanyName), RawValue::Absent);
    }

    #[test]
    fn of_two_keys_the_last_counts() {
        let fields: RawFields =
            serde_json::from_str(r#"{"full_name":"a","full_name":"b"}"#).unwrap();
        assert_eq!(fields.text(Field::FullName), "b");
        assert_eq!(
            RawFields::from_pairs([("full_name", "a"), ("full_name", "b")]),
            fields
        );
    }

    #[test]
    fn debug_shows_no_content() {
        let shown = format!("{:?}", RawFields::new().with(Field::FullName, "Ada Probe"));
        assert_eq!(shown, "{FullName}");
    }
}
