//! Tags of tasks and of the space they live in. Names are folded to lower case.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::body;
use super::change::TaskEdit;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::sim::Sim;
use crate::state::{Tag, World};
use crate::webhooks::history::Item;

const COLOURS: [&str; 6] = [
    "#800000", "#ff4081", "#1090e0", "#008844", "#7b68ee", "#e16b16",
];
/// Tags per space at most.
const MOST_TAGS: usize = 5_000;

/// `POST /task/{id}/tag/{name}`
pub(crate) async fn add(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((task, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        let actor = caller.actor;
        let space = space_of(change.world, &task)?;
        let name = name.trim().to_lowercase();
        let tag = known_tag(change.world, &space, &name, actor.user);
        let mut edit = TaskEdit::begin(change, actor, &task)?;
        // A tag that is there already tells nobody anything.
        if !edit.task.tags.contains(&name) {
            edit.task.tags.push(name.clone());
            let item = Item::new("tag", Value::Null, json!([tag_object(&tag)]));
            let told = format!("added the tag {name}");
            edit.record(&["taskTagUpdated", "taskUpdated"], item, told);
        }
        edit.finish();
        Ok(Json(json!({})))
    })
}

/// `DELETE /task/{id}/tag/{name}`
pub(crate) async fn remove(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((task, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        let space = space_of(change.world, &task)?;
        let name = name.trim().to_lowercase();
        let tag = change
            .world
            .workspace
            .space(&space)
            .and_then(|space| space.tags.iter().find(|tag| tag.name == name))
            .cloned();
        let mut edit = TaskEdit::begin(change, caller.actor, &task)?;
        if let Some(place) = edit.task.tags.iter().position(|tag| *tag == name) {
            edit.task.tags.remove(place);
            let gone: Vec<Value> = tag.iter().map(tag_object).collect();
            let item = Item::new("tag_removed", Value::Null, json!(gone));
            let told = format!("removed the tag {name}");
            edit.record(&["taskTagUpdated", "taskUpdated"], item, told);
        }
        edit.finish();
        Ok(Json(json!({})))
    })
}

/// `GET /space/{id}/tag`
pub(crate) async fn of_space(
    State(sim): State<Sim>,
    Path(space): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        let space = world.workspace.space(&space).ok_or(ApiError::UNKNOWN_ID)?;
        let tags: Vec<Value> = space
            .tags
            .iter()
            .map(|tag| json!({"name": tag.name, "tag_fg": tag.fg, "tag_bg": tag.bg}))
            .collect();
        Ok(Json(json!({"tags": tags})))
    })
}

/// `POST /space/{id}/tag`
pub(crate) async fn create_in_space(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(space): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let name = body
        .get("tag")
        .and_then(Value::as_object)
        .and_then(|tag| body::text(tag, "name"))
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .ok_or(ApiError::new(400, "TAGS_003", "Tag name required"))?;
    sim.change(|change| {
        if change.world.workspace.space(&space).is_none() {
            return Err(ApiError::UNKNOWN_ID);
        }
        known_tag(change.world, &space, &name, caller.actor.user);
        Ok(Json(json!({})))
    })
}

/// Tags given at creation: unknown ones are made, and no event tells of them.
pub(crate) fn of_new_task(
    world: &mut World,
    space: &str,
    user: u64,
    body: &Map<String, Value>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let wanted = body.get("tags").and_then(Value::as_array);
    for name in wanted.into_iter().flatten().filter_map(Value::as_str) {
        let name = name.trim().to_lowercase();
        if !name.is_empty() && !names.contains(&name) {
            known_tag(world, space, &name, user);
            names.push(name);
        }
    }
    names
}

fn known_tag(world: &mut World, space: &str, name: &str, user: u64) -> Tag {
    let found = world
        .workspace
        .space(space)
        .and_then(|space| space.tags.iter().find(|tag| tag.name == name));
    if let Some(tag) = found {
        return tag.clone();
    }
    let count = world
        .workspace
        .space(space)
        .map_or(0, |space| space.tags.len());
    let colour = COLOURS[count % COLOURS.len()];
    let tag = Tag {
        name: name.to_owned(),
        fg: colour.to_owned(),
        bg: colour.to_owned(),
        creator: user,
    };
    if count < MOST_TAGS {
        let kept = tag.clone();
        world.change_workspace(|workspace| {
            if let Some(space) = workspace.spaces.iter_mut().find(|s| s.id == space) {
                space.tags.push(kept);
            }
        });
    }
    tag
}

fn tag_object(tag: &Tag) -> Value {
    json!({
        "name": tag.name,
        "tag_fg": tag.fg,
        "tag_bg": tag.bg,
        "creator": tag.creator,
    })
}

fn space_of(world: &World, task: &str) -> Result<String, ApiError> {
    let task = world.task(task)?;
    world
        .workspace
        .list(&task.list)
        .map(|list| list.space.clone())
        .ok_or(ApiError::UNKNOWN_ID)
}
