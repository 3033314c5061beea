//! Links whose last try failed.

use chrono::{DateTime, Utc};
use keylight_store::error::StoreError;
use sqlx::PgPool;

/// Counting stops here.
const COUNT_UP_TO: i64 = 100_000;

/// Which failed links. Nothing said = all dead letters.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these; they need not be given up yet. Empty = all.
    pub ids: Vec<i64>,
    /// Only this kind.
    pub class: Option<String>,
    /// Only this list.
    pub list: Option<String>,
    /// Only those that began to fail at or after this time.
    pub from: Option<DateTime<Utc>>,
    /// Only those that began to fail before this time.
    pub to: Option<DateTime<Utc>>,
    /// Also those that are tried again by themselves.
    pub waiting_too: bool,
}

/// A failed link.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The submission.
    pub submission_id: i64,
    /// Its task.
    pub task_id: Option<String>,
    /// Its list, if it is not the one of the settings.
    pub list_id: Option<String>,
    /// Kind of trouble.
    pub class: String,
    /// Route, status and code.
    pub error: String,
    /// Failures of this kind in a row.
    pub attempts: i32,
    /// When they began.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was given up.
    pub dead_at: Option<DateTime<Utc>>,
    /// When it is tried again by itself.
    pub due_at: Option<DateTime<Utc>>,
    /// From the form to the task and back.
    pub correlation_id: Option<String>,
}

/// Failed links with an id above `after`, in the order of their ids. A link that names no list is in `list`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    pool: &PgPool,
    filter: &Filter,
    list: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Failure>, StoreError> {
    let failures = sqlx::query_as!(
        Failure,
        r#"SELECT submission_id, task_id, list_id, error_class AS "class!", COALESCE(error_text, '') AS "error!", attempts,
                  failing_since, dead_at, due_at, correlation_id
             FROM sync.links
            WHERE error_class IS NOT NULL AND submission_id > $1
              AND ($2::bigint[] = '{}' OR submission_id = ANY($2))
              AND (dead_at IS NOT NULL OR $7 OR $2::bigint[] <> '{}')
              AND ($3::text IS NULL OR error_class = $3)
              AND ($4::text IS NULL OR COALESCE(list_id, $8) = $4)
              AND ($5::timestamptz IS NULL OR COALESCE(failing_since, dead_at) >= $5)
              AND ($6::timestamptz IS NULL OR COALESCE(failing_since, dead_at) < $6)
            ORDER BY submission_id LIMIT $9"#,
        after,
        &filter.ids,
        filter.class,
        filter.list,
        filter.from,
        filter.to,
        filter.waiting_too,
        list,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(failures)
}

/// How many fit, as far as is counted.
///
/// # Errors
/// When the database fails.
pub async fn count(pool: &PgPool, filter: &Filter, list: &str) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (SELECT 1 FROM sync.links
            WHERE error_class IS NOT NULL
              AND ($1::bigint[] = '{}' OR submission_id = ANY($1))
              AND (dead_at IS NOT NULL OR $6 OR $1::bigint[] <> '{}')
              AND ($2::text IS NULL OR error_class = $2)
              AND ($3::text IS NULL OR COALESCE(list_id, $7) = $3)
              AND ($4::timestamptz IS NULL OR COALESCE(failing_since, dead_at) >= $4)
              AND ($5::timestamptz IS NULL OR COALESCE(failing_since, dead_at) < $5)
            LIMIT $8) f"#,
        &filter.ids,
        filter.class,
        filter.list,
        filter.from,
        filter.to,
        filter.waiting_too,
        list,
        COUNT_UP_TO,
    )
    .fetch_one(pool)
    .await?;
    Ok(count)
}

/// How many links have one kind of trouble.
#[derive(Debug, Clone)]
pub struct Count {
    /// Kind of trouble.
    pub class: String,
    /// Tried again by themselves.
    pub waiting: i64,
    /// Given up.
    pub dead: i64,
}

/// Trouble by kind, the most frequent first.
///
/// # Errors
/// When the database fails.
pub async fn counts(pool: &PgPool) -> Result<Vec<Count>, StoreError> {
    let counts = sqlx::query_as!(
        Count,
        r#"SELECT class AS "class!", count(*) FILTER (WHERE dead_at IS NULL) AS "waiting!",
                  count(*) FILTER (WHERE dead_at IS NOT NULL) AS "dead!"
             FROM (SELECT error_class AS class, dead_at FROM sync.links WHERE error_class IS NOT NULL LIMIT $1) f
            GROUP BY class ORDER BY count(*) DESC, class"#,
        COUNT_UP_TO,
    )
    .fetch_all(pool)
    .await?;
    Ok(counts)
}

/// Dead letters among these submissions.
///
/// # Errors
/// When the database fails.
pub async fn dead_among(pool: &PgPool, submissions: &[i64]) -> Result<Vec<i64>, StoreError> {
    let dead = sqlx::query_scalar!(
        "SELECT submission_id FROM sync.links WHERE submission_id = ANY($1) AND dead_at IS NOT NULL",
        submissions
    )
    .fetch_all(pool)
    .await?;
    Ok(dead)
}
