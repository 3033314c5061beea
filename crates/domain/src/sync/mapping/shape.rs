//! A list as ClickUp describes it, as far as a mapping needs to know.

use super::kind::Kind;

/// A list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListShape {
    /// As people call it.
    pub name: String,
    /// Names of its statuses, exactly as they are to be sent.
    pub statuses: Vec<String>,
    /// Its custom fields.
    pub fields: Vec<FieldShape>,
}

/// A custom field of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldShape {
    /// UUID.
    pub id: String,
    /// What people see.
    pub name: String,
    /// What it holds; `None` for types that cannot be mapped to.
    pub kind: Option<Kind>,
    /// The options of a drop-down or labels field.
    pub options: Vec<OptionShape>,
}

/// An option of a drop-down or labels field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionShape {
    /// UUID: what is written.
    pub id: String,
    /// What people see.
    pub name: String,
    /// What a task carries when a drop-down is read; only good together with the options of the same answer.
    pub place: Option<i64>,
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
