//! Custom fields: definitions, and values as tasks carry them.

use serde::Deserialize;
use serde_json::Value;

use super::lenient;

/// The kinds of custom fields that are told apart here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// One line of text.
    ShortText,
    /// Text of many lines.
    Text,
    /// A number, read as text.
    Number,
    /// An amount of money.
    Currency,
    /// One of several options.
    DropDown,
    /// Any of several options.
    Labels,
    /// An e-mail address.
    Email,
    /// A phone number with country code.
    Phone,
    /// An address on the web.
    Url,
    /// A date in epoch milliseconds.
    Date,
    /// Yes or no.
    Checkbox,
    /// Anything else.
    Other,
}

impl FieldKind {
    fn parse(name: &str) -> Self {
        match name {
            "short_text" => FieldKind::ShortText,
            "text" => FieldKind::Text,
            "number" => FieldKind::Number,
            "currency" => FieldKind::Currency,
            "drop_down" => FieldKind::DropDown,
            "labels" => FieldKind::Labels,
            "email" => FieldKind::Email,
            "phone" => FieldKind::Phone,
            "url" => FieldKind::Url,
            "date" => FieldKind::Date,
            "checkbox" => FieldKind::Checkbox,
            _ => FieldKind::Other,
        }
    }
}

/// An option of a drop-down or labels field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Choice {
    /// What is written to choose it.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// What people see; labels call it so.
    #[serde(default, alias = "label")]
    pub name: String,
    /// What a task carries when it is chosen. Not stable: only good together with the options of the same answer.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub orderindex: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct TypeConfig {
    #[serde(default, deserialize_with = "lenient::skipping")]
    options: Vec<Choice>,
}

/// A custom field that a list offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldDefinition {
    /// UUID.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// What people see.
    #[serde(default)]
    pub name: String,
    #[serde(default, rename = "type")]
    type_name: String,
    #[serde(default, deserialize_with = "lenient::or_none")]
    type_config: Option<TypeConfig>,
}

impl FieldDefinition {
    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> FieldKind {
        FieldKind::parse(&self.type_name)
    }

    /// The options of a drop-down or labels field, empty for others.
    #[must_use]
    pub fn options(&self) -> &[Choice] {
        self.type_config
            .as_ref()
            .map_or(&[], |config| &config.options)
    }
}

/// A custom field as a task carries it.
#[derive(Clone, PartialEq, Deserialize)]
pub struct TaskField {
    /// The field, with the options that its value must be read by.
    #[serde(flatten)]
    pub definition: FieldDefinition,
    /// The value as it came; unset fields have none.
    #[serde(default)]
    pub value: Option<Value>,
}

impl std::fmt::Debug for TaskField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskField")
            .field("id", &self.definition.id)
            .field("set", &self.value.is_some())
            .finish_non_exhaustive()
    }
}

/// What a drop-down says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen<'a> {
    /// Nothing is chosen.
    Nothing,
    /// This option.
    Option(&'a Choice),
    /// Something that is not among the options of the answer.
    Unknown,
}

impl TaskField {
    /// The chosen option of a drop-down: tasks carry its place (number or text), webhooks its id.
    #[must_use]
    pub fn chosen(&self) -> Chosen<'_> {
        let value = match &self.value {
            None | Some(Value::Null) => return Chosen::Nothing,
            Some(Value::String(text)) if text.is_empty() => return Chosen::Nothing,
            Some(value) => value,
        };
        let options = self.definition.options();
        let by_id = value
            .as_str()
            .and_then(|id| options.iter().find(|option| option.id == id));
        let by_place = || {
            let place = lenient::whole_of(value)?;
            options
                .iter()
                .find(|option| option.orderindex == Some(place))
        };
        by_id
            .or_else(by_place)
            .map_or(Chosen::Unknown, Chosen::Option)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn dropdown(value: &str) -> TaskField {
        serde_json::from_str(&format!(
            r##"{{"id":"f-1","name":"Budget","type":"drop_down","required":false,
                "type_config":{{"sorting":"manual","options":[
                    {{"id":"a","name":"low","color":"#fff","orderindex":0}},
                    {{"id":"b","name":"high","color":null,"orderindex":"2"}},
                    {{"broken":true}}]}}{value}}}"##
        ))
        .unwrap()
    }

    #[test]
    fn a_choice_is_read_by_place_or_id() {
        for (value, name) in [
            (r#","value":0"#, "low"),
            (r#","value":"2""#, "high"),
            (r#","value":"b""#, "high"),
        ] {
            let field = dropdown(value);
            assert!(
                matches!(field.chosen(), Chosen::Option(option) if option.name == name),
                "{value}"
            );
        }
        for value in ["", r#","value":null"#, r#","value":"""#] {
            assert_eq!(dropdown(value).chosen(), Chosen::Nothing);
        }
        for value in [r#","value":1"#, r#","value":"zzz""#, r#","value":{"x":1}"#] {
            assert_eq!(dropdown(value).chosen(), Chosen::Unknown);
        }
    }

    #[test]
    fn a_strange_definition_has_no_options() {
        let field: FieldDefinition =
            serde_json::from_str(r#"{"id":7,"type":"hologram","type_config":"none"}"#).unwrap();
        assert_eq!(
            (field.kind(), field.options().len(), field.id.as_str()),
            (FieldKind::Other, 0, "7")
        );
    }
}
