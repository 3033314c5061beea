//! Keeps the table that projects are searched by up to date, out of the way of the applications that make projects.

use keylight_store::StoreError;
use sqlx::PgPool;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often new projects are looked for. Until they are taken in, searches find them by reading them.
const EVERY: Duration = Duration::from_secs(2);
/// Most projects in one transaction.
const BATCH: i64 = 2000;

/// Takes new projects in until told to stop.
///
/// # Errors
/// Never: a failure is told and tried again.
pub async fn run(pool: PgPool, stopping: CancellationToken) -> anyhow::Result<()> {
    let mut failing = false;
    loop {
        let wait = match advance(&pool).await {
            Ok(more) => {
                failing = false;
                if more { Duration::ZERO } else { EVERY }
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(error = %error, "search table of projects is not kept up to date for now");
                }
                failing = true;
                EVERY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stopping.cancelled() => return Ok(()),
        }
    }
}

/// One step; says whether another is worth it at once. Any number of processes may do this: one at a time has its way.
///
/// # Errors
/// When the database fails.
pub async fn advance(pool: &PgPool) -> Result<bool, StoreError> {
    let behind = sqlx::query_scalar!(
        r#"SELECT s.upto < CASE WHEN q.is_called THEN q.last_value ELSE q.last_value - 1 END AS "behind!"
           FROM entity.project_search_state s, entity.projects_id_seq q"#,
    )
    .fetch_one(pool)
    .await?;
    if !behind {
        return Ok(false);
    }
    let mut transaction = pool.begin().await?;
    let Some(state) = sqlx::query!(
        r#"SELECT upto, ahead, ahead_xid <= pg_snapshot_xmin(pg_current_snapshot()) AS "settled!"
           FROM entity.project_search_state FOR UPDATE SKIP LOCKED"#,
    )
    .fetch_optional(&mut *transaction)
    .await?
    else {
        return Ok(false);
    };
    let mut more = false;
    let mut upto = state.upto;
    if state.settled && upto < state.ahead {
        // who changed a text meanwhile has put the newer one here
        let taken = sqlx::query!(
            r#"WITH next AS (
                   SELECT id, name || E'\n' || coalesce(description, '') AS text FROM entity.projects
                   WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3
               ), taken AS (
                   INSERT INTO entity.project_search (project_id, text) SELECT id, text FROM next
                   ON CONFLICT (project_id) DO NOTHING
               )
               SELECT count(*) AS "count!", max(id) AS last FROM next"#,
            upto,
            state.ahead,
            BATCH,
        )
        .fetch_one(&mut *transaction)
        .await?;
        more = taken.count == BATCH;
        upto = match taken.last {
            Some(last) if more => last,
            _ => state.ahead,
        };
        sqlx::query!("UPDATE entity.project_search_state SET upto = $1", upto)
            .execute(&mut *transaction)
            .await?;
    }
    if upto == state.ahead {
        // ids up to here are given out; who has one of them runs in a transaction that began before the next snapshot
        let ahead = sqlx::query_scalar!(
            r#"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS "last!" FROM entity.projects_id_seq"#
        )
        .fetch_one(&mut *transaction)
        .await?;
        if ahead > state.ahead {
            more = true;
            sqlx::query!(
                "UPDATE entity.project_search_state SET ahead = $1, ahead_xid = pg_snapshot_xmax(pg_current_snapshot())",
                ahead,
            )
            .execute(&mut *transaction)
            .await?;
        }
    }
    transaction.commit().await?;
    Ok(more)
}
