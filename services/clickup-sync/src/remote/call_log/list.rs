//! Asking the log. Newest first, page by page after the last entry of the page before, so a page costs the same however far back
//! it is, and calls that are made meanwhile move nothing.

use chrono::{DateTime, Utc};
use keylight_store::error::StoreError;
use sqlx::PgPool;

/// Which calls. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// For this submission.
    pub submission_id: Option<i64>,
    /// Of this chain of causes.
    pub correlation_id: Option<String>,
    /// With this outcome: `ok`, `abandoned`, or a class of failure.
    pub outcome: Option<String>,
    /// Only those that did not succeed.
    pub failed: bool,
    /// Answered at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Answered before this time.
    pub until: Option<DateTime<Utc>>,
}

/// An entry as it was stored.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Grows with the order of storing.
    pub id: i64,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// Method and route template.
    pub route: String,
    /// For whom.
    pub submission_id: Option<i64>,
    /// Number of the lane; entries of older versions have none.
    pub lane: Option<i16>,
    /// See [`Filter::outcome`].
    pub outcome: String,
    /// ClickUp's code of a refusal.
    pub ecode: Option<String>,
    /// HTTP status.
    pub status: Option<i32>,
    /// Duration in milliseconds.
    pub millis: i32,
    /// Calls left in the window.
    pub remaining: Option<i32>,
    /// Calls that a window has.
    pub call_limit: Option<i32>,
    /// From the form to the task and back.
    pub correlation_id: Option<String>,
}

/// The place of an entry, good for any filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    at: DateTime<Utc>,
    id: i64,
}

impl Position {
    /// Where an entry stands.
    #[must_use]
    pub fn of(entry: &Logged) -> Self {
        Self {
            at: entry.at,
            id: entry.id,
        }
    }

    /// As it travels to a client and back.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{}.{}", self.at.timestamp_micros(), self.id)
    }

    /// From the text of [`to_text`](Position::to_text).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        // beyond the calendar of the database
        (at < end_of_time()).then_some(())?;
        Some(Self {
            at,
            id: id.parse().ok()?,
        })
    }
}

/// Later than anything, and a time that PostgreSQL knows.
fn end_of_time() -> DateTime<Utc> {
    const SECONDS: i64 = 253_402_300_799;
    DateTime::from_timestamp(SECONDS, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// One statement for each condition that has an index, so that the database takes it; all others only narrow it down.
macro_rules! newest {
    ($strongest:tt, $pool:expr, $filter:expr, $before:expr, $most:expr) => {
        sqlx::query_as!(
            Logged,
            r#"SELECT id, at, route, submission_id, lane, outcome, ecode, status, millis, remaining, call_limit, correlation_id
                 FROM sync.api_calls
                WHERE "# + $strongest + r#"
                  AND ($1::bigint IS NULL OR submission_id = $1)
                  AND ($2::text IS NULL OR correlation_id = $2)
                  AND ($3::text IS NULL OR outcome = $3)
                  AND (outcome <> 'ok' OR NOT $4::boolean)
                  AND at >= $5 AND (at, id) < ($6, $7)
                ORDER BY at DESC, id DESC LIMIT $8"#,
            $filter.submission_id,
            $filter.correlation_id,
            $filter.outcome,
            $filter.failed,
            $filter.from.unwrap_or(DateTime::UNIX_EPOCH),
            $before.at,
            $before.id,
            $most,
        )
        .fetch_all($pool)
        .await
    };
}

/// The newest entries before `after`, at most `most`.
///
/// # Errors
/// When the database is away.
pub async fn page(
    pool: &PgPool,
    filter: &Filter,
    after: Option<Position>,
    most: i64,
) -> Result<Vec<Logged>, StoreError> {
    let until = Position {
        at: filter.until.unwrap_or_else(end_of_time).min(end_of_time()),
        id: i64::MIN,
    };
    let before = after.map_or(until, |after| after.min(until));
    let only_failures = filter.failed || filter.outcome.as_deref().is_some_and(|one| one != "ok");
    let rows = if filter.submission_id.is_some() {
        newest!("submission_id = $1", pool, filter, before, most)
    } else if filter.correlation_id.is_some() {
        newest!("correlation_id = $2", pool, filter, before, most)
    } else if only_failures {
        newest!("outcome <> 'ok'", pool, filter, before, most)
    } else {
        newest!("true", pool, filter, before, most)
    };
    Ok(rows?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_position_survives_its_travel() {
        let position = Position {
            at: DateTime::from_timestamp_micros(1_782_285_193_253_017).unwrap(),
            id: 42,
        };
        assert_eq!(Position::parse(&position.to_text()), Some(position));
        for text in [
            "",
            ".",
            "1",
            "1.x",
            "x.1",
            "9223372036854775807.1",
            "253402300799000000.1",
            "1.1.1",
        ] {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }
}
