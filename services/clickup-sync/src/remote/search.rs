//! The search for tasks by their marker: one walk through the newest tasks of the list serves all who wait for one, and
//! the next walk goes on where the last one ended, so that a list that grows quickly is still read only once.

use super::{CallError, Remote, Subject};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup::{Class, ListQuery, Task};
use keylight_domain::sync::{budget::Lane, template};
use std::collections::HashMap;

/// Clocks may differ by this much.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// A task is in the list this long after its making at the latest.
const SHOWN_WITHIN: TimeDelta = TimeDelta::seconds(10);
/// Pages of 100 tasks that one try reads at most. The next one goes on from there.
const PAGES: u32 = 50;
/// Markers that are remembered of a list, some 100 bytes each; with more a walk begins anew.
const MOST: usize = 100_000;

/// How far each list was walked through.
#[derive(Default)]
pub struct LastWalk(tokio::sync::Mutex<HashMap<String, Walk>>);

struct Walk {
    /// Tasks made earlier were not looked at.
    from: DateTime<Utc>,
    /// The newest task that was looked at was made then, epoch milliseconds of ClickUp's clock.
    reached_ms: i64,
    /// When the last walk to the end of the list began; it says nothing about later.
    complete: Option<DateTime<Utc>>,
    /// Ids of the oldest tasks with these markers.
    found: HashMap<String, String>,
}

impl Walk {
    fn new(from: DateTime<Utc>) -> Self {
        Self {
            from,
            reached_ms: from.timestamp_millis(),
            complete: None,
            found: HashMap::new(),
        }
    }

    fn note(&mut self, task: &Task) {
        let texts = [
            &task.text_content,
            &task.description,
            &task.markdown_description,
        ];
        for text in texts.into_iter().flatten() {
            for marker in template::markers(text) {
                // the oldest stays: a copy that somebody made carries the same marker
                self.found
                    .entry(marker.to_owned())
                    .or_insert_with(|| task.id.clone());
            }
        }
        self.reached_ms = self.reached_ms.max(task.date_created.unwrap_or_default());
    }
}

/// What a search showed.
pub struct Found {
    /// The oldest task with the marker.
    pub task: Option<Task>,
    /// When the walk began: it says nothing about later.
    pub began_at: DateTime<Utc>,
}

impl Remote {
    /// Looks in `list` for the task with `marker`, made after `asked_at` (with room for clocks). What was read after
    /// `settled_at` is used again.
    ///
    /// # Errors
    /// When the list cannot be read to its end; what was read until then need not be read again.
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
        let walk = walks
            .entry(list.to_owned())
            // those who come next waited about as long: look a little further back for them too
            .or_insert_with(|| Walk::new(from - SKEW));
        if walk.from > from || walk.found.len() > MOST {
            *walk = Walk::new(from - SKEW);
        }
        if walk.complete.is_none_or(|began_at| began_at < settled_at) {
            // what was made while the call was on its way may have come to the list behind the last walk
            let behind = settled_at - asked_at + SHOWN_WITHIN;
            self.walk_on(subject, list, walk, behind).await?;
        }
        let began_at = walk
            .complete
            .ok_or(CallError::Unclear("search without a result"))?;
        let Some(id) = walk.found.get(marker) else {
            return Ok(Found {
                task: None,
                began_at,
            });
        };
        let task = match self
            .call(Lane::Interactive, subject, self.client.task(id))
            .await
        {
            Ok(task) => Some(task),
            // somebody has deleted it since
            Err(CallError::Failed(error)) if error.class == Class::Gone => {
                walk.found.remove(marker);
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Found { task, began_at })
    }

    /// Reads on to the end of the list, beginning `behind` the newest task that was looked at.
    async fn walk_on(
        &self,
        subject: Subject<'_>,
        list: &str,
        walk: &mut Walk,
        behind: TimeDelta,
    ) -> Result<(), CallError> {
        let began_at = self.clock.now();
        let after = (walk.reached_ms - behind.num_milliseconds()).max(walk.from.timestamp_millis());
        for page in 0..PAGES {
            let query = ListQuery {
                page,
                // oldest first: tasks that are made meanwhile come at the end and shift nothing
                reverse: true,
                include_closed: true,
                subtasks: true,
                date_created_gt: Some(after),
                ..ListQuery::default()
            };
            let call = self.client.list_tasks(list, &query);
            let read = self.call(Lane::Interactive, subject, call).await?;
            if read.unreadable > 0 {
                return Err(CallError::Unclear(
                    "a page of the list holds tasks that cannot be read",
                ));
            }
            for task in &read.tasks {
                walk.note(task);
            }
            if read.last {
                walk.complete = Some(began_at);
                return Ok(());
            }
        }
        Err(CallError::Unclear(
            "the list has too many new tasks to search through at once; the next try goes on from here",
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn task(id: &str, marker: &str, created_ms: i64) -> Task {
        serde_json::from_value(serde_json::json!({
            "id": id,
            "text_content": format!("A house. {marker}"),
            "date_created": created_ms.to_string(),
        }))
        .unwrap()
    }

    #[test]
    fn a_walk_remembers_the_oldest_of_each_marker_and_how_far_it_came() {
        let marker = template::markers("KL-7-0123456789abcdef0123456789abcdef").next();
        let Some(marker) = marker else {
            panic!("the form of markers has changed: give this test one of the new form");
        };
        let mut walk = Walk::new(DateTime::from_timestamp_millis(1_000).unwrap());
        walk.note(&task("first", marker, 5_000));
        walk.note(&task("copy", marker, 6_000));
        assert_eq!(walk.found[marker], "first");
        assert_eq!(walk.reached_ms, 6_000);
        assert!(walk.complete.is_none());
    }
}
