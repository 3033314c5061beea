//! `DELETE /task/{id}`: subtasks go with it.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::change::task_event;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::sim::{Change, Sim};

pub(crate) async fn delete(
    State(sim): State<Sim>,
    Extension(_): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    sim.change(|change| delete_task(change, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a task and everything below it. The event names no user and no time.
pub(crate) fn delete_task(change: &mut Change<'_>, id: &str) -> Result<(), ApiError> {
    change.world.task(id)?;
    let mut doomed = vec![id.to_owned()];
    while let Some(id) = doomed.pop() {
        let children = change.world.tasks.children(&id);
        doomed.extend(children.into_iter().map(|child| child.id.clone()));
        if let Some(task) = change.world.remove_task(&id) {
            let event = task_event(change.world, "taskDeleted", &task, Vec::new());
            change.world.events.push(event);
        }
    }
    Ok(())
}
