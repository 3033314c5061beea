//! What the rules of a document say about one application: list, tags, priority.

use super::document::{Document, When};
use super::shape::fold;
use crate::sync::template::Record;
use crate::sync::value::{Field, Value};

/// Whether an application has, for every field named, one of the values named. Texts are compared by their letters.
#[must_use]
pub fn fits(when: &When, record: &Record) -> bool {
    when.iter().all(|(field, accepted)| {
        let value = record.value(*field);
        accepted.0.iter().any(|accepted| match &value {
            Value::Code(code) => code == accepted,
            other => other
                .as_words()
                .is_some_and(|words| fold(words) == fold(accepted)),
        })
    })
}

impl Document {
    /// The list in which the task of an application is made; `default` is the list of the settings.
    #[must_use]
    pub fn list_for<'a>(&'a self, record: &Record, default: &'a str) -> &'a str {
        self.rules
            .iter()
            .find(|rule| fits(&rule.when, record))
            .map(|rule| rule.list.as_str())
            .or(self.list.as_deref())
            .unwrap_or(default)
    }

    /// The tags that its task is made with, as ClickUp keeps them: in lower case, each once.
    #[must_use]
    pub fn tags_for(&self, record: &Record) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        for rule in self
            .task
            .tags
            .iter()
            .filter(|rule| fits(&rule.when, record))
        {
            let tag = rule.tag.trim().to_lowercase();
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    /// Our priority of its task.
    #[must_use]
    pub fn priority_for(&self, record: &Record) -> Value {
        if self.task.priority.is_empty() {
            return record.value(Field::Priority);
        }
        self.task
            .priority
            .iter()
            .find(|rule| fits(&rule.when, record))
            .and_then(|rule| rule.priority.as_deref())
            .map_or(Value::Unset, Value::code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn record(category: &str) -> Record {
        Record {
            buyer_category: category.to_owned(),
            construction_timeline: "less_than_3_months".to_owned(),
            referral_source: Some("Ritz-Craft".to_owned()),
            ..Record::default()
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let document = Document::parse(&json!({
            "format": 1,
            "list": "1",
            "rules": [
                {"when": {"category": "developer", "referral": ["ritz craft", "fair"]}, "list": "2"},
                {"when": {"category": "developer"}, "list": "3"},
            ],
            "task": {
                "tags": [{"tag": "Keylight"}, {"when": {"category": ["developer"]}, "tag": "b2b"}, {"tag": "keylight"}],
                "priority": [{"when": {"category": "developer"}, "priority": "urgent"}, {"priority": null}],
            },
        }))
        .unwrap();
        assert_eq!(document.list_for(&record("developer"), "0"), "2");
        assert_eq!(document.list_for(&record("homebuyer"), "0"), "1");
        let other = Record {
            referral_source: None,
            ..record("developer")
        };
        assert_eq!(document.list_for(&other, "0"), "3");
        assert_eq!(document.lists_used("0"), ["1", "2", "3"]);
        assert_eq!(document.tags_for(&other), ["keylight", "b2b"]);
        assert_eq!(document.tags_for(&record("homebuyer")), ["keylight"]);
        assert_eq!(document.priority_for(&other), Value::code("urgent"));
        assert_eq!(document.priority_for(&record("homebuyer")), Value::Unset);
    }

    #[test]
    fn without_rules_all_is_as_ever() {
        let document = Document::default();
        assert_eq!(document.list_for(&record("developer"), "0"), "0");
        assert!(document.tags_for(&record("developer")).is_empty());
        assert_eq!(
            document.priority_for(&record("developer")),
            Value::code("high")
        );
    }
}
