//! The next step for one link.

use chrono::{DateTime, TimeDelta, Utc};

use super::base::Base;
use super::merge::{Clocks, Plan, plan};
use super::value::{Field, Value, View};

/// How far a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is no task, and no call was made that could have made one.
    Unborn,
    /// A call may have made the task: it was sent, and no answer told.
    Uncertain {
        /// When the call ended, or when it was about to be sent if nobody saw it end.
        asked_at: DateTime<Utc>,
        /// When the last complete search that did not find the task began.
        searched_at: Option<DateTime<Utc>>,
    },
    /// The task is known.
    Linked,
    /// The task was deleted in ClickUp.
    TaskGone,
    /// The submission was deleted; the task is left alone.
    Unlinked,
}

/// A link.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// How far it is.
    pub progress: Progress,
    /// What both sides last agreed on.
    pub base: &'a Base,
    /// Whether something says that the task may have changed since.
    pub stale: bool,
    /// Until when it is certain that such a sign would have come: the last look at the task or the last sweep.
    pub verified_at: DateTime<Utc>,
}

/// Our side.
#[derive(Debug, Clone, Copy)]
pub enum Ours<'a> {
    /// The submission is there.
    Present {
        /// Its fields.
        view: &'a View,
        /// When it changed last.
        changed_at: DateTime<Utc>,
    },
    /// The submission is deleted.
    Deleted,
}

/// ClickUp's side, as far as it was asked in this round.
#[derive(Debug, Clone, Copy)]
pub enum Theirs<'a> {
    /// Nobody asked.
    Unasked,
    /// The task as it is.
    Task {
        /// Its fields.
        view: &'a View,
        /// When it changed last, by ClickUp's clock.
        changed_at: Option<DateTime<Utc>>,
    },
    /// The task was deleted.
    Gone,
}

/// What may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a call without an answer may still take effect.
    pub settle: TimeDelta,
    /// How long after the last look or sweep our change may be written without looking first.
    pub trust: TimeDelta,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Store the intent, then make the task.
    Create,
    /// Look for a task that carries the marker.
    FindMarker,
    /// Read the task.
    GetRemote,
    /// Write to ClickUp, to us, or both; store what is settled.
    Move(Plan),
    /// Nothing to move; store what is settled.
    Done(Plan),
    /// Nothing before this time.
    WaitUntil(DateTime<Utc>),
    /// The submission is gone: stop.
    Unlink,
    /// The task is gone: stop, and say so.
    TaskGone,
}

/// Decides the next step. `can_push` tells whether ClickUp has a place for a value of ours; what has none is left out.
#[must_use]
pub fn decide(
    link: Link<'_>,
    ours: Ours<'_>,
    theirs: Theirs<'_>,
    settings: Settings,
    can_push: impl Fn(Field, &Value) -> bool,
    now: DateTime<Utc>,
) -> Decision {
    match link.progress {
        Progress::Unlinked => return Decision::Done(Plan::default()),
        Progress::Uncertain {
            asked_at,
            searched_at,
        } => {
            let settled_at = asked_at + settings.settle;
            if now < settled_at {
                return Decision::WaitUntil(settled_at);
            }
            if searched_at.is_none_or(|searched_at| searched_at < settled_at) {
                return Decision::FindMarker;
            }
            // a call that was lost before it had an effect
            return match ours {
                Ours::Present { .. } => Decision::Create,
                Ours::Deleted => Decision::Unlink,
            };
        }
        Progress::Unborn => {
            return match ours {
                Ours::Present { .. } => Decision::Create,
                Ours::Deleted => Decision::Unlink,
            };
        }
        Progress::Linked | Progress::TaskGone => {}
    }
    let Ours::Present { view, changed_at } = ours else {
        return Decision::Unlink;
    };
    let plan = match theirs {
        Theirs::Gone => return Decision::TaskGone,
        Theirs::Task {
            view: task,
            changed_at: task_changed_at,
        } => plan(
            link.base,
            view,
            task,
            Clocks {
                ours: changed_at,
                theirs: task_changed_at,
            },
        ),
        Theirs::Unasked if link.progress == Progress::TaskGone => {
            // it may have been taken out of the bin: only a sign from ClickUp is worth a call
            return if link.stale {
                Decision::GetRemote
            } else {
                Decision::TaskGone
            };
        }
        Theirs::Unasked if link.stale => return Decision::GetRemote,
        Theirs::Unasked => {
            let presumed = plan(
                link.base,
                view,
                &link.base.theirs(),
                Clocks {
                    ours: changed_at,
                    theirs: None,
                },
            );
            let writes = presumed
                .push
                .iter()
                .any(|(field, value)| can_push(field, value));
            if writes && now - link.verified_at > settings.trust {
                return Decision::GetRemote;
            }
            presumed
        }
    };
    let plan = without_place(plan, can_push);
    if plan.is_quiet() {
        Decision::Done(plan)
    } else {
        Decision::Move(plan)
    }
}

/// Leaves out what ClickUp has no place for. It is not settled either, so it is found again when there is a place.
fn without_place(mut plan: Plan, can_push: impl Fn(Field, &Value) -> bool) -> Plan {
    let mut push = View::default();
    for (field, value) in plan.push.iter() {
        if can_push(field, value) {
            push.set(field, value.clone());
        }
    }
    plan.push = push;
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        settle: TimeDelta::seconds(3),
        trust: TimeDelta::seconds(60),
    };

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap_or_default()
    }

    fn view(status: &str) -> View {
        View::default().with(Field::Status, Value::code(status))
    }

    fn base(status: &str) -> Base {
        let mut base = Base::default();
        base.agree(Field::Status, &Value::code(status), &Value::code(status));
        base
    }

    fn next(
        progress: Progress,
        base: &Base,
        stale: bool,
        ours: Option<&View>,
        theirs: Theirs<'_>,
        now: i64,
    ) -> Decision {
        let link = Link {
            progress,
            base,
            stale,
            verified_at: at(100),
        };
        let ours = ours.map_or(Ours::Deleted, |view| Ours::Present {
            view,
            changed_at: at(90),
        });
        decide(
            link,
            ours,
            theirs,
            SETTINGS,
            |_, value| value.as_code() != Some("homeless"),
            at(now),
        )
    }

    #[test]
    fn a_new_submission_gets_a_task() {
        let (empty, ours) = (Base::default(), view("new"));
        assert_eq!(
            next(
                Progress::Unborn,
                &empty,
                false,
                Some(&ours),
                Theirs::Unasked,
                100
            ),
            Decision::Create
        );
        assert_eq!(
            next(Progress::Unborn, &empty, false, None, Theirs::Unasked, 100),
            Decision::Unlink
        );
    }

    #[test]
    fn an_uncertain_call_is_looked_for_before_another() {
        let (empty, ours) = (Base::default(), view("new"));
        let uncertain = |searched_at| Progress::Uncertain {
            asked_at: at(100),
            searched_at,
        };
        let step = |progress, now| next(progress, &empty, false, Some(&ours), Theirs::Unasked, now);
        assert_eq!(step(uncertain(None), 101), Decision::WaitUntil(at(103)));
        assert_eq!(step(uncertain(None), 103), Decision::FindMarker);
        assert_eq!(
            step(uncertain(Some(at(102))), 103),
            Decision::FindMarker,
            "that search was too early to prove anything"
        );
        assert_eq!(step(uncertain(Some(at(103))), 104), Decision::Create);
        // a task that may exist is found even when the submission is gone: it must not stay unknown
        assert_eq!(
            next(uncertain(None), &empty, false, None, Theirs::Unasked, 104),
            Decision::FindMarker
        );
        assert_eq!(
            next(
                uncertain(Some(at(103))),
                &empty,
                false,
                None,
                Theirs::Unasked,
                104
            ),
            Decision::Unlink
        );
    }

    #[test]
    fn our_change_is_written_without_looking_while_signs_can_be_trusted() {
        let (base, ours) = (base("new"), view("reviewed"));
        let step = |stale, now| {
            next(
                Progress::Linked,
                &base,
                stale,
                Some(&ours),
                Theirs::Unasked,
                now,
            )
        };
        assert!(matches!(step(false, 160), Decision::Move(plan) if plan.push == ours));
        assert_eq!(step(false, 161), Decision::GetRemote);
        assert_eq!(step(true, 100), Decision::GetRemote);
    }

    #[test]
    fn without_a_change_no_call_is_made() {
        let (base, ours) = (base("new"), view("new"));
        assert!(matches!(
            next(
                Progress::Linked,
                &base,
                false,
                Some(&ours),
                Theirs::Unasked,
                9999
            ),
            Decision::Done(_)
        ));
    }

    #[test]
    fn their_change_comes_back() {
        let (base, ours, theirs) = (base("new"), view("new"), view("reviewed"));
        let task = Theirs::Task {
            view: &theirs,
            changed_at: Some(at(95)),
        };
        assert!(
            matches!(next(Progress::Linked, &base, true, Some(&ours), task, 100), Decision::Move(plan) if plan.pull == theirs)
        );
    }

    #[test]
    fn what_has_no_place_in_clickup_stops_nothing() {
        let (base, ours) = (base("new"), view("homeless"));
        let decision = next(
            Progress::Linked,
            &base,
            false,
            Some(&ours),
            Theirs::Unasked,
            9999,
        );
        assert_eq!(decision, Decision::Done(Plan::default()));
    }

    #[test]
    fn deletions() {
        let (base, ours) = (base("new"), view("new"));
        assert_eq!(
            next(Progress::Linked, &base, true, None, Theirs::Unasked, 100),
            Decision::Unlink
        );
        assert_eq!(
            next(
                Progress::Linked,
                &base,
                true,
                Some(&ours),
                Theirs::Gone,
                100
            ),
            Decision::TaskGone
        );
        assert_eq!(
            next(
                Progress::TaskGone,
                &base,
                false,
                Some(&ours),
                Theirs::Unasked,
                100
            ),
            Decision::TaskGone
        );
        assert_eq!(
            next(
                Progress::TaskGone,
                &base,
                true,
                Some(&ours),
                Theirs::Unasked,
                100
            ),
            Decision::GetRemote
        );
        assert_eq!(
            next(Progress::Unlinked, &base, true, None, Theirs::Unasked, 100),
            Decision::Done(Plan::default())
        );
    }
}
