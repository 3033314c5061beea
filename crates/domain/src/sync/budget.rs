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
    /// This long before a window ends nothing is kept for anybody any more: what is left is spent rather than lost, and
    /// who comes after that waits no longer than this and the margin.
    pub tail: TimeDelta,
    /// Calls let out before anything is known about a window.
    pub probe: u32,
    /// Share of the limit kept for the interactive lane at the start of a window; it melts away until its tail.
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
            tail: TimeDelta::milliseconds(1_500),
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

    /// Closed by a refusal, whose words about the end count until then.
    fn is_refused(&self) -> bool {
        !self.known && self.mark == 0 && self.used >= self.limit
    }

    /// Calls left for a lane at this moment.
    #[must_use]
    fn free(&self, rules: &Rules, now: DateTime<Utc>, lane: Lane) -> u32 {
        let left = self.ends_at - rules.margin - rules.tail - now;
        let left = left.num_milliseconds().max(0);
        let whole = (rules.window - rules.tail).num_milliseconds().max(1);
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
        // kept for the lanes above; some of it melts free all the time
        now + TimeDelta::milliseconds(500)
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
    window.answered = (window.answered + 1).min(window.granted);
    let refused = observed.refused_for.is_some();
    if window.is_refused() && !refused {
        // sent before the refusal or beside it: which of both came first nobody knows, and the end of the wait is near
        return window;
    }
    window.known = true;
    if let Some(limit) = observed.limit.filter(|limit| *limit > 0) {
        window.limit = limit;
    }
    if let Some(mark) = observed.mark.filter(|_| !refused) {
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
        (window.mark, window.last_mark) = (0, 0);
    }
    window
}

#[cfg(test)]
mod tests;
