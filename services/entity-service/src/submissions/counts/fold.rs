//! Moves what statements appended into the totals.

use keylight_store::StoreError;
use sqlx::PgPool;

/// Rows that one step takes.
pub const STEP: i64 = 1_000;
/// One process at a time: two would only wait for each other. The number means nothing else.
const TURN: i64 = 0x6b65_796c_0001;

/// Folds at most [`STEP`] rows and says how many there were; 0 when there are none, or another process is at it.
///
/// # Errors
/// When the database fails; then nothing was folded.
pub async fn fold(pool: &PgPool) -> Result<i64, StoreError> {
    // One statement, so it is one transaction that is never held open.
    let folded = sqlx::query_scalar(
        "WITH turn AS MATERIALIZED (
               SELECT pg_try_advisory_xact_lock($1) AS mine
           ), gone AS (
               DELETE FROM entity.submission_deltas
               WHERE (SELECT mine FROM turn)
                   AND ctid = ANY (ARRAY(SELECT ctid FROM entity.submission_deltas LIMIT $2))
               RETURNING *
           ), combinations AS (
               INSERT INTO entity.submission_combinations AS c
                   (status, buyer_category, build_budget, construction_timeline, financing_plan, land_status,
                    sync_state, n)
               SELECT status, buyer_category, build_budget, construction_timeline, financing_plan, land_status,
                   sync_state, sum(n) AS n
               FROM gone GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(n) <> 0
               ON CONFLICT (status, buyer_category, build_budget, construction_timeline, financing_plan, land_status,
                            sync_state)
                   DO UPDATE SET n = c.n + excluded.n
           ), singles AS (
               INSERT INTO entity.submission_values AS v (kind, value, n)
               SELECT k.kind, k.value, sum(g.n) AS n
               FROM gone g CROSS JOIN LATERAL (VALUES ('all', NULL), ('status', g.status),
                   ('buyer_category', g.buyer_category), ('build_budget', g.build_budget),
                   ('construction_timeline', g.construction_timeline), ('financing_plan', g.financing_plan),
                   ('land_status', g.land_status), ('sync_state', g.sync_state)) AS k (kind, value)
               GROUP BY 1, 2 HAVING sum(g.n) <> 0
               ON CONFLICT (kind, value) DO UPDATE SET n = v.n + excluded.n
           ), hours AS (
               INSERT INTO entity.submission_hours AS h (hour, n)
               SELECT hour, sum(n) AS n FROM gone GROUP BY 1 HAVING sum(n) <> 0
               ON CONFLICT (hour) DO UPDATE SET n = h.n + excluded.n
           )
           SELECT count(*) FROM gone",
    )
    .bind(TURN)
    .bind(STEP)
    // planned each time: from when the table was nearly empty, the plan would look for each row in all of them
    .persistent(false)
    .fetch_one(pool)
    .await?;
    Ok(folded)
}
