//! What a new mapping means for tasks that exist: one call per changed thing, none for an unchanged one.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Document;
use super::resolve::Mapping;
use crate::sync::base::Base;
use crate::sync::value::{Field, Value, View};

/// Of every field a digest of how it is written into one list.
pub type Ways = BTreeMap<Field, String>;

/// How every field is written into a list.
#[must_use]
pub fn ways(document: &Document, mapping: &Mapping) -> Ways {
    let task = &document.task;
    let templates = [
        (Field::Name, format!("{:?}", task.name)),
        (Field::Description, format!("{:?}", task.description)),
        (Field::Priority, format!("{:?}", task.priority)),
    ];
    mapping
        .fingerprints()
        .chain(templates)
        .map(|(field, text)| (field, digest(&text)))
        .collect()
}

fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The fields that are written differently. Without knowledge of the old ways, all may be.
#[must_use]
pub fn changed(old: Option<&Ways>, new: &Ways) -> BTreeSet<Field> {
    new.iter()
        .filter(|(field, way)| old.is_none_or(|old| old.get(field) != Some(way)))
        .map(|(field, _)| *field)
        .collect()
}

/// Settles anew what both sides agreed on about a field that is written differently from now on. `theirs` is what the task
/// shows, read by the new mapping.
///
/// - Both sides agreed: ours is the truth, and is written where the task shows something else.
/// - Staff's value stood beside ours: it still does.
/// - The field was not in ClickUp: what stands in it there may be newer than ours, and is merged as a change of theirs.
pub fn rebase(base: &mut Base, field: Field, ours: &Value, theirs: &Value) {
    // never a value of ours, so ours has changed since
    let pending = Value::foreign("written differently");
    let untouched = match base.get(field) {
        Some(agreed) if agreed.ours != agreed.theirs && agreed.ours != pending => {
            base.agree(field, ours, theirs);
            return;
        }
        Some(_) => theirs.clone(),
        None => Value::Unset,
    };
    if ours == theirs {
        base.agree(field, ours, theirs);
    } else {
        base.agree(field, &pending, &untouched);
    }
}

/// Rebases every changed field that both sides have.
pub fn rebase_all(base: &mut Base, fields: &BTreeSet<Field>, ours: &View, theirs: &View) {
    for field in fields {
        if let (Some(ours), Some(theirs)) = (ours.get(*field), theirs.get(*field)) {
            rebase(base, *field, ours, theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::merge::{Clocks, plan};
    use chrono::DateTime;

    fn after(agreed: Option<(Value, Value)>, ours: &Value, theirs: &Value) -> (View, View) {
        let mut base = Base::default();
        if let Some((ours, theirs)) = agreed {
            base.agree(Field::Budget, &ours, &theirs);
        }
        let ours = View::default().with(Field::Budget, ours.clone());
        let theirs = View::default().with(Field::Budget, theirs.clone());
        rebase_all(&mut base, &BTreeSet::from([Field::Budget]), &ours, &theirs);
        let clocks = Clocks {
            ours: DateTime::UNIX_EPOCH,
            // ClickUp's clock is later: a conflict would be theirs
            theirs: DateTime::from_timestamp(9, 0),
        };
        let plan = plan(&base, &ours, &theirs, clocks);
        (plan.push, plan.pull)
    }

    #[test]
    fn what_was_agreed_is_written_anew_where_it_shows_something_else() {
        let (ours, old) = (Value::code("500k_plus"), Value::foreign("the old option"));
        let (push, pull) = after(Some((ours.clone(), ours.clone())), &ours, &old);
        assert_eq!(push.get(Field::Budget), Some(&ours));
        assert_eq!(pull, View::default());
        let (push, _) = after(Some((ours.clone(), ours.clone())), &ours, &Value::Unset);
        assert_eq!(push.get(Field::Budget), Some(&ours));
        assert_eq!(
            after(Some((ours.clone(), ours.clone())), &ours, &ours),
            Default::default()
        );
    }

    #[test]
    fn what_staff_chose_stays_theirs() {
        let (ours, staff) = (Value::code("500k_plus"), Value::foreign("a million"));
        let moved = after(Some((ours.clone(), staff.clone())), &ours, &staff);
        assert_eq!(moved, Default::default());
    }

    #[test]
    fn a_field_that_is_new_is_filled_where_it_is_empty_and_merged_where_it_is_not() {
        let ours = Value::code("500k_plus");
        let (push, _) = after(None, &ours, &Value::Unset);
        assert_eq!(push.get(Field::Budget), Some(&ours));
        let staff = Value::code("200k_250k");
        let (push, pull) = after(None, &ours, &staff);
        assert_eq!(
            (push, pull.get(Field::Budget)),
            (View::default(), Some(&staff))
        );
    }

    #[test]
    fn only_what_is_written_differently_has_changed() {
        let ways = |pairs: &[(Field, &str)]| -> Ways {
            pairs
                .iter()
                .map(|(field, way)| (*field, (*way).to_owned()))
                .collect()
        };
        let old = ways(&[
            (Field::Status, "1"),
            (Field::Budget, "2"),
            (Field::Land, "3"),
        ]);
        let new = ways(&[
            (Field::Status, "1"),
            (Field::Budget, "4"),
            (Field::Phone, "5"),
        ]);
        assert_eq!(
            changed(Some(&old), &new),
            BTreeSet::from([Field::Budget, Field::Phone])
        );
        assert_eq!(changed(None, &new).len(), 3);
    }
}
