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

/// One statement for each condition that has an index, with that condition in plain sight and no other that cannot matter: a plan
/// that the database keeps knows no values, and takes an index only if it sees by the text alone that it is right.
macro_rules! newest {
    ($pool:expr, $condition:tt, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            Logged,
            r#"SELECT id, at, route, submission_id, lane, outcome, ecode, status, millis, remaining, call_limit, correlation_id
                 FROM sync.api_calls
                WHERE at >= $1 AND (at, id) < ($2, $3) AND ($5::text IS NULL OR outcome = $5) AND "# + $condition + r#"
                ORDER BY at DESC, id DESC LIMIT $4"#,
            $($value),+
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
    let from = filter.from.unwrap_or(DateTime::UNIX_EPOCH);
    let (at, id, outcome) = (before.at, before.id, filter.outcome.as_deref());
    let rows = if let Some(submission_id) = filter.submission_id {
        newest!(
            pool,
            "submission_id = $6 AND ($7::text IS NULL OR correlation_id = $7) AND (outcome <> 'ok' OR NOT $8::boolean)",
            from,
            at,
            id,
            most,
            outcome,
            submission_id,
            filter.correlation_id,
            filter.failed,
        )
    } else if let Some(chain) = &filter.correlation_id {
        newest!(
            pool,
            "correlation_id = $6 AND (outcome <> 'ok' OR NOT $7::boolean)",
            from,
            at,
            id,
            most,
            outcome,
            chain,
            filter.failed,
        )
    } else if only_failures {
        newest!(pool, "outcome <> 'ok'", from, at, id, most, outcome)
    } else {
        newest!(pool, "true", from, at, id, most, outcome)
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
