//! Custom fields: definitions, and values as tasks carry them.

use serde::Deserialize;
use serde_json::Value;

use super::field_kind::FieldKind;
use super::lenient;

/// An option of a drop-down or labels field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "ChoiceWire")]
pub struct Choice {
    /// What is written to choose it.
    pub id: String,
    /// What people see; labels call it `label`.
    pub name: String,
    /// What a task carries when it is chosen. Not stable: only good together with the options of the same answer.
    pub orderindex: Option<i64>,
}

#[derive(Deserialize)]
struct ChoiceWire {
    #[serde(deserialize_with = "lenient::id")]
    id: String,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    label: Option<String>,
    #[serde(default, deserialize_with = "lenient::whole")]
    orderindex: Option<i64>,
}

impl From<ChoiceWire> for Choice {
    fn from(wire: ChoiceWire) -> Self {
        Self {
            id: wire.id,
            name: wire.name.or(wire.label).unwrap_or_default(),
            orderindex: wire.orderindex,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct TypeConfig {
    #[serde(default, deserialize_with = "lenient::skipping")]
    options: Vec<Choice>,
    #[serde(default, deserialize_with = "lenient::whole")]
    precision: Option<i64>,
    #[serde(default, deserialize_with = "lenient::opt_text")]
    currency_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::whole")]
    count: Option<i64>,
    #[serde(default, deserialize_with = "lenient::number")]
    start: Option<f64>,
    #[serde(default, deserialize_with = "lenient::number")]
    end: Option<f64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    single_user: bool,
}

/// A kind of object that a field applies to; 19 are tasks of a custom type.
const TASK_TYPE: i64 = 19;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct AppliedTo {
    #[serde(default, deserialize_with = "lenient::whole")]
    object_type: Option<i64>,
    #[serde(default, deserialize_with = "lenient::whole")]
    object_id: Option<i64>,
}

/// A custom field that a list offers (`GetAccessibleCustomFields`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FieldDefinition {
    /// UUID.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// What people see.
    #[serde(default)]
    pub name: String,
    /// Whether people must fill it in. The API does not enforce it unless asked to.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub required: bool,
    #[serde(default, rename = "type")]
    type_name: String,
    #[serde(default, deserialize_with = "lenient::or_none")]
    type_config: Option<TypeConfig>,
    #[serde(default, deserialize_with = "lenient::all")]
    applied_objects: Option<Vec<AppliedTo>>,
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

    /// ClickUp's own name of the kind, also for kinds that are not told apart here.
    #[must_use]
    pub fn kind_name(&self) -> &str {
        &self.type_name
    }

    /// The money of a currency field, for example `USD`.
    #[must_use]
    pub fn currency(&self) -> Option<&str> {
        self.type_config.as_ref()?.currency_type.as_deref()
    }

    /// Digits behind the point of a number or currency field.
    #[must_use]
    pub fn precision(&self) -> Option<u8> {
        u8::try_from(self.type_config.as_ref()?.precision?).ok()
    }

    /// The most stars that a rating can have.
    #[must_use]
    pub fn most_stars(&self) -> Option<u32> {
        u32::try_from(self.type_config.as_ref()?.count?).ok()
    }

    /// The ends of the scale of a manual progress field.
    #[must_use]
    pub fn scale(&self) -> Option<(f64, f64)> {
        let config = self.type_config.as_ref()?;
        config.start.zip(config.end)
    }

    /// Whether a users field takes one user only.
    #[must_use]
    pub fn is_single_user(&self) -> bool {
        self.type_config
            .as_ref()
            .is_some_and(|config| config.single_user)
    }

    /// Whether tasks of this type have the field; a value for a field that does not apply is dropped at creation without a
    /// word. `None` when the answer does not tell.
    #[must_use]
    pub fn applies_to(&self, custom_item_id: i64) -> Option<bool> {
        let mut types = self
            .applied_objects
            .as_ref()?
            .iter()
            .filter(|applied| applied.object_type == Some(TASK_TYPE))
            .peekable();
        // a field that names no type is for all of them
        Some(types.peek().is_none() || types.any(|found| found.object_id == Some(custom_item_id)))
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
    fn what_the_definition_says() {
        let field: FieldDefinition = serde_json::from_str(
            r#"{"id":"f","type":"currency","required":true,
                "type_config":{"precision":"2","currency_type":"USD","count":5,"start":"0","end":100.0,"single_user":true},
                "applied_objects":[{"object_type":19,"object_id":1},{"object_type":3,"object_id":9}]}"#,
        )
        .unwrap();
        assert_eq!(
            (field.currency(), field.precision()),
            (Some("USD"), Some(2))
        );
        assert_eq!(
            (field.most_stars(), field.scale()),
            (Some(5), Some((0.0, 100.0)))
        );
        assert!(field.is_single_user() && field.required);
        assert_eq!(
            (field.applies_to(1), field.applies_to(0)),
            (Some(true), Some(false))
        );
        let bare: FieldDefinition = serde_json::from_str(r#"{"id":"f","type":"votes"}"#).unwrap();
        assert_eq!(
            (bare.applies_to(0), bare.precision(), bare.kind_name()),
            (None, None, "votes")
        );
    }

    #[test]
    fn an_option_with_both_names_is_read() {
        let option: Choice =
            serde_json::from_str(r#"{"id":"o","name":"n","label":"l","orderindex":1}"#).unwrap();
        assert_eq!(option.name, "n");
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
