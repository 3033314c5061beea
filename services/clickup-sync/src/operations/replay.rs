//! Trying failed links again.

use super::{
    Doer, book,
    failures::{self, Filter},
};
use crate::{
    links,
    worker::{Foreseen, Worker},
};
use chrono::{DateTime, Utc};
use keylight_domain::{
    error::DomainError,
    sync::{budget::Lane, trouble},
};
use keylight_store::error::StoreError;
use sqlx::PgPool;

/// Most records of one replay.
pub const MOST: i64 = 1000;
/// Records that a preview looks at one by one.
const FORESEEN: usize = 50;

/// What was or would be replayed.
#[derive(Debug, Default)]
pub struct Replayed {
    /// The records.
    pub ids: Vec<i64>,
    /// Records of the filter beyond the limit.
    pub left: i64,
    /// For a preview: the first of them, with what they would call.
    pub foreseen: Vec<(i64, Foreseen)>,
}

fn described(filter: &Filter) -> String {
    let mut said = Vec::new();
    match filter.ids.as_slice() {
        [] => {}
        [one] => said.push(format!("submission {one}")),
        many => said.push(format!("{} named submissions", many.len())),
    }
    if let Some(class) = &filter.class {
        said.push(format!("class {class}"));
    }
    if let Some(list) = &filter.list {
        said.push(format!("list {list}"));
    }
    if let Some(from) = filter.from {
        said.push(format!("failing since {} or later", from.to_rfc3339()));
    }
    if let Some(to) = filter.to {
        said.push(format!("failing since before {}", to.to_rfc3339()));
    }
    if said.is_empty() {
        said.push("all dead letters".to_owned());
    }
    said.join(", ")
}

/// Makes the links of `filter` due, the oldest ids first, and writes that into the book.
///
/// # Errors
/// When the database fails.
pub async fn replay(
    pool: &PgPool,
    now: DateTime<Utc>,
    filter: &Filter,
    list: &str,
    limit: i64,
    doer: &Doer,
) -> Result<Replayed, StoreError> {
    let (ids, left) = chosen(pool, filter, list, limit).await?;
    if ids.is_empty() {
        return Ok(Replayed::default());
    }
    let mut transaction = pool.begin().await?;
    let ids = revive(&mut transaction, now, &ids).await?;
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    book::write(
        &mut transaction,
        now,
        doer,
        "replay",
        &described(filter),
        count,
    )
    .await?;
    transaction.commit().await?;
    metrics::counter!("keylight_sync_replayed_total").increment(count.unsigned_abs());
    Ok(Replayed {
        ids,
        left,
        foreseen: Vec::new(),
    })
}

/// What [`replay`] would do. Makes no call to ClickUp.
///
/// # Errors
/// When the database fails or the system of record is away.
pub async fn preview(
    pool: &PgPool,
    worker: Option<&Worker>,
    filter: &Filter,
    list: &str,
    limit: i64,
) -> Result<Replayed, DomainError> {
    let (ids, left) = chosen(pool, filter, list, limit).await?;
    let mut foreseen = Vec::new();
    if let Some(worker) = worker {
        let shown = ids.get(..FORESEEN).unwrap_or(&ids);
        for claim in links::peek(pool, shown).await? {
            let id = claim.submission_id;
            foreseen.push((id, worker.foresee(claim).await?));
        }
    }
    Ok(Replayed {
        ids,
        left,
        foreseen,
    })
}

async fn chosen(
    pool: &PgPool,
    filter: &Filter,
    list: &str,
    limit: i64,
) -> Result<(Vec<i64>, i64), StoreError> {
    let found = failures::list(pool, filter, list, -1, limit).await?;
    let ids: Vec<i64> = found.iter().map(|failure| failure.submission_id).collect();
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let left = if count < limit {
        0
    } else {
        (failures::count(pool, filter, list).await? - count).max(0)
    };
    Ok((ids, left))
}

/// Makes failed links due, with the patience of the first time. One that a worker has in hand is left to it.
async fn revive(
    connection: &mut sqlx::PgConnection,
    now: DateTime<Utc>,
    ids: &[i64],
) -> Result<Vec<i64>, StoreError> {
    let revived = sqlx::query_scalar!(
        r#"UPDATE sync.links SET wanted_gen = wanted_gen + 1,
                  wanted_at = CASE WHEN wanted_gen > done_gen THEN wanted_at ELSE $2 END,
                  due_at = $2, lane = LEAST(lane, $3), attempts = 0, failing_since = NULL, dead_at = NULL,
                  state = CASE WHEN state = 'failed' THEN 'pending' ELSE state END,
                  -- a deleted task may be back
                  stale = stale OR progress = 'task_gone', updated_at = $2
            WHERE submission_id = ANY($1) AND error_class IS NOT NULL AND (lease_until IS NULL OR lease_until <= $2)
           RETURNING submission_id"#,
        ids,
        now,
        Lane::Normal.number(),
    )
    .fetch_all(connection)
    .await?;
    Ok(revived)
}

/// Tries again what a change of the list or the mapping may have mended.
///
/// # Errors
/// When the database fails.
pub async fn after_mapping_changed(
    pool: &PgPool,
    now: DateTime<Utc>,
    list: &str,
) -> Result<u64, StoreError> {
    let mut count = 0;
    for class in trouble::MENDED_BY_MAPPING {
        let filter = Filter {
            class: Some(class.to_owned()),
            ..Filter::default()
        };
        let doer = Doer {
            actor: "clickup-sync".to_owned(),
            reason: "the list in ClickUp or the mapping has changed".to_owned(),
            correlation_id: String::new(),
        };
        let done = replay(pool, now, &filter, list, MOST, &doer).await?;
        count += u64::try_from(done.ids.len()).unwrap_or(u64::MAX);
    }
    Ok(count)
}
