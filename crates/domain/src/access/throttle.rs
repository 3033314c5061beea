//! How often somebody may try to sign in.
//!
//! An attempt counts before the password is looked at, so that many at once cannot all be let through; success takes it
//! back. The first ones are free, then each doubles the wait. A name waits little at the most: otherwise whoever knows it
//! could keep its owner out.

use chrono::{DateTime, TimeDelta, Utc};

/// Attempts are forgotten when there were none for so long.
pub const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(1);

/// What attempts are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The name that was typed, whether there is such an account or not.
    Name,
    /// The client's network address.
    Address,
}

impl Subject {
    /// Attempts without any wait.
    const fn free(self) -> u32 {
        match self {
            Subject::Name => 5,
            // many people may share one
            Subject::Address => 20,
        }
    }

    /// Longest wait in seconds.
    const fn longest(self) -> i64 {
        match self {
            Subject::Name => 60,
            Subject::Address => 900,
        }
    }
}

/// Attempts so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// Those that did not succeed.
    pub failures: u32,
    /// When the last one was.
    pub last_at: DateTime<Utc>,
    /// Nobody is let through before.
    pub blocked_until: Option<DateTime<Utc>>,
}

impl Attempts {
    /// Counts one more attempt at `now`.
    ///
    /// # Errors
    /// How long to wait; a refused attempt does not count.
    pub fn one_more(self, subject: Subject, now: DateTime<Utc>) -> Result<Self, TimeDelta> {
        if let Some(until) = self.blocked_until.filter(|until| now < *until) {
            return Err(until - now);
        }
        let earlier = if now - self.last_at > FORGOTTEN_AFTER {
            0
        } else {
            self.failures
        };
        let failures = earlier.saturating_add(1);
        let blocked_until = failures
            .checked_sub(subject.free())
            .map(|beyond| now + TimeDelta::seconds(wait(beyond, subject.longest())));
        Ok(Self {
            failures,
            last_at: now,
            blocked_until,
        })
    }
}

/// Seconds to wait after an attempt that lies `beyond` the free ones.
fn wait(beyond: u32, longest: i64) -> i64 {
    1_i64
        .checked_shl(beyond.min(62))
        .unwrap_or(longest)
        .min(longest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::<Utc>::default() + TimeDelta::seconds(seconds + 1_000_000)
    }

    #[test]
    fn free_ones_then_doubling_waits_up_to_the_longest() {
        let (mut attempts, mut now) = (Attempts::default(), 0);
        let mut waits = Vec::new();
        for _ in 0..14 {
            attempts = attempts.one_more(Subject::Name, at(now)).unwrap();
            let wait = attempts
                .blocked_until
                .map_or(0, |until| (until - at(now)).num_seconds());
            if wait > 0 {
                assert_eq!(
                    attempts.one_more(Subject::Name, at(now + wait - 1)),
                    Err(TimeDelta::seconds(1))
                );
            }
            waits.push(wait);
            now += wait;
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn an_hour_of_peace_is_forgiveness() {
        let many = Attempts {
            failures: 40,
            last_at: at(0),
            blocked_until: Some(at(60)),
        };
        assert_eq!(many.one_more(Subject::Name, at(3600)).unwrap().failures, 41);
        assert_eq!(many.one_more(Subject::Name, at(3601)).unwrap().failures, 1);
    }

    proptest! {
        #[test]
        fn an_hour_of_trying_never_gets_further_than_stated(gaps in prop::collection::vec(0_i64..20, 0..400)) {
            for (subject, most) in [(Subject::Name, 70), (Subject::Address, 40)] {
                let (mut attempts, mut now, mut through) = (Attempts::default(), 0, 0);
                for gap in &gaps {
                    now += gap;
                    if now >= 3600 {
                        break;
                    }
                    if let Ok(next) = attempts.one_more(subject, at(now)) {
                        attempts = next;
                        through += 1;
                    }
                }
                prop_assert!(through <= most, "{subject:?}: {through}");
            }
        }
    }
}
