//! What both sides last agreed on.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::value::{Field, Value, View};

/// For this long after a write that did not tell when ClickUp made it, what shows the value from before is taken for an old
/// answer. ClickUp's own lag is not documented; this is what a change back, made by a person meanwhile, may be late.
const LAG: TimeDelta = TimeDelta::seconds(60);
/// Shortest pause before such a task is looked at again.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// The two values of a field that were accepted as agreeing. Mostly equal; they differ where ClickUp gives back
/// something else than it was sent, and where staff's value stands beside ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Our value at that time.
    pub ours: Value,
    /// ClickUp's value at that time.
    pub theirs: Value,
    /// What ClickUp had before we wrote `theirs`, where its answer did not tell when that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Former>,
    /// What we tried to write since, without learning whether ClickUp took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
}

/// A write of ours that may have taken effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The value that was sent.
    pub value: Value,
    /// When it was given up to wait for the answer, by our clock.
    pub at: DateTime<Utc>,
}

/// A value that we wrote over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// ClickUp's value until then.
    pub theirs: Value,
    /// When the write was answered, by our clock.
    pub written_at: DateTime<Utc>,
}

impl Agreed {
    /// Both sides with the same value.
    #[must_use]
    pub fn both(value: &Value) -> Self {
        Self::of(value, value)
    }

    /// Two values that were accepted as agreeing.
    #[must_use]
    pub fn of(ours: &Value, theirs: &Value) -> Self {
        Self {
            ours: ours.clone(),
            theirs: theirs.clone(),
            former: None,
            attempt: None,
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
        let mut agreed = Agreed::of(ours, theirs);
        if let Some(before) = self.0.remove(&field) {
            // what is settled again may be what was written, seen by nobody yet
            agreed.former = before.former.filter(|_| before.theirs == *theirs);
            agreed.attempt = before.attempt;
        }
        self.0.insert(field, agreed);
    }

    /// Settles a field by a write that ClickUp confirmed.
    pub fn agree_written(&mut self, field: Field, ours: &Value, theirs: &Value) {
        self.0.insert(field, Agreed::of(ours, theirs));
    }

    /// Settles a field by a write whose confirmation did not tell when ClickUp made it: without that date an answer from
    /// before the write looks like an edit that takes our value back.
    pub fn agree_written_undated(
        &mut self,
        field: Field,
        ours: &Value,
        theirs: &Value,
        written_at: DateTime<Utc>,
    ) {
        let mut agreed = Agreed::of(ours, theirs);
        let before = self.0.get(&field).map(|agreed| agreed.theirs.clone());
        agreed.former = Some(Former {
            theirs: before.unwrap_or(Value::Unset),
            written_at,
        });
        self.0.insert(field, agreed);
    }

    /// Remembers a write that may have taken effect: when the task shows its value, that was us, even if we changed our mind
    /// meanwhile.
    pub fn note_attempt(&mut self, field: Field, value: &Value, at: DateTime<Utc>) {
        if let Some(agreed) = self.0.get_mut(&field) {
            let value = value.clone();
            agreed.attempt = Some(Attempt { value, at });
        }
    }

    /// Takes attempts for done that a task shows. `updated_at` is when the task changed last, by ClickUp's clock: a person may
    /// choose the same value long after us.
    pub fn settle_attempts(
        &mut self,
        shown: &View,
        read_at: DateTime<Utc>,
        updated_at: Option<DateTime<Utc>>,
    ) {
        for (field, value) in shown.iter() {
            let Some(agreed) = self.0.get_mut(&field) else {
                continue;
            };
            let took_effect = agreed.attempt.as_ref().is_some_and(|attempt| {
                let seen_at = updated_at.map_or(read_at, |updated_at| updated_at.min(read_at));
                attempt.value == *value && agreed.theirs != *value && seen_at - attempt.at < LAG
            });
            if took_effect {
                *agreed = Agreed::both(value);
            }
        }
    }

    /// Whether what was read at a time shows a value that we had written over shortly before: then it is taken for old, and
    /// this is when to look again. The pauses grow, so that a person's change back costs few calls.
    #[must_use]
    pub fn outdated_until(&self, shown: &View, read_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let again = shown.iter().filter_map(|(field, value)| {
            let agreed = self.0.get(&field)?;
            let former = agreed.former.as_ref()?;
            let age = read_at - former.written_at;
            let old = former.theirs == *value && agreed.theirs != *value && age < LAG;
            old.then(|| read_at + age.max(LOOK_AGAIN))
        });
        again.max()
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
        for (field, agreed) in &newer.0 {
            self.agree(*field, &agreed.ours, &agreed.theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_that_was_written_over_is_not_believed_at_once() {
        let at = |seconds: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let (old, new) = (Value::code("200k_250k"), Value::code("500k_plus"));
        let shown = |value: &Value| View::default().with(Field::Budget, value.clone());
        let mut base = Base::default();
        base.agree(Field::Budget, &old, &old);
        assert_eq!(base.outdated_until(&shown(&new), at(0)), None, "an edit");
        base.agree_written_undated(Field::Budget, &new, &new, at(100));
        assert_eq!(base.outdated_until(&shown(&new), at(101)), None);
        assert_eq!(base.outdated_until(&shown(&old), at(100)), Some(at(102)));
        assert_eq!(base.outdated_until(&shown(&old), at(130)), Some(at(160)));
        assert_eq!(
            base.outdated_until(&shown(&old), at(160)),
            None,
            "somebody took it back"
        );
        let other = Value::code("350k_400k");
        assert_eq!(
            base.outdated_until(&shown(&other), at(101)),
            None,
            "an edit"
        );
        // it outlives the process
        let stored = serde_json::to_string(&base).unwrap();
        assert_eq!(serde_json::from_str::<Base>(&stored).unwrap(), base);
        let mut settled = Base::default();
        settled.agree(Field::Budget, &new, &new);
        base.absorb(&settled);
        assert_eq!(base.outdated_until(&shown(&old), at(100)), Some(at(102)));
        base.agree(Field::Budget, &other, &other);
        assert_eq!(
            base.outdated_until(&shown(&old), at(101)),
            None,
            "another value since"
        );
    }

    #[test]
    fn what_was_perhaps_written_is_not_taken_for_an_edit_of_theirs() {
        let at = |seconds: i64| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let (agreed, sent) = (Value::code("contacted"), Value::code("reviewed"));
        let shown = View::default().with(Field::Status, sent.clone());
        let mut base = Base::default();
        base.agree(Field::Status, &agreed, &agreed);
        let untouched = base.clone();
        base.settle_attempts(&shown, at(10), None);
        assert_eq!(base, untouched, "an edit");
        base.note_attempt(Field::Status, &sent, at(20));
        base.agree(Field::Status, &agreed, &agreed);
        let stored = serde_json::to_string(&base).unwrap();
        let base: Base = serde_json::from_str(&stored).unwrap();
        let settled = |read_at, updated_at| {
            let mut base = base.clone();
            base.settle_attempts(&shown, read_at, updated_at);
            base.get(Field::Status).map(|agreed| agreed.ours.clone())
        };
        // ours is "contacted" again, and differs from what we wrote: it is written once more
        assert_eq!(settled(at(25), None), Some(sent.clone()));
        assert_eq!(
            settled(at(9_000), Some(at(19))),
            Some(sent.clone()),
            "after an outage"
        );
        assert_eq!(
            settled(at(9_000), Some(at(8_000))),
            Some(agreed.clone()),
            "a person"
        );
        assert_eq!(settled(at(9_000), None), Some(agreed.clone()), "a person");
        let mut base = base.clone();
        base.agree_written(Field::Status, &agreed, &agreed);
        base.settle_attempts(&shown, at(25), None);
        assert_eq!(base, untouched, "written over since");
    }

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
