//! Keeps the search documents and their index up to date, away from those who write submissions.

use crate::upkeep::Step;
use keylight_store::StoreError;
use sqlx::PgPool;

/// One process at a time: two would only wait for each other. The number means nothing else.
const TURN: i64 = 0x6b65_796c_0002;

/// Brings the documents of at most `lots` rows of what is pending up to date. Nothing is done while another process is
/// at it.
///
/// # Errors
/// When the database fails; then nothing was done.
pub async fn refresh(pool: &PgPool, lots: i64) -> Result<Step, StoreError> {
    // A submission that is changed again meanwhile is pending again: whoever changes it says so in the same transaction.
    let step = sqlx::query_as(
        "WITH turn AS MATERIALIZED (
               SELECT pg_try_advisory_xact_lock($1) AS mine
           ), taken AS (
               DELETE FROM entity.submission_search_pending
               WHERE (SELECT mine FROM turn)
                   AND ctid = ANY (ARRAY(SELECT ctid FROM entity.submission_search_pending LIMIT $2))
               RETURNING ids
           ), chosen AS MATERIALIZED (
               SELECT DISTINCT unnest(ids) AS id FROM taken
           ), made AS MATERIALIZED (
               SELECT s.id, s.created_at, lower(concat_ws(chr(1), s.full_name, s.email_address,
                   coalesce(s.company_name, ''), coalesce(s.project_description, ''))) AS document
               FROM chosen c CROSS JOIN LATERAL (
                   SELECT * FROM entity.submissions o WHERE o.id = c.id LIMIT 1
               ) s
               WHERE s.deleted_at IS NULL
           ), gone AS (
               DELETE FROM entity.submission_search x
               WHERE x.ctid = ANY (ARRAY(
                   SELECT o.ctid FROM chosen c CROSS JOIN LATERAL (
                       SELECT ctid FROM entity.submission_search s WHERE s.submission_id = c.id LIMIT 1
                   ) o
                   WHERE NOT EXISTS (SELECT FROM made m WHERE m.id = c.id)))
           ), kept AS (
               INSERT INTO entity.submission_search AS x (submission_id, created_at, document)
               SELECT id, created_at, document FROM made ORDER BY id
               ON CONFLICT (submission_id)
                   DO UPDATE SET created_at = excluded.created_at, document = excluded.document
                   WHERE x.created_at IS DISTINCT FROM excluded.created_at OR x.document <> excluded.document
           )
           SELECT (SELECT count(*) FROM taken) AS lots, (SELECT count(*) FROM chosen) AS rows",
    )
    .bind(TURN)
    .bind(lots)
    // planned each time: a plan from when the tables were nearly empty would read them from end to end
    .persistent(false)
    .fetch_one(pool)
    .await?;
    Ok(step)
}

/// Makes the index of trigrams, unless it is there. The extension may be missing or forbidden: then search is slower,
/// and what is missing is told.
///
/// # Errors
/// When the database is away. A refusal is not an error: it is told as `Ok(false)`.
pub async fn ensure_index(pool: &PgPool) -> Result<bool, StoreError> {
    let there = sqlx::query_scalar!(
        r#"SELECT to_regclass('entity.submission_search_trigrams') IS NOT NULL AS "there!""#
    )
    .fetch_one(pool)
    .await?;
    if there {
        return Ok(true);
    }
    match make_index(pool).await {
        Ok(()) => Ok(true),
        Err(error @ sqlx::Error::Database(_)) => {
            let error = StoreError::from(error);
            if matches!(error, StoreError::Unavailable(_)) {
                return Err(error);
            }
            tracing::warn!(
                %error,
                "search has no index of trigrams and reads all texts: let an administrator run \
                 'CREATE EXTENSION pg_trgm' in this database and restart"
            );
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

async fn make_index(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", TURN)
        .execute(&mut *transaction)
        .await?;
    let known = schema_of_trigrams(&mut transaction).await?;
    if known.is_none() {
        sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
            .execute(&mut *transaction)
            .await?;
    }
    // the extension may have been put elsewhere
    let schema = known.unwrap_or_else(|| "public".to_owned());
    // What is inserted gathers in a list of its own, which searches read too: kept small, it costs neither side much.
    let statement = format!(
        "CREATE INDEX IF NOT EXISTS submission_search_trigrams ON entity.submission_search
         USING gin (document {schema}.gin_trgm_ops) WITH (fastupdate = on, gin_pending_list_limit = 1024)"
    );
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// The schema of the extension, quoted, if it is there.
async fn schema_of_trigrams(
    connection: &mut sqlx::PgConnection,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT quote_ident(n.nspname) AS "schema!" FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
           WHERE e.extname = 'pg_trgm'"#
    )
    .fetch_optional(connection)
    .await
}
