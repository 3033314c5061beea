//! The rules against a model of ClickUp that loses answers, loses, doubles and reorders hints, while people edit both
//! sides and the worker dies between any two steps. Every run is decided by its seed.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::base::Base;
use super::decide::{Decision, Link, Ours, Progress, Settings, Theirs, decide};
use super::hint::{Change, Topic, Verdict, judge};
use super::merge::Plan;
use super::value::{Field, Value, View};

const SETTINGS: Settings = Settings {
    settle: TimeDelta::seconds(3),
    trust: TimeDelta::seconds(60),
};
const CODES: [&str; 3] = ["new", "reviewed", "qualified"];

/// A small random source, so that a failing run is one number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

struct Task {
    view: View,
    updated_ms: i64,
}

/// ClickUp and the network in front of it.
struct ClickUp {
    tasks: Vec<Task>,
    hints: Vec<Change>,
    /// calls, for the test that nothing loops
    calls: u32,
}

/// What the worker keeps between its steps; everything else dies with it.
#[derive(Clone)]
struct Row {
    progress: Progress,
    task: Option<usize>,
    base: Base,
    stale: bool,
    seen_ms: Option<i64>,
    verified_at: DateTime<Utc>,
}

struct World {
    dice: Dice,
    /// milliseconds
    now: i64,
    ours: View,
    ours_changed: i64,
    clickup: ClickUp,
    row: Row,
    quiet: bool,
}

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

fn status(code: &str) -> View {
    View::default()
        .with(Field::Status, Value::code(code))
        .with(Field::Name, Value::text("Ada"))
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            now: 1_000_000,
            ours: status("new"),
            ours_changed: 1_000_000,
            clickup: ClickUp {
                tasks: Vec::new(),
                hints: Vec::new(),
                calls: 0,
            },
            row: Row {
                progress: Progress::Unborn,
                task: None,
                base: Base::default(),
                stale: false,
                seen_ms: None,
                verified_at: time(1_000_000),
            },
            quiet: false,
        }
    }

    fn code(&mut self) -> &'static str {
        CODES[self.dice.roll(3) as usize]
    }

    /// An effect in ClickUp, with the hints that it may send.
    fn touch(&mut self, task: usize, field: Field, value: Value, by_us: bool) {
        self.now += 1;
        let changed = &mut self.clickup.tasks[task];
        changed.view.set(field, value.clone());
        changed.updated_ms = changed.updated_ms.max(self.now - 1) + 1;
        let after = (field == Field::Status).then_some(value);
        let change = Change {
            topic: Topic::Field(field),
            after,
            at_ms: Some(changed.updated_ms),
            by_us,
        };
        let copies = if self.quiet { 1 } else { self.dice.roll(3) };
        self.clickup
            .hints
            .extend((0..copies).map(|_| change.clone()));
    }

    /// Whether the answer to a call is lost on its way back.
    fn answer_lost(&mut self) -> bool {
        !self.quiet && self.dice.one_in(4)
    }

    /// Whether the worker dies here.
    fn dies(&mut self) -> bool {
        !self.quiet && self.dice.one_in(12)
    }

    fn deliver_hint(&mut self) {
        if self.clickup.hints.is_empty() {
            return;
        }
        let at = self.dice.roll(self.clickup.hints.len() as u64) as usize;
        let hint = self.clickup.hints.swap_remove(at);
        if judge(&[hint], &self.row.base, self.row.seen_ms) == Verdict::Look {
            self.row.stale = true;
        }
    }

    /// The list query by change time: finds whatever differs from what was seen.
    fn sweep(&mut self) {
        self.clickup.calls += 1;
        if let Some(task) = self.row.task
            && Some(self.clickup.tasks[task].updated_ms) > self.row.seen_ms
        {
            self.row.stale = true;
        }
        self.row.verified_at = time(self.now);
    }

    /// Work on the link until there is nothing to do, the worker dies or has to wait.
    fn work(&mut self) {
        let mut asked: Option<(View, i64)> = None;
        for _ in 0..20 {
            let ours = self.ours.clone();
            let link = Link {
                progress: self.row.progress,
                base: &self.row.base,
                stale: self.row.stale,
                verified_at: self.row.verified_at,
            };
            let theirs = asked
                .as_ref()
                .map_or(Theirs::Unasked, |(view, updated)| Theirs::Task {
                    view,
                    changed_at: Some(time(*updated)),
                });
            let ours_side = Ours::Present {
                view: &ours,
                changed_at: time(self.ours_changed),
            };
            match decide(
                link,
                ours_side,
                theirs,
                SETTINGS,
                |_, _| true,
                time(self.now),
            ) {
                Decision::Create => {
                    // the intent is stored before the call
                    self.row.progress = Progress::Uncertain {
                        asked_at: time(self.now),
                        searched_at: None,
                    };
                    if self.dies() {
                        return;
                    }
                    if !self.create(&ours) {
                        return;
                    }
                }
                Decision::FindMarker => {
                    self.clickup.calls += 1;
                    if self.answer_lost() || self.dies() {
                        return;
                    }
                    let began = time(self.now);
                    if self.clickup.tasks.is_empty() {
                        if let Progress::Uncertain { asked_at, .. } = self.row.progress {
                            self.row.progress = Progress::Uncertain {
                                asked_at,
                                searched_at: Some(began),
                            };
                        }
                    } else {
                        self.row.task = Some(0);
                        self.row.progress = Progress::Linked;
                        self.row.stale = true;
                    }
                }
                Decision::GetRemote => {
                    self.clickup.calls += 1;
                    if self.answer_lost() || self.dies() {
                        return;
                    }
                    let task = &self.clickup.tasks[self.row.task.unwrap_or(0)];
                    asked = Some((task.view.clone(), task.updated_ms));
                }
                Decision::Move(plan) => {
                    if !self.carry_out(&plan, &mut asked) {
                        return;
                    }
                }
                Decision::Done(plan) => {
                    self.row.base.absorb(&plan.settled);
                    if let Some((_, updated)) = asked {
                        self.row.seen_ms = self.row.seen_ms.max(Some(updated));
                        self.row.stale = false;
                    }
                    return;
                }
                Decision::WaitUntil(then) => {
                    assert!(then > time(self.now));
                    return;
                }
                Decision::Unlink | Decision::TaskGone => unreachable!("nothing is deleted here"),
            }
        }
        panic!("the worker goes round in circles");
    }

    /// The create call; false when its outcome is not known.
    fn create(&mut self, ours: &View) -> bool {
        self.clickup.calls += 1;
        if !self.quiet && self.dice.one_in(5) {
            // certainly refused: the intent is taken back
            self.row.progress = Progress::Unborn;
            return false;
        }
        let vanished = !self.quiet && self.dice.one_in(5);
        if !vanished {
            self.now += 1;
            self.clickup.tasks.push(Task {
                view: ours.clone(),
                updated_ms: self.now,
            });
        }
        if vanished || self.answer_lost() || self.dies() {
            return false;
        }
        let task = self.clickup.tasks.len() - 1;
        self.row.task = Some(task);
        self.row.progress = Progress::Linked;
        self.row.seen_ms = Some(self.clickup.tasks[task].updated_ms);
        self.row.verified_at = time(self.now);
        for (field, value) in ours.iter() {
            self.row.base.agree(field, value, value);
        }
        true
    }

    /// Carries out a plan; false when an answer was lost or the worker died.
    fn carry_out(&mut self, plan: &Plan, asked: &mut Option<(View, i64)>) -> bool {
        self.row.base.absorb(&plan.settled);
        for (field, value) in plan.push.iter() {
            self.clickup.calls += 1;
            if !self.quiet && self.dice.one_in(6) {
                return false;
            }
            let task = self.row.task.unwrap_or(0);
            self.touch(task, field, value.clone(), true);
            if self.answer_lost() || self.dies() {
                return false;
            }
            self.row.base.agree(field, value, value);
            if let Some((view, _)) = asked {
                view.set(field, value.clone());
            }
        }
        for (field, value) in plan.pull.iter() {
            if self.dies() {
                return false;
            }
            self.ours.set(field, value.clone());
            if self.dies() {
                return false;
            }
            self.row.base.agree(field, value, value);
        }
        true
    }

    fn live(&mut self, steps: u32) {
        for _ in 0..steps {
            self.now += 200 + self.dice.roll(3000) as i64;
            match self.dice.roll(7) {
                0 => {
                    let code = self.code();
                    if self.ours.get(Field::Status) != Some(&Value::code(code)) {
                        self.ours.set(Field::Status, Value::code(code));
                        self.ours_changed = self.now;
                    }
                }
                1 if !self.clickup.tasks.is_empty() => {
                    let code = self.code();
                    self.touch(0, Field::Status, Value::code(code), false);
                }
                2 if !self.clickup.tasks.is_empty() => {
                    self.touch(0, Field::Name, Value::text("Ada (call)"), false)
                }
                3 | 4 => self.deliver_hint(),
                5 => self.sweep(),
                _ => self.work(),
            }
        }
    }

    /// No more faults and no more edits: everything must come to rest.
    fn calm_down(&mut self) {
        self.quiet = true;
        for _ in 0..6 {
            self.now += 4000;
            self.sweep();
            self.work();
            while !self.clickup.hints.is_empty() {
                self.deliver_hint();
            }
            self.work();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn exactly_one_task_and_equal_sides(seed in any::<u64>()) {
        let mut world = World::new(seed);
        world.live(60);
        world.calm_down();

        prop_assert_eq!(world.clickup.tasks.len(), 1);
        let task = &world.clickup.tasks[0].view;
        prop_assert_eq!(task.get(Field::Status), world.ours.get(Field::Status));

        let calls = world.clickup.calls;
        world.calm_down();
        prop_assert_eq!(world.clickup.calls - calls, 6, "at rest only the sweep calls");
    }

    #[test]
    fn the_last_edit_of_either_side_arrives(seed in any::<u64>(), by_staff in any::<bool>(), pick in 0..3_usize) {
        let mut world = World::new(seed);
        world.live(40);
        world.calm_down();
        let value = Value::code(CODES[pick]);
        world.now += 1000;
        if by_staff {
            world.touch(0, Field::Status, value.clone(), false);
            // the webhook is lost, the sweep finds it
            world.clickup.hints.clear();
        } else {
            world.ours.set(Field::Status, value.clone());
            world.ours_changed = world.now;
        }
        world.calm_down();
        prop_assert_eq!(world.ours.get(Field::Status), Some(&value));
        prop_assert_eq!(world.clickup.tasks[0].view.get(Field::Status), Some(&value));
    }

    #[test]
    fn what_staff_wrote_into_a_text_is_kept(seed in any::<u64>()) {
        let mut world = World::new(seed);
        world.quiet = true;
        world.work();
        world.quiet = false;
        let note = Value::text("Ada (very keen)");
        world.touch(0, Field::Name, note.clone(), false);
        for _ in 0..30 {
            world.now += 500;
            match world.dice.roll(3) {
                0 => world.deliver_hint(),
                1 => world.sweep(),
                _ => world.work(),
            }
        }
        world.calm_down();
        prop_assert_eq!(world.clickup.tasks[0].view.get(Field::Name), Some(&note));
    }
}

#[test]
fn the_calls_that_are_needed_and_no_more() {
    let mut world = World::new(7);
    world.quiet = true;
    world.work();
    assert_eq!(world.clickup.calls, 1, "one call makes the task");

    world.ours.set(Field::Status, Value::code("reviewed"));
    world.work();
    assert_eq!(world.clickup.calls, 2, "one call writes our change");
    while !world.clickup.hints.is_empty() {
        world.deliver_hint();
        world.work();
    }
    assert_eq!(world.clickup.calls, 2, "its echo costs nothing");

    world.touch(0, Field::Status, Value::code("qualified"), false);
    world.deliver_hint();
    world.work();
    assert_eq!(world.clickup.calls, 3, "one call reads their change");
    assert_eq!(
        world.ours.get(Field::Status),
        Some(&Value::code("qualified"))
    );
    world.work();
    assert_eq!(world.clickup.calls, 3);
}
