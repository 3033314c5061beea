//! Custom fields: definitions, values, filters and the calls that set them.

pub(crate) mod calls;
pub(crate) mod filter;
pub(crate) mod value;
pub(crate) mod write;

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
    /// What the type's configuration says beyond the options: the range of a progress, the number
    /// of stars.
    #[serde(default)]
    pub(crate) config: Value,
    #[serde(default)]
    pub(crate) required: bool,
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
    Tasks,
    ListRelationship,
    AutomaticProgress,
    Attachment,
    Button,
    Formula,
    /// The type texts of this and the following two are not documented anywhere.
    Votes,
    Rollup,
    Ai,
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
            Self::Tasks => "tasks",
            Self::ListRelationship => "list_relationship",
            Self::AutomaticProgress => "automatic_progress",
            Self::Attachment => "attachment",
            Self::Button => "button",
            Self::Formula => "formula",
            Self::Votes => "votes",
            Self::Rollup => "rollup",
            Self::Ai => "ai",
        }
    }

    /// Fields that the service computes.
    pub(crate) fn is_read_only(self) -> bool {
        matches!(
            self,
            Self::AutomaticProgress | Self::Formula | Self::Votes | Self::Rollup | Self::Ai
        )
    }

    /// Values of the others are dropped without a word when a task is made.
    pub(crate) fn is_settable_on_create(self) -> bool {
        !self.is_read_only() && self != Self::Attachment
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
            "required": self.required,
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
            "required": self.required,
            "required_on_subtasks": false,
            "linked_subcategory": null,
        })
    }

    fn type_config(&self) -> Value {
        let mut config = self.usual_config();
        if let (Some(config), Some(own)) = (config.as_object_mut(), self.config.as_object()) {
            config.extend(own.clone());
        }
        config
    }

    /// Where a progress begins and ends.
    pub(crate) fn progress_range(&self) -> (f64, f64) {
        let bound = |key: &str| self.config.get(key).and_then(Value::as_f64);
        (bound("start").unwrap_or(0.0), bound("end").unwrap_or(100.0))
    }

    fn usual_config(&self) -> Value {
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
            FieldKind::AutomaticProgress => json!({
                "tracking": {"subtasks": false, "checklists": true, "assigned_comments": false},
                "complete_on": 3,
            }),
            FieldKind::Formula => json!({"version": "1.6", "is_dynamic": false}),
            FieldKind::Tasks | FieldKind::ListRelationship => json!({"fields": []}),
            _ => json!({}),
        }
    }

    /// Place of an option, by its id.
    pub(crate) fn option_place(&self, id: &str) -> Option<usize> {
        self.options.iter().position(|option| option.id == id)
    }
}
