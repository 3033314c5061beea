//! The counts and the position up to which the event log is counted in.

use super::fold::Deltas;
use chrono::NaiveDate;
use keylight_store::StoreError;
use sqlx::PgPool;

/// A place in the event log, ordered as the log is; the start is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The transaction that wrote the event. PostgreSQL counts to 2^64, half of which outlasts any installation.
    pub transaction: i64,
    /// The event's number.
    pub sequence: i64,
}

/// How far the read model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Where to read on.
    pub position: Position,
    /// Highest sequence number counted in.
    pub newest: i64,
    /// Events counted in since the read model was begun.
    pub events: i64,
}

/// How far the read model is.
///
/// # Errors
/// When the database does not answer.
pub async fn progress(pool: &PgPool) -> Result<Progress, StoreError> {
    let row = sqlx::query!("SELECT transaction, sequence, newest, events FROM analytics.position")
        .fetch_one(pool)
        .await?;
    Ok(Progress {
        position: Position {
            transaction: row.transaction,
            sequence: row.sequence,
        },
        newest: row.newest,
        events: row.events,
    })
}

/// What one batch of events comes to.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where the batch was read from.
    pub from: Position,
    /// Its last event.
    pub to: Position,
    /// Its highest sequence number.
    pub newest: i64,
    /// Its number of events.
    pub events: i64,
    /// What it changes.
    pub deltas: Deltas,
}

/// Takes the step: counts and position move in one statement, or, when somebody else has moved the position, nothing
/// does and the answer is `false`.
///
/// # Errors
/// When the database does not answer; then the step may or may not be taken, and reading the position tells.
pub async fn advance(pool: &PgPool, step: Step) -> Result<bool, StoreError> {
    let (days, statuses, changes) = step.deltas.into_columns();
    // The lock on the position comes first, here and in `forget`: the counts are only touched by who holds it.
    let moved = sqlx::query_scalar!(
        r#"WITH moved AS (
               UPDATE analytics.position
               SET transaction = $3, sequence = $4, newest = greatest(newest, $5), events = events + $6
               WHERE transaction = $1 AND sequence = $2
               RETURNING single
           ), counted AS (
               INSERT INTO analytics.submissions_daily AS held (day, status, count)
               SELECT change.day, change.status, change.count
               FROM unnest($7::date[], $8::text[], $9::bigint[]) AS change (day, status, count)
               WHERE EXISTS (SELECT FROM moved)
               ON CONFLICT (day, status) DO UPDATE SET count = held.count + excluded.count
           )
           SELECT EXISTS (SELECT FROM moved) AS "moved!""#,
        step.from.transaction,
        step.from.sequence,
        step.to.transaction,
        step.to.sequence,
        step.newest,
        step.events,
        &days,
        &statuses,
        &changes,
    )
    .fetch_one(pool)
    .await?;
    Ok(moved)
}

/// Forgets every count and begins at the start of the event log.
///
/// # Errors
/// When the database does not answer; then nothing is forgotten.
pub async fn forget(pool: &PgPool) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "UPDATE analytics.position SET transaction = 0, sequence = 0, newest = 0, events = 0"
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("DELETE FROM analytics.submissions_daily")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// One count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayStatusCount {
    /// Calendar day in UTC.
    pub day: NaiveDate,
    /// Status.
    pub status: String,
    /// Submissions of that day that have it now.
    pub count: i64,
}

/// The newest day up to `limit` that has any submission: the predecessor knew days of any century.
///
/// # Errors
/// When the database does not answer.
pub async fn newest_day(pool: &PgPool, limit: NaiveDate) -> Result<Option<NaiveDate>, StoreError> {
    let day = sqlx::query_scalar!(
        "SELECT max(day) FROM analytics.submissions_daily WHERE count <> 0 AND day <= $1",
        limit
    )
    .fetch_one(pool)
    .await?;
    Ok(day)
}

/// The counts from one day to another, both included, by day and status.
///
/// # Errors
/// When the database does not answer.
pub async fn counts(
    pool: &PgPool,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<DayStatusCount>, StoreError> {
    let counts = sqlx::query_as!(
        DayStatusCount,
        "SELECT day, status, count FROM analytics.submissions_daily
         WHERE day BETWEEN $1 AND $2 AND count <> 0 ORDER BY day, status",
        from,
        to,
    )
    .fetch_all(pool)
    .await?;
    Ok(counts)
}
