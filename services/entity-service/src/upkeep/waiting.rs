//! Tells how much is waiting.

use keylight_store::StoreError;
use sqlx::PgPool;

/// Tells the metrics how much waits, and gives the largest number of records of one kind.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell(pool: &PgPool) -> Result<i64, StoreError> {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM entity.submission_deltas) AS "deltas!",
               s.n AS "submissions!", u.n AS "people!", p.n AS "projects!",
               coalesce(extract(epoch FROM now() - least(s.oldest, u.oldest, p.oldest)), 0)::float8 AS "age!"
           FROM (SELECT coalesce(sum(cardinality(ids)), 0)::bigint AS n, min(at) AS oldest
                 FROM entity.submission_search_pending) s,
               (SELECT coalesce(sum(cardinality(ids)), 0)::bigint AS n, min(at) AS oldest
                FROM entity.people_pending) u,
               (SELECT coalesce(sum(cardinality(ids)), 0)::bigint AS n, min(at) AS oldest
                FROM entity.project_search_pending) p"#
    )
    .fetch_one(pool)
    .await?;
    #[expect(clippy::cast_precision_loss, reason = "gauges")]
    {
        metrics::gauge!("keylight_count_deltas").set(row.deltas as f64);
        metrics::gauge!("keylight_search_pending_submissions").set(row.submissions as f64);
        metrics::gauge!("keylight_search_pending_people").set(row.people as f64);
        metrics::gauge!("keylight_search_pending_projects").set(row.projects as f64);
    }
    metrics::gauge!("keylight_search_pending_oldest_seconds").set(row.age.max(0.0));
    Ok(row.submissions.max(row.people).max(row.projects))
}
