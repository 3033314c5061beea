//! The three-way merge: what both sides agreed on, ours, theirs.

use chrono::{DateTime, Utc};

use super::base::{Agreed, Base};
use super::value::{Field, Value, View};

/// Who wins when both sides changed a field to different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The later change, by the clocks given; ClickUp at the same instant.
    LatestWins,
    /// ClickUp.
    ClickUpWins,
    /// Keylight.
    KeylightWins,
}

impl Policy {
    /// The policy of a field. One for all as yet: people work on both sides, and the last one knew most.
    #[must_use]
    pub const fn of(_field: Field) -> Self {
        Policy::LatestWins
    }
}

/// When the two sides changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Our side.
    pub ours: DateTime<Utc>,
    /// ClickUp's side; unknown counts as older than ours.
    pub theirs: Option<DateTime<Utc>>,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Keylight.
    Ours,
    /// ClickUp.
    Theirs,
}

/// What has to happen to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the sides agree, or differ as they were allowed to.
    Keep,
    /// ClickUp gets our value.
    Push,
    /// We get ClickUp's value.
    Pull,
    /// Both changed; the winner's value goes to the other side.
    Conflict(Side),
}

/// Merges one field.
#[must_use]
pub fn merge(
    base: Option<&Agreed>,
    ours: &Value,
    theirs: &Value,
    policy: Policy,
    clocks: Clocks,
) -> Step {
    if ours == theirs {
        return Step::Keep;
    }
    let we_changed = base.is_none_or(|base| base.ours != *ours);
    let they_changed = base.is_none_or(|base| base.theirs != *theirs);
    match (we_changed, they_changed) {
        (false, false) => Step::Keep,
        (true, false) => Step::Push,
        (false, true) => Step::Pull,
        (true, true) => Step::Conflict(match policy {
            Policy::ClickUpWins => Side::Theirs,
            Policy::KeylightWins => Side::Ours,
            Policy::LatestWins if clocks.theirs.is_some_and(|theirs| theirs >= clocks.ours) => {
                Side::Theirs
            }
            Policy::LatestWins => Side::Ours,
        }),
    }
}

/// A conflict that was settled, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub field: Field,
    /// Who won.
    pub winner: Side,
    /// The value that gave way.
    pub loser: Value,
}

/// What has to move for a whole submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// For ClickUp: our values.
    pub push: View,
    /// For us: ClickUp's values, all of them codes of ours.
    pub pull: View,
    /// What is settled without moving anything; once stored, the same merge finds it again as it is.
    pub settled: Base,
    /// Conflicts that were settled on the way.
    pub conflicts: Vec<Conflict>,
}

impl Plan {
    /// Whether nothing has to move.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.push == View::default() && self.pull == View::default()
    }
}

/// Merges all fields that both sides have.
#[must_use]
pub fn plan(base: &Base, ours: &View, theirs: &View, clocks: Clocks) -> Plan {
    let mut plan = Plan::default();
    for (field, our_value) in ours.iter() {
        let Some(their_value) = theirs.get(field) else {
            continue;
        };
        let step = merge(
            base.get(field),
            our_value,
            their_value,
            Policy::of(field),
            clocks,
        );
        if let Step::Conflict(winner) = step {
            let loser = match winner {
                Side::Ours => their_value,
                Side::Theirs => our_value,
            };
            plan.conflicts.push(Conflict {
                field,
                winner,
                loser: loser.clone(),
            });
        }
        match step {
            Step::Push | Step::Conflict(Side::Ours) => plan.push.set(field, our_value.clone()),
            Step::Pull | Step::Conflict(Side::Theirs)
                if field.comes_back() && their_value.as_code().is_some() =>
            {
                plan.pull.set(field, their_value.clone());
            }
            // theirs stays theirs: known from now on, and safe until we change ours
            Step::Keep | Step::Pull | Step::Conflict(Side::Theirs) => {
                plan.settled.agree(field, our_value, their_value);
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap_or_default()
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Unset),
            "[a-d]".prop_map(|code| Value::code(&code)),
            "[a-d]".prop_map(|name| Value::foreign(&name)),
            "[a-d ]{1,3}".prop_map(|text| Value::text(&text)),
            "[a-d]".prop_map(|fact| Value::exact(&fact)),
        ]
    }

    fn view() -> impl Strategy<Value = View> {
        proptest::collection::vec(value(), Field::ALL.len()).prop_map(|values| {
            Field::ALL
                .into_iter()
                .zip(values)
                .fold(View::default(), |view, (field, value)| {
                    view.with(field, value)
                })
        })
    }

    fn base() -> impl Strategy<Value = Base> {
        (
            view(),
            view(),
            proptest::collection::vec(any::<bool>(), Field::ALL.len()),
        )
            .prop_map(|(ours, theirs, known)| {
                let mut base = Base::default();
                for (field, _) in Field::ALL
                    .into_iter()
                    .zip(known)
                    .filter(|(_, known)| *known)
                {
                    if let (Some(our_value), Some(their_value)) =
                        (ours.get(field), theirs.get(field))
                    {
                        base.agree(field, our_value, their_value);
                    }
                }
                base
            })
    }

    fn agreed() -> impl Strategy<Value = Option<Agreed>> {
        proptest::option::of(
            (value(), value()).prop_map(|(ours, theirs)| Agreed::of(&ours, &theirs)),
        )
    }

    fn clocks() -> impl Strategy<Value = Clocks> {
        (0..5_i64, proptest::option::of(0..5_i64)).prop_map(|(ours, theirs)| Clocks {
            ours: at(ours),
            theirs: theirs.map(at),
        })
    }

    /// Both sides after a plan was carried out, and the agreement then.
    fn carry_out(plan: &Plan, base: &Base, ours: &View, theirs: &View) -> (Base, View, View) {
        let (mut base, mut ours, mut theirs) = (base.clone(), ours.clone(), theirs.clone());
        base.absorb(&plan.settled);
        for (field, value) in plan.push.iter() {
            theirs.set(field, value.clone());
            base.agree(field, value, value);
        }
        for (field, value) in plan.pull.iter() {
            ours.set(field, value.clone());
            base.agree(field, value, value);
        }
        (base, ours, theirs)
    }

    proptest! {
        #[test]
        fn a_change_of_one_side_is_never_lost(agreed in agreed(), ours in value(), theirs in value(), clocks in clocks()) {
            let step = merge(agreed.as_ref(), &ours, &theirs, Policy::LatestWins, clocks);
            if let Some(agreed) = agreed {
                if ours != theirs && agreed.ours != ours && agreed.theirs == theirs {
                    prop_assert_eq!(&step, &Step::Push);
                }
                if ours != theirs && agreed.ours == ours && agreed.theirs != theirs {
                    prop_assert_eq!(&step, &Step::Pull);
                }
            }
        }

        #[test]
        fn swapping_the_sides_mirrors_the_step(agreed in agreed(), ours in value(), theirs in value()) {
            let clocks = Clocks { ours: at(0), theirs: None };
            let step = merge(agreed.as_ref(), &ours, &theirs, Policy::KeylightWins, clocks);
            let swapped = agreed.map(|agreed| Agreed::of(&agreed.theirs, &agreed.ours));
            let mirrored = merge(swapped.as_ref(), &theirs, &ours, Policy::ClickUpWins, clocks);
            let expected = match step {
                Step::Keep => Step::Keep,
                Step::Push => Step::Pull,
                Step::Pull => Step::Push,
                Step::Conflict(Side::Ours) => Step::Conflict(Side::Theirs),
                Step::Conflict(Side::Theirs) => Step::Conflict(Side::Ours),
            };
            prop_assert_eq!(mirrored, expected);
        }

        #[test]
        fn one_round_is_enough(base in base(), ours in view(), theirs in view(), clocks in clocks()) {
            let first = plan(&base, &ours, &theirs, clocks);
            let (base, ours, theirs) = carry_out(&first, &base, &ours, &theirs);
            let second = plan(&base, &ours, &theirs, clocks);
            prop_assert!(second.is_quiet(), "{:?}", second);
            prop_assert!(second.conflicts.is_empty());
        }

        #[test]
        fn our_own_change_coming_back_is_nothing(base in base(), ours in view(), theirs in view(), clocks in clocks()) {
            let first = plan(&base, &ours, &theirs, clocks);
            let (base, ours, theirs) = carry_out(&first, &base, &ours, &theirs);
            // the echo shows the task as it is: equal to what was agreed
            for (field, value) in theirs.iter() {
                if let Some(agreed) = base.get(field) {
                    prop_assert_eq!(&agreed.theirs, value);
                }
            }
            prop_assert!(plan(&base, &ours, &base.theirs(), clocks).is_quiet());
        }

        #[test]
        fn the_side_that_gives_way_is_recorded(base in base(), ours in view(), theirs in view(), clocks in clocks()) {
            for conflict in plan(&base, &ours, &theirs, clocks).conflicts {
                let side = if conflict.winner == Side::Ours { &theirs } else { &ours };
                prop_assert_eq!(side.get(conflict.field), Some(&conflict.loser));
            }
        }

        #[test]
        fn only_codes_that_come_back_are_pulled(base in base(), ours in view(), theirs in view(), clocks in clocks()) {
            for (field, value) in plan(&base, &ours, &theirs, clocks).pull.iter() {
                prop_assert!(field.comes_back() && value.as_code().is_some());
            }
        }
    }

    #[test]
    fn the_later_change_wins_and_clickup_at_the_same_instant() {
        let (ours, theirs) = (Value::code("qualified"), Value::code("contacted"));
        let agreed = Agreed::both(&Value::code("new"));
        let winner = |our_time, their_time: Option<i64>| {
            let clocks = Clocks {
                ours: at(our_time),
                theirs: their_time.map(at),
            };
            merge(Some(&agreed), &ours, &theirs, Policy::LatestWins, clocks)
        };
        assert_eq!(winner(2, Some(1)), Step::Conflict(Side::Ours));
        assert_eq!(winner(1, Some(2)), Step::Conflict(Side::Theirs));
        assert_eq!(winner(1, Some(1)), Step::Conflict(Side::Theirs));
        assert_eq!(winner(1, None), Step::Conflict(Side::Ours));
    }

    #[test]
    fn what_staff_wrote_stays_until_we_change_ours() {
        let clocks = Clocks {
            ours: at(9),
            theirs: Some(at(1)),
        };
        let ours = View::default().with(Field::Name, Value::text("Ann · Home buyer"));
        let theirs = View::default().with(Field::Name, Value::text("Ann (call first)"));
        let mut base = Base::default();
        base.agree(
            Field::Name,
            &Value::text("Ann · Home buyer"),
            &Value::text("Ann · Home buyer"),
        );

        let pulled = plan(&base, &ours, &theirs, clocks);
        assert!(pulled.is_quiet());
        base.absorb(&pulled.settled);
        assert!(plan(&base, &ours, &theirs, clocks).is_quiet());

        let renamed = View::default().with(Field::Name, Value::text("Ann Lee · Home buyer"));
        assert!(
            plan(&base, &renamed, &theirs, clocks)
                .push
                .get(Field::Name)
                .is_some()
        );
    }
}
