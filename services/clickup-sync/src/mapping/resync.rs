//! Brings tasks under a newer version of the mapping. The list is read page by page, so that to look at a task costs the
//! hundredth part of a call; what is written anew costs one call each, in the bulk lane.

use crate::chores::Chore;
use crate::remote::{CallError, Remote, Subject, Surroundings, snapshot};
use crate::worker::{Snapshot, Worker};
use chrono::{DateTime, Utc};
use keylight_clickup::{Class, ListQuery, Task};
use keylight_domain::sync::budget::Lane;
use keylight_store::error::StoreError;
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How often it is looked whether there is anything to do.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// Pages per round; the next round goes on.
const PAGES: u32 = 10;
/// Tasks that are in no page (archived, moved away) are looked at one by one, so many per round.
const BITE: i64 = 500;

/// Where the walk through the lists is.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    version: i64,
    list: usize,
    page: u32,
}

/// The chore.
pub struct Resync {
    pool: PgPool,
    remote: Arc<Remote>,
    worker: Worker,
    wake: Arc<Notify>,
    // lost with the process: the walk then begins anew, and passes over what is done
    place: Mutex<Option<Place>>,
}

impl Resync {
    /// A chore that brings tasks up to date.
    #[must_use]
    pub fn new(pool: PgPool, remote: Arc<Remote>, worker: Worker, wake: Arc<Notify>) -> Self {
        Self {
            pool,
            remote,
            worker,
            wake,
            place: Mutex::new(None),
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<Place>> {
        // replaced as a whole
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Walks on; whether the end of the last list was reached.
    async fn walk(&self, known: &Surroundings) -> anyhow::Result<bool> {
        let version = known.mapping.version;
        let lists: Vec<&str> = known
            .mapping
            .lists()
            .filter(|(_, list)| !list.gone)
            .map(|(id, _)| id)
            .collect();
        let start = self
            .place()
            .clone()
            .filter(|place| place.version == version);
        let mut place = start.unwrap_or(Place {
            version,
            list: 0,
            page: 0,
        });
        for _ in 0..PAGES {
            let Some(list) = lists.get(place.list) else {
                return Ok(true);
            };
            *self.place() = Some(place.clone());
            let query = ListQuery {
                page: place.page,
                // oldest first: tasks that are made meanwhile come at the end and shift nothing
                reverse: true,
                include_closed: true,
                subtasks: true,
                ..ListQuery::default()
            };
            let read_at = self.worker.now();
            let call = self.remote.client.list_tasks(list, &query);
            let read = match self.remote.call(Lane::Bulk, Subject::none(), call).await {
                Ok(read) => read,
                Err(CallError::NotNow(_)) => return Ok(false),
                // what was in it is looked at one by one
                Err(CallError::Failed(error))
                    if matches!(error.class, Class::Gone | Class::Forbidden) =>
                {
                    self.remote.distrust_list();
                    place.list += 1;
                    place.page = 0;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let last = read.last;
            self.take_page(read.tasks, read_at, known).await?;
            if last {
                place.list += 1;
                place.page = 0;
            } else {
                place.page += 1;
            }
        }
        *self.place() = Some(place);
        Ok(false)
    }

    async fn take_page(
        &self,
        tasks: Vec<Task>,
        read_at: DateTime<Utc>,
        known: &Surroundings,
    ) -> anyhow::Result<()> {
        let ids: Vec<String> = tasks.iter().map(|task| task.id.clone()).collect();
        let behind = self.behind(&ids, known.mapping.version).await?;
        for task in tasks {
            let Some(submission_id) = behind.get(&task.id) else {
                continue;
            };
            let mapping = known.mapping.mapping(task.list_id.as_deref());
            let snapshot = Snapshot {
                view: snapshot::view_of(&task, mapping),
                updated_ms: task.date_updated,
                read_at,
            };
            // somebody else has it: they bring it up to date themselves
            self.worker.work_with(*submission_id, snapshot).await?;
        }
        Ok(())
    }

    /// The tasks among `tasks` that an older version wrote; from now on they wait in the bulk lane.
    async fn behind(
        &self,
        tasks: &[String],
        version: i64,
    ) -> Result<HashMap<String, i64>, StoreError> {
        let rows = sqlx::query!(
            r#"UPDATE sync.links SET lane = CASE WHEN due_at IS NULL THEN $3 ELSE lane END
                WHERE task_id = ANY($1) AND mapping_version < $2 AND progress = 'linked'
            RETURNING submission_id, task_id AS "task_id!""#,
            tasks,
            version,
            Lane::Bulk.number(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.task_id, row.submission_id))
            .collect())
    }

    /// What no page showed is looked at one by one.
    async fn wake_rest(&self, version: i64, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let woken = sqlx::query!(
            r#"UPDATE sync.links SET wanted_gen = wanted_gen + 1, wanted_at = $2, due_at = $2, lane = $3
                WHERE submission_id IN (
                    SELECT submission_id FROM sync.links
                     WHERE mapping_version < $1 AND progress = 'linked' AND due_at IS NULL LIMIT $4)"#,
            version,
            now,
            Lane::Bulk.number(),
            BITE,
        )
        .execute(&self.pool)
        .await?;
        Ok(woken.rows_affected())
    }

    /// Records that had no list may have one now.
    async fn wake_listless(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            r#"UPDATE sync.links SET due_at = $1
                WHERE due_at > $1 AND (lease_until IS NULL OR lease_until <= $1) AND progress = 'unborn' AND blocked @> '{list}'"#,
            now,
        )
        .execute(&self.pool)
        .await?;
        self.wake.notify_one();
        Ok(())
    }
}

impl Chore for Resync {
    const NAME: &'static str = "mapping-resync";

    /// The position is the version that all tasks have come to.
    async fn round(&self, began_at: DateTime<Utc>, position: i64) -> anyhow::Result<(i64, bool)> {
        let known = self.remote.surroundings().await?;
        let version = known.mapping.version;
        if position >= version {
            return Ok((position, true));
        }
        if self
            .place()
            .as_ref()
            .is_none_or(|place| place.version != version)
        {
            self.wake_listless(began_at).await?;
        }
        if !self.walk(&known).await? {
            return Ok((position, false));
        }
        let rest = self.wake_rest(version, began_at).await?;
        self.wake.notify_one();
        if rest > 0 {
            return Ok((position, false));
        }
        let behind = behind(&self.pool, version).await?;
        if behind > 0 {
            // on their way; the walk is over
            return Ok((position, false));
        }
        *self.place() = None;
        tracing::info!(version, "all tasks have come to the mapping");
        Ok((version, true))
    }
}

/// Tasks that `version` has not come to yet.
///
/// # Errors
/// When the database is away.
pub async fn behind(pool: &PgPool, version: i64) -> Result<i64, StoreError> {
    const COUNT_UP_TO: i64 = 100_000;
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (
               SELECT 1 FROM sync.links WHERE mapping_version < $1 AND progress = 'linked' LIMIT $2) behind"#,
        version,
        COUNT_UP_TO,
    )
    .fetch_one(pool)
    .await?;
    Ok(count)
}
