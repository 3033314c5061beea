//! The rate budget of one token: a fixed window, spent by lanes, learned from the headers of the answers.
//!
//! One row holds a [`Window`]; whoever wants to call asks [`grant`] first and tells [`learn`] afterwards, under the
//! row's lock. Rules that keep it from ever running into the limit:
//!
//! - Until an answer has shown how the window stands, only a few calls are let out.
//! - The window that the service announces counts, plus a margin, because it is told in whole seconds by another clock.
//! - Calls of others who share the token show in the headers and count.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Who wants to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A client waits for it, or will see it: new applications first of all.
    Interactive,
    /// Everyday changes.
    Normal,
    /// Repair and backfill.
    Bulk,
}

impl Lane {
    /// Number for rows; smaller goes first.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Lane::Interactive => 0,
            Lane::Normal => 1,
            Lane::Bulk => 2,
        }
    }

    /// The lane with this number; the last one for numbers that are none.
    #[must_use]
    pub const fn of_number(number: i16) -> Self {
        match number {
            0 => Lane::Interactive,
            1 => Lane::Normal,
            _ => Lane::Bulk,
        }
    }

    /// The lane after a time of waiting: nothing starves.
    #[must_use]
    pub fn after_waiting(self, waited: TimeDelta) -> Self {
        match self {
            Lane::Bulk if waited >= TimeDelta::minutes(15) => Lane::Interactive,
            Lane::Normal if waited >= TimeDelta::minutes(5) => Lane::Interactive,
            Lane::Bulk if waited >= TimeDelta::minutes(5) => Lane::Normal,
            lane => lane,
        }
    }
}

/// What the rules may be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Limit until a header tells another one.
    pub default_limit: u32,
    /// Length of a window.
    pub window: TimeDelta,
    /// Added to the end of every window.
    pub margin: TimeDelta,
    /// Calls let out before anything is known about a window.
    pub probe: u32,
    /// Share of the limit kept for the interactive lane at the start of a window; it melts away towards its end.
    pub interactive_share: f64,
    /// The same for the two upper lanes against the bulk lane.
    pub normal_share: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            default_limit: 100,
            window: TimeDelta::seconds(60),
            margin: TimeDelta::seconds(1),
            probe: 3,
            interactive_share: 0.2,
            normal_share: 0.3,
        }
    }
}

/// The state of the budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Calls per window.
    pub limit: u32,
    /// Calls that are known or granted in this window.
    pub used: u32,
    /// Calls granted in this window by us.
    pub granted: u32,
    /// Of those, calls that were answered.
    pub answered: u32,
    /// When the next window begins, margin included, by our clock.
    pub ends_at: DateTime<Utc>,
    /// The service's name for this window (its reset, Unix seconds); 0 until an answer told it.
    pub mark: i64,
    /// The mark of the window before.
    pub last_mark: i64,
    /// Whether an answer showed how this window stands.
    pub known: bool,
}

impl Window {
    /// Before the first call.
    #[must_use]
    pub fn unknown(rules: &Rules, now: DateTime<Utc>) -> Self {
        Self {
            limit: rules.default_limit,
            used: 0,
            granted: 0,
            answered: 0,
            ends_at: now + rules.window + rules.margin,
            mark: 0,
            last_mark: 0,
            known: false,
        }
    }

    fn next(&self, rules: &Rules, now: DateTime<Utc>) -> Self {
        Self {
            limit: self.limit,
            // calls without an answer yet may land in the new window
            used: self.granted.saturating_sub(self.answered),
            granted: 0,
            answered: 0,
            ends_at: now + rules.window + rules.margin,
            mark: 0,
            last_mark: self.mark.max(self.last_mark),
            // what is left was learned in the last window; only the first window of all is a riddle
            known: self.known,
        }
    }

    /// Calls left for a lane at this moment.
    #[must_use]
    fn free(&self, rules: &Rules, now: DateTime<Utc>, lane: Lane) -> u32 {
        let left = (self.ends_at - now).num_milliseconds().max(0);
        let whole = rules.window.num_milliseconds().max(1);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a fraction of a minute needs no more than 52 bits"
        )]
        let left = (left as f64 / whole as f64).min(1.0);
        let share = match lane {
            Lane::Interactive => 0.0,
            Lane::Normal => rules.interactive_share,
            Lane::Bulk => rules.interactive_share + rules.normal_share,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the limit, which is a u32"
        )]
        let kept = (f64::from(self.limit) * share * left).ceil() as u32;
        let cap = if self.known {
            self.limit
        } else {
            rules.probe.min(self.limit)
        };
        cap.saturating_sub(kept.min(cap)).saturating_sub(self.used)
    }
}

/// The answer to a wish for calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// So many calls may be sent now, at least one.
    Granted(u32),
    /// None; ask again then.
    WaitUntil(DateTime<Utc>),
}

/// Asks for up to `wanted` calls. The window must be stored in both cases.
#[must_use]
pub fn grant(
    window: &Window,
    rules: &Rules,
    now: DateTime<Utc>,
    lane: Lane,
    wanted: u32,
) -> (Grant, Window) {
    let mut window = if now >= window.ends_at {
        window.next(rules, now)
    } else {
        window.clone()
    };
    let granted = wanted.max(1).min(window.free(rules, now, lane));
    if granted > 0 {
        window.used += granted;
        window.granted += granted;
        return (Grant::Granted(granted), window);
    }
    let room_above = window.free(rules, now, Lane::Interactive) > 0;
    let soon = if !window.known && window.used < window.limit {
        // the probes are on their way; their answers tell more
        now + TimeDelta::milliseconds(200)
    } else if room_above {
        // kept for the lanes above; some of it melts free every second
        now + TimeDelta::seconds(1)
    } else {
        window.ends_at
    };
    (Grant::WaitUntil(soon.min(window.ends_at)), window)
}

/// What an answer told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observed {
    /// Limit of the token.
    pub limit: Option<u32>,
    /// Calls left in the window of the answer.
    pub remaining: Option<u32>,
    /// The service's name for the window: its reset in Unix seconds.
    pub mark: Option<i64>,
    /// How long that window still runs.
    pub resets_in: Option<TimeDelta>,
    /// The call was refused for the limit: the window is used up, for at least this long.
    pub refused_for: Option<TimeDelta>,
}

/// Takes over what the answer to one granted call told. A call without any answer is told as `Observed::default()`.
#[must_use]
pub fn learn(window: &Window, rules: &Rules, now: DateTime<Utc>, observed: &Observed) -> Window {
    let mut window = window.clone();
    window.known = true;
    window.answered = (window.answered + 1).min(window.granted);
    if let Some(limit) = observed.limit.filter(|limit| *limit > 0) {
        window.limit = limit;
    }
    if let Some(mark) = observed.mark {
        if mark <= window.last_mark {
            // a late answer from the window before says nothing about this one
            return window;
        }
        let ends_at = observed
            .resets_in
            .map(|left| now + left.clamp(TimeDelta::zero(), rules.window * 2) + rules.margin);
        if window.mark == 0 || mark > window.mark + 1 {
            if window.mark != 0 {
                // the service has begun a new window before we did; whatever is on its way lands there
                window.last_mark = window.mark;
                let on_its_way = window.granted - window.answered;
                window.used = on_its_way;
                window.granted = on_its_way;
                window.answered = 0;
            }
            window.mark = mark;
            window.ends_at = ends_at.unwrap_or(window.ends_at);
        } else if let Some(ends_at) = ends_at {
            // the same window told again: keep the later end
            window.ends_at = window.ends_at.max(ends_at);
        }
    }
    if let Some(remaining) = observed.remaining {
        let counted = window.limit.saturating_sub(remaining);
        window.used = window.used.max(counted);
    }
    if let Some(wait) = observed.refused_for {
        // the refusal knows best when to come again, but what we believed before was wrong: begin with probes
        window.used = window.used.max(window.limit);
        window.ends_at = now + wait.max(TimeDelta::seconds(1)) + rules.margin;
        window.known = false;
    }
    window
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap_or_default()
    }

    /// The service: a fixed window that begins with the first call, or stands on whole minutes; told in whole seconds.
    struct Service {
        limit: u32,
        aligned: bool,
        ends: i64,
        used: u32,
        refused: u32,
        clock_ahead: i64,
    }

    impl Service {
        fn call(&mut self, millis: i64) -> Observed {
            if millis >= self.ends {
                self.ends = if self.aligned {
                    (millis / 60_000 + 1) * 60_000
                } else {
                    millis + 60_000
                };
                self.used = 0;
            }
            let refused = self.used >= self.limit;
            if refused {
                self.refused += 1;
            } else {
                self.used += 1;
            }
            let seconds =
                |millis: i64| (at(millis).timestamp_millis() + self.clock_ahead).div_euclid(1000);
            Observed {
                limit: Some(self.limit),
                remaining: Some(self.limit - self.used),
                mark: Some(seconds(self.ends)),
                resets_in: Some(TimeDelta::seconds(seconds(self.ends) - seconds(millis))),
                refused_for: refused.then(|| TimeDelta::seconds(1)),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Workers ask, call with some delay, and learn with some more: never a refusal, and the budget gets used.
        #[test]
        fn the_limit_is_never_hit(
            limit in 5..200_u32,
            aligned in any::<bool>(),
            start in 0..60_000_i64,
            clock_ahead in -5000..5000_i64,
            steps in proptest::collection::vec((0..400_i64, 0..300_i64, 0..300_i64, 0..3_i16), 600..1200),
        ) {
            let rules = Rules::default();
            let mut service = Service { limit, aligned, ends: 0, used: 0, refused: 0, clock_ahead };
            let mut now = start;
            let mut window = Window::unknown(&rules, at(now));
            // (when, is_answer, observed): calls under way
            let mut under_way: Vec<(i64, bool, Option<Observed>, i64)> = Vec::new();
            let mut calls = 0;
            for (pause, out, back, lane) in steps {
                now += pause;
                under_way.sort_by_key(|event| event.0);
                while under_way.first().is_some_and(|event| event.0 <= now) {
                    let (when, is_answer, observed, back) = under_way.remove(0);
                    if is_answer {
                        window = learn(&window, &rules, at(when), &observed.unwrap_or_default());
                    } else {
                        let observed = service.call(when);
                        under_way.push((when + back, true, Some(observed), 0));
                        under_way.sort_by_key(|event| event.0);
                    }
                }
                let (granted, after) = grant(&window, &rules, at(now), Lane::of_number(lane), 1);
                window = after;
                if granted == Grant::Granted(1) {
                    calls += 1;
                    under_way.push((now + out, false, None, back));
                }
                prop_assert!(window.used <= window.limit.max(rules.default_limit));
            }
            prop_assert_eq!(service.refused, 0);
            prop_assert!(calls >= 3);
        }

        #[test]
        fn a_grant_fits_into_the_limit(limit in 1..500_u32, used in 0..600_u32, wanted in 0..1000_u32, lane in 0..3_i16, left in 0..70_000_i64) {
            let rules = Rules::default();
            let window = Window { limit, used, known: true, ends_at: at(left), ..Window::unknown(&rules, at(0)) };
            let (granted, after) = grant(&window, &rules, at(0), Lane::of_number(lane), wanted);
            match granted {
                Grant::Granted(count) => {
                    prop_assert!(count >= 1 && count <= wanted.max(1));
                    prop_assert!(after.used <= limit);
                }
                Grant::WaitUntil(then) => prop_assert!(then > at(0)),
            }
        }
    }

    #[test]
    fn before_anything_is_known_only_probes_go_out() {
        let rules = Rules::default();
        let mut window = Window::unknown(&rules, at(0));
        for _ in 0..3 {
            let (granted, after) = grant(&window, &rules, at(0), Lane::Interactive, 1);
            assert_eq!(granted, Grant::Granted(1));
            window = after;
        }
        let (granted, after) = grant(&window, &rules, at(0), Lane::Interactive, 1);
        assert_eq!(granted, Grant::WaitUntil(at(200)));
        let told = Observed {
            limit: Some(1000),
            remaining: Some(990),
            ..Observed::default()
        };
        let learned = learn(&after, &rules, at(100), &told);
        let (granted, after) = grant(&learned, &rules, at(100), Lane::Interactive, 5000);
        assert_eq!(granted, Grant::Granted(990));
        assert_eq!(
            grant(&after, &rules, at(100), Lane::Interactive, 1).0,
            Grant::WaitUntil(at(61_000))
        );
    }

    #[test]
    fn without_headers_the_default_holds() {
        let rules = Rules::default();
        let (_, window) = grant(
            &Window::unknown(&rules, at(0)),
            &rules,
            at(0),
            Lane::Interactive,
            1,
        );
        let window = learn(&window, &rules, at(0), &Observed::default());
        assert_eq!(
            grant(&window, &rules, at(0), Lane::Interactive, 1000).0,
            Grant::Granted(99)
        );
    }

    #[test]
    fn lower_lanes_leave_room_that_melts() {
        let rules = Rules::default();
        let window = Window {
            known: true,
            ..Window::unknown(&rules, at(0))
        };
        let most = |lane, now| match grant(&window, &rules, at(now), lane, 1000).0 {
            Grant::Granted(count) => count,
            Grant::WaitUntil(_) => 0,
        };
        assert_eq!(
            (
                most(Lane::Interactive, 0),
                most(Lane::Normal, 0),
                most(Lane::Bulk, 0)
            ),
            (100, 80, 50)
        );
        assert_eq!(
            (most(Lane::Normal, 31_000), most(Lane::Bulk, 31_000)),
            (90, 75)
        );
        assert!(most(Lane::Bulk, 60_500) >= 99);
    }

    #[test]
    fn waiting_lifts_a_lane() {
        assert_eq!(Lane::Bulk.after_waiting(TimeDelta::minutes(1)), Lane::Bulk);
        assert_eq!(
            Lane::Bulk.after_waiting(TimeDelta::minutes(6)),
            Lane::Normal
        );
        assert_eq!(
            Lane::Bulk.after_waiting(TimeDelta::minutes(16)),
            Lane::Interactive
        );
        assert_eq!(
            Lane::Normal.after_waiting(TimeDelta::minutes(6)),
            Lane::Interactive
        );
    }

    #[test]
    fn a_refusal_closes_the_window() {
        let rules = Rules::default();
        let window = Window {
            known: true,
            used: 10,
            ..Window::unknown(&rules, at(0))
        };
        let refused = Observed {
            refused_for: Some(TimeDelta::seconds(30)),
            ..Observed::default()
        };
        let window = learn(&window, &rules, at(40_000), &refused);
        assert_eq!(
            grant(&window, &rules, at(40_001), Lane::Interactive, 1).0,
            Grant::WaitUntil(at(71_000))
        );
    }

    #[test]
    fn others_with_the_same_token_count() {
        let rules = Rules::default();
        let (_, window) = grant(
            &Window::unknown(&rules, at(0)),
            &rules,
            at(0),
            Lane::Interactive,
            1,
        );
        let told = Observed {
            remaining: Some(7),
            mark: Some(50),
            resets_in: Some(TimeDelta::seconds(10)),
            ..Observed::default()
        };
        let window = learn(&window, &rules, at(0), &told);
        assert_eq!(
            grant(&window, &rules, at(1), Lane::Interactive, 100).0,
            Grant::Granted(7)
        );
    }
}
