//! How long sessions and tokens count.

use crate::error::DomainError;
use chrono::{DateTime, TimeDelta, Utc};

/// A session ends when it was not used for so long.
pub const SESSION_IDLE: TimeDelta = TimeDelta::hours(12);
/// A session ends after this time, however much it is used.
pub const SESSION_LIFETIME: TimeDelta = TimeDelta::days(7);
/// Longest life of an API token, in days.
pub const MAX_TOKEN_DAYS: i32 = 3660;
/// Life of an API token when nobody says, in days.
const TOKEN_DAYS: i32 = 365;
/// Longest time in seconds that a replaced secret still works: 30 days.
pub const MAX_OVERLAP_SECONDS: i64 = 30 * 24 * 60 * 60;

/// When a session ends if it is not used again.
#[must_use]
pub fn session_end(created: DateTime<Utc>, used: DateTime<Utc>) -> DateTime<Utc> {
    (created + SESSION_LIFETIME).min(used + SESSION_IDLE)
}

/// The life of a token that is asked for in days; 0 means the usual one.
///
/// # Errors
/// When the number of days is out of range.
pub fn token_lifetime(days: i32) -> Result<TimeDelta, DomainError> {
    match days {
        0 => Ok(TimeDelta::days(i64::from(TOKEN_DAYS))),
        1..=MAX_TOKEN_DAYS => Ok(TimeDelta::days(i64::from(days))),
        _ => Err(DomainError::invalid(format!(
            "days must be 1 to {MAX_TOKEN_DAYS}"
        ))),
    }
}

/// How long a replaced secret still works.
///
/// # Errors
/// When the number of seconds is out of range.
pub fn overlap(seconds: i64) -> Result<TimeDelta, DomainError> {
    if (0..=MAX_OVERLAP_SECONDS).contains(&seconds) {
        Ok(TimeDelta::seconds(seconds))
    } else {
        Err(DomainError::invalid(format!(
            "overlap_seconds must be 0 to {MAX_OVERLAP_SECONDS}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_idle_or_old_whichever_comes_first() {
        let created = DateTime::<Utc>::default();
        let end = |hours: i64| session_end(created, created + TimeDelta::hours(hours)) - created;
        assert_eq!(end(0), TimeDelta::hours(12));
        assert_eq!(end(100), TimeDelta::hours(112));
        assert_eq!(end(160), TimeDelta::days(7));
    }

    #[test]
    fn lifetimes_have_bounds() {
        assert_eq!(token_lifetime(0), Ok(TimeDelta::days(365)));
        assert_eq!(token_lifetime(1), Ok(TimeDelta::days(1)));
        assert!(token_lifetime(-1).is_err() && token_lifetime(3661).is_err());
        assert_eq!(overlap(0), Ok(TimeDelta::zero()));
        assert!(overlap(-1).is_err() && overlap(MAX_OVERLAP_SECONDS + 1).is_err());
    }
}
