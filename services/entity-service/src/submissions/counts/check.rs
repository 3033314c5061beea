//! Whether the counts and the search documents are what the submissions say, and how to mend them.
//!
//! Both are kept by triggers and a task, so they cannot differ but by a defect, or by somebody who changed tables with
//! the triggers off. Mending takes no lock: what is found missing in one moment is added to what is there by then.

use keylight_store::StoreError;
use sqlx::PgConnection;

/// How far the derived tables are from the submissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Difference {
    /// Combinations of values whose count is wrong.
    pub combinations: i64,
    /// Single values whose count is wrong.
    pub values: i64,
    /// Hours whose count is wrong.
    pub hours: i64,
    /// Submissions whose search document is wrong, missing, or there although they are deleted.
    pub documents: i64,
}

impl Difference {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares with a real count of this moment: reads every submission.
///
/// # Errors
/// When the database fails.
pub async fn compare(connection: &mut PgConnection) -> Result<Difference, StoreError> {
    let difference = sqlx::query_as!(
        Difference,
        r#"SELECT (SELECT count(*) FROM entity.wrong_submission_combinations) AS "combinations!",
               (SELECT count(*) FROM entity.wrong_submission_values) AS "values!",
               (SELECT count(*) FROM entity.wrong_submission_hours) AS "hours!",
               (SELECT count(*) FROM entity.wrong_submission_documents) AS "documents!""#
    )
    .fetch_one(connection)
    .await?;
    Ok(difference)
}

/// Mends what is wrong, and says what was. Documents are made anew by the task soon after.
///
/// # Errors
/// When the database fails; then nothing was mended.
pub async fn mend(connection: &mut PgConnection) -> Result<Difference, StoreError> {
    let difference = sqlx::query_as!(
        Difference,
        r#"WITH combinations AS (
               INSERT INTO entity.submission_combinations AS c
                   (status, buyer_category, build_budget, construction_timeline, financing_plan, land_status,
                    sync_state, n)
               SELECT * FROM entity.wrong_submission_combinations
               ON CONFLICT (status, buyer_category, build_budget, construction_timeline, financing_plan, land_status,
                            sync_state)
                   DO UPDATE SET n = c.n + excluded.n
               RETURNING 1
           ), singles AS (
               INSERT INTO entity.submission_values AS v (kind, value, n)
               SELECT kind, value, n FROM entity.wrong_submission_values
               ON CONFLICT (kind, value) DO UPDATE SET n = v.n + excluded.n
               RETURNING 1
           ), hours AS (
               INSERT INTO entity.submission_hours AS h (hour, n)
               SELECT hour, n FROM entity.wrong_submission_hours
               ON CONFLICT (hour) DO UPDATE SET n = h.n + excluded.n
               RETURNING 1
           ), wrong AS (
               SELECT submission_id, (row_number() OVER () - 1) / 25 AS lot FROM entity.wrong_submission_documents
           ), documents AS (
               INSERT INTO entity.submission_search_pending (ids)
               SELECT array_agg(submission_id) FROM wrong GROUP BY lot
           )
           SELECT (SELECT count(*) FROM combinations) AS "combinations!", (SELECT count(*) FROM singles) AS "values!",
               (SELECT count(*) FROM hours) AS "hours!", (SELECT count(*) FROM wrong) AS "documents!""#
    )
    .fetch_one(connection)
    .await?;
    Ok(difference)
}
