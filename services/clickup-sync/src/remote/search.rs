//! The search for tasks by their marker: one walk through the newest tasks of the list serves all who wait for one.

use super::{CallError, Remote, Subject};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup::{ListQuery, Task};
use keylight_domain::sync::{budget::Lane, template};
use std::collections::HashMap;

/// Clocks may differ by this much.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// Pages of 100 tasks that one walk reads at most.
const PAGES: u32 = 50;

/// The last walk through each list.
#[derive(Default)]
pub struct LastWalk(tokio::sync::Mutex<HashMap<String, Walk>>);

struct Walk {
    began_at: DateTime<Utc>,
    from: DateTime<Utc>,
    found: HashMap<String, Task>,
}

/// What a search showed.
pub struct Found {
    /// The oldest task with the marker.
    pub task: Option<Task>,
    /// When the walk began: it says nothing about later.
    pub began_at: DateTime<Utc>,
}

impl Remote {
    /// Looks in `list` for the task with `marker`, made after `asked_at` (with room for clocks). A walk that began after `settled_at`
    /// is used again.
    ///
    /// # Errors
    /// When the list cannot be read to its end.
    pub async fn search(
        &self,
        subject: Subject<'_>,
        list: &str,
        marker: &str,
        asked_at: DateTime<Utc>,
        settled_at: DateTime<Utc>,
    ) -> Result<Found, CallError> {
        let mut walks = self.walk.0.lock().await;
        let from = asked_at - SKEW;
        let usable = walks
            .get(list)
            .is_some_and(|walk| walk.began_at >= settled_at && walk.from <= from);
        if !usable {
            // those who come next waited about as long: look a little further back for them too
            let walk = self.walk_list(subject, list, from - SKEW).await?;
            walks.insert(list.to_owned(), walk);
        }
        let walk = walks
            .get(list)
            .ok_or(CallError::Unclear("search without a result"))?;
        Ok(Found {
            task: walk.found.get(marker).cloned(),
            began_at: walk.began_at,
        })
    }

    async fn walk_list(
        &self,
        subject: Subject<'_>,
        list: &str,
        from: DateTime<Utc>,
    ) -> Result<Walk, CallError> {
        let mut walk = Walk {
            began_at: self.clock.now(),
            from,
            found: HashMap::new(),
        };
        for page in 0..PAGES {
            let query = ListQuery {
                page,
                // oldest first: tasks that are made meanwhile come at the end and shift nothing
                reverse: true,
                include_closed: true,
                subtasks: true,
                date_created_gt: Some(from.timestamp_millis()),
                ..ListQuery::default()
            };
            let call = self.client.list_tasks(list, &query);
            let read = self.call(Lane::Interactive, subject, call).await?;
            if read.unreadable > 0 {
                return Err(CallError::Unclear(
                    "a page of the list holds tasks that cannot be read",
                ));
            }
            for task in read.tasks {
                let texts = [
                    &task.text_content,
                    &task.description,
                    &task.markdown_description,
                ];
                let markers: Vec<String> = texts
                    .into_iter()
                    .flatten()
                    .flat_map(|text| template::markers(text))
                    .map(ToOwned::to_owned)
                    .collect();
                for marker in markers {
                    // the oldest stays: a copy that somebody made carries the same marker
                    walk.found.entry(marker).or_insert_with(|| task.clone());
                }
            }
            if read.last {
                return Ok(walk);
            }
        }
        Err(CallError::Unclear(
            "the list has too many new tasks to search through",
        ))
    }
}
