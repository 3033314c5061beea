//! Custom fields: definitions, values, filters and the calls that set them.

pub(crate) mod calls;
pub(crate) mod filter;
pub(crate) mod value;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Definition of a custom field.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    /// Options of a drop-down or labels field, in their order.
    pub(crate) options: Vec<FieldOption>,
    pub(crate) date_created: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FieldOption {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) color: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldKind {
    ShortText,
    Text,
    Number,
    Currency,
    DropDown,
    Labels,
    Email,
    Url,
    Phone,
    Date,
    Checkbox,
    Users,
    Emoji,
    ManualProgress,
    Location,
}

impl FieldKind {
    /// The `type` text of the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ShortText => "short_text",
            Self::Text => "text",
            Self::Number => "number",
            Self::Currency => "currency",
            Self::DropDown => "drop_down",
            Self::Labels => "labels",
            Self::Email => "email",
            Self::Url => "url",
            Self::Phone => "phone",
            Self::Date => "date",
            Self::Checkbox => "checkbox",
            Self::Users => "users",
            Self::Emoji => "emoji",
            Self::ManualProgress => "manual_progress",
            Self::Location => "location",
        }
    }
}

impl Field {
    /// The definition as the API shows it, without a value.
    pub(crate) fn definition(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "type": self.kind.as_str(),
            "type_config": self.type_config(),
            "date_created": self.date_created.to_string(),
            "hide_from_guests": false,
            "required": false,
        })
    }

    /// The definition as it stands in a webhook.
    pub(crate) fn event_definition(&self, team: &str) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "type": self.kind.as_str(),
            "type_config": self.type_config(),
            "values_set": null,
            "userid": "2",
            "date_created": self.date_created.to_string(),
            "hide_from_guests": false,
            "team_id": team,
            "deleted": false,
            "deleted_by": null,
            "pinned": true,
            "required": false,
            "required_on_subtasks": false,
            "linked_subcategory": null,
        })
    }

    fn type_config(&self) -> Value {
        match self.kind {
            FieldKind::DropDown => json!({
                "sorting": "manual",
                "new_drop_down": true,
                "options": self.options.iter().enumerate().map(|(place, option)| json!({
                    "id": option.id,
                    "name": option.name,
                    "color": option.color,
                    "orderindex": place,
                })).collect::<Vec<_>>(),
            }),
            FieldKind::Labels => json!({
                "options": self.options.iter().map(|option| json!({
                    "id": option.id,
                    "label": option.name,
                    "color": option.color,
                })).collect::<Vec<_>>(),
            }),
            FieldKind::Currency => {
                json!({"precision": 2, "currency_type": "USD", "default": null})
            }
            FieldKind::Users => json!({
                "single_user": false,
                "include_groups": false,
                "include_guests": false,
                "include_team_members": true,
            }),
            FieldKind::Emoji => json!({"code_point": "2b50", "count": 5}),
            FieldKind::ManualProgress => json!({"start": 0, "end": 100, "method": "manual"}),
            _ => json!({}),
        }
    }

    /// Place of an option, by its id.
    pub(crate) fn option_place(&self, id: &str) -> Option<usize> {
        self.options.iter().position(|option| option.id == id)
    }
}
