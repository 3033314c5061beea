//! Every call to ClickUp, for people who ask what happened: when, what, for which record, with what outcome, how long it took and
//! what was left of the budget. Nothing of what was sent or answered is kept.
//!
//! Entries gather in memory and are stored about once a second, so a call costs no statement of its own. While the database is
//! away they wait, up to a number; a process that is killed loses what it had not stored. How long rows are kept is a setting
//! (`chores/prune.rs`).

mod answer;
mod list;
mod store;

pub use answer::answer;
use list::{Filter, Logged, Position, page};

use super::Subject;
use chrono::{DateTime, Utc};
use keylight_domain::sync::budget::Lane;
use keylight_runtime::clock::Clock;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

/// Entries that wait for the database. At 10,000 calls a minute, the most that any plan allows, a minute's worth.
const MOST: usize = 10_000;

/// What stands for the route of a call whose answer nobody waited for.
const NO_ROUTE: &str = "not answered";

/// What a call came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Method and route template.
    pub route: &'static str,
    /// `ok`, or the class of the failure.
    pub outcome: &'static str,
    /// ClickUp's code of a refusal.
    pub ecode: Option<Box<str>>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Calls left in the window.
    pub remaining: Option<u32>,
    /// Calls that a window has.
    pub limit: Option<u32>,
}

/// One call.
#[derive(Debug, Clone)]
struct Entry {
    at: DateTime<Utc>,
    millis: i32,
    lane: Lane,
    submission_id: Option<i64>,
    correlation_id: Option<String>,
    came_to: Outcome,
}

/// Entries that wait to be stored.
#[derive(Default)]
pub struct CallLog {
    entries: Mutex<Vec<Entry>>,
    under_way: AtomicU32,
}

impl CallLog {
    /// A call begins. It is logged when it ends, or when nobody waits for it any more.
    pub fn begin<'a>(
        &'a self,
        clock: &'a dyn Clock,
        lane: Lane,
        subject: Subject<'a>,
    ) -> UnderWay<'a> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay {
            log: self,
            clock,
            lane,
            subject,
            began_at: clock.now(),
            came_to: None,
        }
    }

    /// Calls that have not ended.
    #[must_use]
    pub fn under_way(&self) -> u32 {
        self.under_way.load(Ordering::Acquire)
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        // every change leaves a list of whole entries, whatever panicked
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, entry: Entry) {
        let mut entries = self.entries();
        if entries.len() < MOST {
            entries.push(entry);
        } else {
            dropped(1);
        }
    }

    fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.entries())
    }

    /// Puts back what could not be stored, before what came meanwhile; the newest are let go if there are too many.
    fn put_back(&self, mut older: Vec<Entry>) {
        let mut entries = self.entries();
        older.append(&mut entries);
        if older.len() > MOST {
            dropped(older.len() - MOST);
            older.truncate(MOST);
        }
        *entries = older;
    }
}

/// A log with a hole says so.
fn dropped(count: usize) {
    metrics::counter!("keylight_clickup_call_log_dropped_total").increment(count as u64);
}

/// A call that has begun.
pub struct UnderWay<'a> {
    log: &'a CallLog,
    clock: &'a dyn Clock,
    lane: Lane,
    subject: Subject<'a>,
    began_at: DateTime<Utc>,
    came_to: Option<Outcome>,
}

impl UnderWay<'_> {
    /// It has ended.
    pub fn end(mut self, came_to: Outcome) {
        self.came_to = Some(came_to);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let at = self.clock.now();
        let came_to = self.came_to.take().unwrap_or(Outcome {
            route: NO_ROUTE,
            outcome: "abandoned",
            ecode: None,
            status: None,
            remaining: None,
            limit: None,
        });
        self.log.add(Entry {
            at,
            millis: i32::try_from((at - self.began_at).num_milliseconds()).unwrap_or(i32::MAX),
            lane: self.lane,
            submission_id: self.subject.submission_id,
            correlation_id: self.subject.correlation_id.map(ToOwned::to_owned),
            came_to,
        });
        // after the entry is there: who sees none under way finds them all
        self.log.under_way.fetch_sub(1, Ordering::Release);
    }
}

/// The name of a lane, for rows, answers and metrics.
#[must_use]
pub const fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Interactive => "interactive",
        Lane::Normal => "normal",
        Lane::Bulk => "bulk",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use keylight_runtime::clock::SystemClock;

    fn ok() -> Outcome {
        Outcome {
            route: "GET /v2/task/{task}",
            outcome: "ok",
            ecode: None,
            status: Some(200),
            remaining: Some(42),
            limit: Some(100),
        }
    }

    #[test]
    fn a_call_that_nobody_waits_for_is_logged_too() {
        let log = CallLog::default();
        let subject = Subject {
            submission_id: Some(7),
            correlation_id: Some("c-7"),
        };
        log.begin(&SystemClock, Lane::Normal, subject).end(ok());
        let cut = log.begin(&SystemClock, Lane::Bulk, subject);
        assert_eq!(log.under_way(), 1);
        drop(cut);
        assert_eq!(log.under_way(), 0);
        let entries = log.take();
        let seen: Vec<_> = entries
            .iter()
            .map(|entry| (entry.lane, entry.came_to.route, entry.came_to.outcome))
            .collect();
        assert_eq!(
            seen,
            [
                (Lane::Normal, "GET /v2/task/{task}", "ok"),
                (Lane::Bulk, NO_ROUTE, "abandoned")
            ]
        );
        assert_eq!(entries[1].correlation_id.as_deref(), Some("c-7"));
    }

    #[test]
    fn it_is_bounded_and_keeps_the_oldest() {
        let log = CallLog::default();
        let add = |submission_id| {
            let subject = Subject {
                submission_id: Some(submission_id),
                correlation_id: None,
            };
            log.begin(&SystemClock, Lane::Normal, subject).end(ok());
        };
        let most = i64::try_from(MOST).unwrap();
        for id in 0..most + 5 {
            add(id);
        }
        let waiting = log.take();
        assert_eq!(waiting.len(), MOST);
        add(-1);
        log.put_back(waiting);
        let entries = log.take();
        assert_eq!(entries.len(), MOST);
        assert_eq!(entries[0].submission_id, Some(0));
        assert_eq!(entries[MOST - 1].submission_id, Some(most - 1));
    }
}
