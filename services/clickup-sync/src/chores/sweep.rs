//! Looks through the tasks that changed lately. Webhooks are hints; this is what makes sure. A page of up to 100 tasks costs
//! one call, and what it shows is merged without another.

use super::{Chore, held};
use crate::operations::pauses;
use crate::remote::{CallError, Remote, Subject, Surroundings, snapshot};
use crate::worker::{Snapshot, Worker};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup::{Class, ListQuery, OrderBy, Task};
use keylight_domain::sync::{Base, View, budget::Lane, template};
use keylight_store::error::StoreError;
use sqlx::{PgPool, types::Json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

/// Pages per round; the next round goes on.
const PAGES: u32 = 10;
/// A pass of so many pages is no burden.
const EASY_PAGES: i64 = 3;
/// However long a pass was, it looks back by this much.
const SHORTEST_LOOK_BACK: TimeDelta = TimeDelta::seconds(10);
/// How far the first sweep of all looks back.
const FIRST_LOOK_BACK: TimeDelta = TimeDelta::hours(1);
/// Sweeps that are this late go before new applications.
const LATE: TimeDelta = TimeDelta::minutes(1);

/// The chore.
pub struct Sweep {
    pool: PgPool,
    remote: Arc<Remote>,
    worker: Worker,
    overlap: TimeDelta,
    /// where an incomplete pass stopped
    stopped: Mutex<Option<Stopped>>,
    /// pages that the last complete pass took
    pages: AtomicI64,
    /// when the last complete round began, epoch milliseconds
    completed: AtomicI64,
}

/// Where a pass through the lists goes on.
#[derive(Clone)]
struct Stopped {
    list: String,
    /// epoch milliseconds
    from: i64,
    /// pages of the pass so far
    pages: i64,
    /// how far the first list of the pass was read, epoch milliseconds
    reached: Option<i64>,
}

/// How far a list was read.
struct Walked {
    newest: i64,
    pages: i64,
    complete: bool,
}

struct SweptLink {
    submission_id: i64,
    base: Base,
    seen_ms: Option<i64>,
    unlinked: bool,
}

impl Sweep {
    /// A sweep that looks back by `overlap`.
    #[must_use]
    pub fn new(pool: PgPool, remote: Arc<Remote>, worker: Worker, overlap: TimeDelta) -> Self {
        Self {
            pool,
            remote,
            worker,
            overlap,
            stopped: Mutex::new(None),
            pages: AtomicI64::new(0),
            completed: AtomicI64::new(0),
        }
    }

    async fn links_of(&self, tasks: &[String]) -> Result<HashMap<String, SweptLink>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT submission_id, task_id AS "task_id!", base AS "base: Json<Base>", seen_ms,
                      progress = 'unlinked' AS "unlinked!"
                 FROM sync.links WHERE task_id = ANY($1)"#,
            tasks,
        )
        .fetch_all(&self.pool)
        .await?;
        let links = rows.into_iter().map(|row| {
            let link = SweptLink {
                submission_id: row.submission_id,
                base: row.base.0,
                seen_ms: row.seen_ms,
                unlinked: row.unlinked,
            };
            (row.task_id, link)
        });
        Ok(links.collect())
    }

    async fn take_page(
        &self,
        tasks: Vec<Task>,
        read_at: DateTime<Utc>,
        known: &Surroundings,
    ) -> anyhow::Result<()> {
        let ids: Vec<String> = tasks.iter().map(|task| task.id.clone()).collect();
        let links = self.links_of(&ids).await?;
        for task in tasks {
            let Some(link) = links.get(&task.id) else {
                self.look_at_stranger(&task).await?;
                continue;
            };
            let view = snapshot::view_of(&task, known.mapping.mapping(task.list_id.as_deref()));
            // an answer that is older than what is known says nothing
            let outdated = task.date_updated < link.seen_ms;
            if link.unlinked || outdated || shows_nothing_new(&view, &link.base) {
                continue;
            }
            metrics::counter!("keylight_sync_sweep_finds_total").increment(1);
            let snapshot = Snapshot {
                view,
                updated_ms: task.date_updated,
                read_at,
            };
            if !self.worker.work_with(link.submission_id, snapshot).await? {
                self.leave_hint(&task.id).await?;
            }
        }
        Ok(())
    }

    fn stopped(&self) -> std::sync::MutexGuard<'_, Option<Stopped>> {
        // replaced as a whole
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the tasks of a list that changed since `from`.
    async fn walk(
        &self,
        list: &str,
        from: i64,
        start: i64,
        lane: Lane,
        known: &Surroundings,
    ) -> anyhow::Result<Walked> {
        let mut walked = Walked {
            newest: start,
            pages: 0,
            complete: false,
        };
        for page in 0..PAGES {
            let query = ListQuery {
                page,
                order_by: OrderBy::Updated,
                // a task that changes during the walk moves to the end and is seen again
                reverse: true,
                include_closed: true,
                subtasks: true,
                date_updated_gt: Some(from),
                ..ListQuery::default()
            };
            let read_at = self.worker.now();
            let call = self.remote.client.list_tasks(list, &query);
            let read = match self.remote.call(lane, Subject::none(), call).await {
                Ok(read) => read,
                Err(error @ CallError::NotNow(_)) => {
                    tracing::debug!(error = %error, "sweep waits");
                    return Ok(walked);
                }
                // one list that is gone does not hold up the others
                Err(CallError::Failed(error))
                    if matches!(error.class, Class::Gone | Class::Forbidden) =>
                {
                    self.remote.distrust_list();
                    walked.complete = true;
                    return Ok(walked);
                }
                Err(error) => return Err(error.into()),
            };
            walked.pages += 1;
            let newest = read.tasks.iter().filter_map(|task| task.date_updated).max();
            self.take_page(read.tasks, read_at, known).await?;
            walked.newest = walked.newest.max(newest.unwrap_or(0));
            if read.last {
                walked.complete = true;
                break;
            }
        }
        Ok(walked)
    }

    /// A task without a link that carries one of our markers is a copy that somebody made, or one too many.
    async fn look_at_stranger(&self, task: &Task) -> Result<(), StoreError> {
        let markers: Vec<String> = template::markers(task.plain_description())
            .map(ToOwned::to_owned)
            .collect();
        if markers.is_empty() {
            return Ok(());
        }
        let other = sqlx::query_scalar!(
            r#"SELECT submission_id FROM sync.links WHERE marker = ANY($1) AND task_id IS NOT NULL AND task_id <> $2
                  AND submission_id = ANY($3) LIMIT 1"#,
            &markers,
            task.id,
            &markers.iter().filter_map(|marker| submission_of(marker)).collect::<Vec<i64>>(),
        )
        .fetch_optional(&self.pool)
        .await?;
        if let Some(submission_id) = other {
            metrics::counter!("keylight_sync_second_tasks_seen_total").increment(1);
            tracing::debug!(
                submission_id,
                task_id = task.id,
                "another task carries the marker of a submission"
            );
        }
        Ok(())
    }

    /// Somebody has the link: a hint that tells nothing has them look again when they are done.
    async fn leave_hint(&self, task_id: &str) -> Result<(), StoreError> {
        sqlx::query!(
            r#"WITH hint AS (
                   INSERT INTO sync.hints (delivery_id, task_id, history, received_at)
                   SELECT $1, $2, '[]', $3
                    -- one is enough, however often the sweep comes by while the link is held or paused
                    WHERE NOT EXISTS (SELECT 1 FROM sync.hints WHERE task_id = $2 AND history = '[]')
               )
               UPDATE sync.links SET wanted_gen = wanted_gen + 1,
                      due_at = CASE WHEN lease_until > $3 THEN due_at ELSE $3 END
                WHERE task_id = $2"#,
            self.worker.new_id(),
            task_id,
            self.worker.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How far this pass looks back. Behind a flood of changes, mostly our own, less has to do: reading them again and again
    /// would cost more than the flood.
    fn look_back(&self) -> i64 {
        let pages = self.pages.load(Ordering::Relaxed).max(1);
        let overlap = self.overlap.num_milliseconds();
        (overlap * EASY_PAGES / pages.max(EASY_PAGES))
            .max(SHORTEST_LOOK_BACK.num_milliseconds().min(overlap))
    }
}

fn submission_of(marker: &str) -> Option<i64> {
    marker.strip_prefix("KL-")?.split('-').next()?.parse().ok()
}

fn shows_nothing_new(shown: &View, base: &Base) -> bool {
    !base.is_empty()
        && shown
            .iter()
            .all(|(field, value)| base.get(field).is_none_or(|agreed| agreed.theirs == *value))
}

impl Chore for Sweep {
    const NAME: &'static str = "sweep";

    async fn round(&self, began_at: DateTime<Utc>, position: i64) -> anyhow::Result<(i64, bool)> {
        let pauses = pauses::list(&self.pool).await?;
        if pauses.iter().any(|pause| pause.scope == "all") {
            // goes on from here when it is over
            return Ok((position, false));
        }
        let is_paused = |list: &str| {
            let mut pauses = pauses.iter();
            pauses.any(|pause| pause.scope == "list" && pause.key == list)
        };
        let known = self.remote.surroundings().await?;
        let start = if position > 0 {
            position
        } else {
            (began_at - FIRST_LOOK_BACK).timestamp_millis()
        };
        let late = began_at.timestamp_millis() - self.completed.load(Ordering::Relaxed)
            > LATE.num_milliseconds();
        let lane = if late {
            Lane::Interactive
        } else {
            Lane::Normal
        };
        let lists: Vec<&str> = known
            .mapping
            .lists()
            .filter(|(_, list)| !list.gone)
            .map(|(id, _)| id)
            .collect();
        if !lists.is_empty() && lists.iter().all(|list| is_paused(list)) {
            return Ok((position, false));
        }
        let held = held::read(&self.pool).await?;
        for list in held.keys().filter(|list| !known.mapping.knows(list)) {
            held::release(&self.pool, list).await?;
        }
        let stopped = self.stopped().take();
        // a list that is no longer swept: the pass begins anew
        let place = stopped
            .as_ref()
            .and_then(|stopped| lists.iter().position(|list| *list == stopped.list));
        let stopped = stopped.filter(|_| place.is_some());
        let mut pages = stopped.as_ref().map_or(0, |stopped| stopped.pages);
        // What changes in a list after it was read is later than this, so the next pass sees it.
        let mut reached = stopped.as_ref().and_then(|stopped| stopped.reached);
        let mut going_on = stopped.map(|stopped| stopped.from - 1);
        for list in lists.iter().skip(place.unwrap_or(0)) {
            let held_from = held.get(*list).copied();
            let from = going_on
                .take()
                .or(held_from)
                .unwrap_or_else(|| start - self.look_back());
            if is_paused(list) {
                if held_from.is_none() {
                    held::hold(&self.pool, list, from).await?;
                }
                continue;
            }
            // what was held goes on where it was left, however far the others are
            let floor = if held_from.is_some() { from } else { start };
            let walked = self.walk(list, from, floor, lane, &known).await?;
            pages += walked.pages;
            if !walked.complete {
                *self.stopped() = Some(Stopped {
                    list: (*list).to_owned(),
                    from: walked.newest.max(from + 2),
                    pages,
                    reached,
                });
                let position = if lists.len() == 1 {
                    walked.newest.max(start)
                } else {
                    start
                };
                return Ok((position, false));
            }
            if held_from.is_some() {
                held::release(&self.pool, list).await?;
            }
            reached.get_or_insert(walked.newest.max(start));
        }
        self.pages.store(pages, Ordering::Relaxed);
        self.completed
            .store(began_at.timestamp_millis(), Ordering::Relaxed);
        Ok((reached.unwrap_or(start), true))
    }
}
