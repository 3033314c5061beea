//! What both sides last agreed on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::{Field, Value, View};

/// The two values of a field that were accepted as agreeing. Mostly equal; they differ where ClickUp gives back
/// something else than it was sent, and where staff's value stands beside ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Our value at that time.
    pub ours: Value,
    /// ClickUp's value at that time.
    pub theirs: Value,
}

impl Agreed {
    /// Both sides with the same value.
    #[must_use]
    pub fn both(value: &Value) -> Self {
        Self {
            ours: value.clone(),
            theirs: value.clone(),
        }
    }
}

/// The agreement about all fields; a field that is missing was never settled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Base(BTreeMap<Field, Agreed>);

impl Base {
    /// The agreement about a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&Agreed> {
        self.0.get(&field)
    }

    /// Settles a field.
    pub fn agree(&mut self, field: Field, ours: &Value, theirs: &Value) {
        self.0.insert(
            field,
            Agreed {
                ours: ours.clone(),
                theirs: theirs.clone(),
            },
        );
    }

    /// Whether nothing was ever settled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this field was ever settled.
    #[must_use]
    pub fn knows(&self, field: Field) -> bool {
        self.0.contains_key(&field)
    }

    /// ClickUp's side as it was last seen: what a snapshot would show if nothing happened there since.
    #[must_use]
    pub fn theirs(&self) -> View {
        let mut view = View::default();
        for (field, agreed) in &self.0 {
            view.set(*field, agreed.theirs.clone());
        }
        view
    }

    /// Takes over everything that `newer` settled.
    pub fn absorb(&mut self, newer: &Base) {
        self.0.extend(
            newer
                .0
                .iter()
                .map(|(field, agreed)| (*field, agreed.clone())),
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn its_stored_form_stays_readable() {
        let mut base = Base::default();
        base.agree(Field::Status, &Value::code("new"), &Value::code("new"));
        base.agree(Field::Priority, &Value::code("normal"), &Value::Unset);
        let golden = r#"{"status":{"ours":"=new","theirs":"=new"},"priority":{"ours":"=normal","theirs":null}}"#;
        assert_eq!(serde_json::to_string(&base).unwrap(), golden);
        assert_eq!(serde_json::from_str::<Base>(golden).unwrap(), base);
    }
}
