//! The types of ClickUp's custom fields that can be mapped to.

use serde::{Deserialize, Serialize};

/// The type of a custom field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One of several options.
    DropDown,
    /// Any of several options.
    Labels,
    /// One line of text.
    ShortText,
    /// Text of many lines.
    Text,
    /// A number.
    Number,
    /// An amount of money, in the currency of the field.
    Currency,
    /// A day, or a point in time.
    Date,
    /// Yes or no.
    Checkbox,
    /// A point on the map with an address.
    Location,
    /// A phone number with its country code.
    Phone,
    /// An e-mail address.
    Email,
}

impl Kind {
    /// Every type.
    pub const ALL: [Kind; 11] = [
        Kind::DropDown,
        Kind::Labels,
        Kind::ShortText,
        Kind::Text,
        Kind::Number,
        Kind::Currency,
        Kind::Date,
        Kind::Checkbox,
        Kind::Location,
        Kind::Phone,
        Kind::Email,
    ];

    /// ClickUp's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::DropDown => "drop_down",
            Kind::Labels => "labels",
            Kind::ShortText => "short_text",
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Currency => "currency",
            Kind::Date => "date",
            Kind::Checkbox => "checkbox",
            Kind::Location => "location",
            Kind::Phone => "phone",
            Kind::Email => "email",
        }
    }

    /// The type with ClickUp's name; `None` for types that cannot be mapped to.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its values are options of the field.
    #[must_use]
    pub const fn has_options(self) -> bool {
        matches!(self, Kind::DropDown | Kind::Labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_clickup_everywhere() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.as_str()), Some(kind));
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
        assert_eq!(Kind::named("users"), None);
    }
}
