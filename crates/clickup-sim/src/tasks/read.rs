//! `GET /task/{id}` and what hangs on it.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::render::{self, Extras, member};
use super::view::View;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::Sim;

pub(crate) async fn get(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let extras = Extras {
        markdown: query.flag("include_markdown_description"),
        attachments: true,
    };
    let (view, task, children) = sim.read(|world| {
        let mut task = world.task(&id)?;
        if caller.stale
            && let Some(old) = world.tasks.previous(task.n)
        {
            task = Arc::clone(old);
        }
        let children = if query.flag("include_subtasks") {
            Some(world.tasks.children(&id))
        } else {
            None
        };
        let shown = children.iter().flatten().chain([&task]);
        let view = View::of(world, sim.now_ms(), shown);
        Ok::<_, ApiError>((view, task, children))
    })?;
    let mut object = render::task(&view, &task, extras);
    if let Some(children) = children {
        object["subtasks"] = json!(render::page(&view, &children, Extras::default()));
    }
    Ok(Json(object))
}

/// `GET /task/{id}/member`: people with explicit access, here the assignees.
pub(crate) async fn members(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        let task = world.task(&id)?;
        let members: Vec<Value> = task
            .assignees
            .iter()
            .filter_map(|id| world.workspace.user(*id))
            .map(member)
            .collect();
        Ok(Json(json!({"members": members})))
    })
}
