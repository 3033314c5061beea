//! Keeps the table that projects are searched by up to date, out of the way of the applications that make projects.

use crate::upkeep::Step;
use keylight_store::StoreError;
use sqlx::PgPool;

/// Takes in the new projects of at most `lots` rows of what is pending.
///
/// Any number of processes may do this at once: each takes rows of its own.
///
/// # Errors
/// When the database fails; then nothing was taken in.
pub async fn take_in(pool: &PgPool, lots: i64) -> Result<Step, StoreError> {
    // who changes a text meanwhile puts the newer one there, and that one stays
    let step = sqlx::query_as(
        "WITH taken AS (
             DELETE FROM entity.project_search_pending
             WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM entity.project_search_pending LIMIT $1 FOR UPDATE SKIP LOCKED))
             RETURNING ids
         ), chosen AS MATERIALIZED (
             SELECT DISTINCT unnest(ids) AS id FROM taken
         ), made AS (
             INSERT INTO entity.project_search (project_id, text)
             SELECT p.id, p.name || E'\\n' || coalesce(p.description, '')
             FROM chosen c CROSS JOIN LATERAL (
                 SELECT id, name, description FROM entity.projects o WHERE o.id = c.id LIMIT 1
             ) p
             ORDER BY p.id
             ON CONFLICT (project_id) DO NOTHING
         )
         SELECT (SELECT count(*) FROM taken) AS lots, (SELECT count(*) FROM chosen) AS rows",
    )
    .bind(lots)
    // planned each time: a plan from when the tables were nearly empty would read them from end to end
    .persistent(false)
    .fetch_one(pool)
    .await?;
    Ok(step)
}
