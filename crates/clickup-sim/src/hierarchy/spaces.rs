//! Spaces.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use super::lists::FIRST_ID;
use super::{check_team, folders, name, status_objects, statuses};
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::{Change, Sim};
use crate::state::{Folder, Space, World};
use crate::tasks::body;
use crate::tasks::render::person;
use crate::webhooks::{Event, Scope};

/// Spaces at most.
const MOST_SPACES: usize = 200;

/// `GET /team/{id}/space`
pub(crate) async fn of_team(
    State(sim): State<Sim>,
    Path(team): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let archived = Query::parse(query.as_deref())?.flag("archived");
    sim.read(|world| {
        check_team(world, &team)?;
        let members: Vec<Value> = world
            .workspace
            .users
            .iter()
            .map(|user| json!({"user": person(user)}))
            .collect();
        let spaces: Vec<Value> = world
            .workspace
            .spaces
            .iter()
            .filter(|space| !space.deleted && !archived)
            .map(|space| {
                let mut object = object(space);
                object["color"] = Value::Null;
                object["avatar"] = Value::Null;
                object["admin_can_manage"] = json!(true);
                object["archived"] = json!(false);
                object["members"] = json!(members);
                object
            })
            .collect();
        Ok(Json(json!({"spaces": spaces})))
    })
}

/// `GET /space/{id}`
pub(crate) async fn get(
    State(sim): State<Sim>,
    Path(space): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        let space = world.space(&space)?;
        Ok(Json(object(space)))
    })
}

/// `POST /team/{id}/space`
pub(crate) async fn create(
    State(sim): State<Sim>,
    Path(team): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        check_team(change.world, &team)?;
        let name = name(&body)?.ok_or(ApiError::PLACE_NAME)?;
        let world = &mut *change.world;
        if world.workspace.spaces.len() >= MOST_SPACES {
            return Err(ApiError::TOO_MANY_PLACES);
        }
        let id = world.ids.digits(FIRST_ID).to_string();
        let space = Space {
            statuses: statuses::usual(&format!("p{id}")),
            id,
            name,
            tags: Vec::new(),
            deleted: false,
        };
        let kept = space.clone();
        world.change_workspace(|workspace| workspace.spaces.push(kept));
        announce(world, "spaceCreated", &space.id);
        Ok(Json(object(&space)))
    })
}

/// `PUT /space/{id}`: the name and, undocumented but observed, the statuses, which lists without
/// their own inherit.
pub(crate) async fn update(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        let mut space = change.world.space(&id)?.clone();
        if let Some(name) = name(&body)? {
            space.name = name;
        }
        if let Some(wanted) = body.get("statuses").and_then(Value::as_array) {
            space.statuses = statuses::read(&format!("p{id}"), wanted)?;
        }
        let kept = space.clone();
        change.world.change_workspace(|workspace| {
            if let Some(place) = workspace.spaces.iter_mut().find(|space| space.id == id) {
                *place = kept;
            }
        });
        statuses::hand_down(change.world, change.now);
        announce(change.world, "spaceUpdated", &id);
        Ok(Json(object(&space)))
    })
}

/// `DELETE /space/{id}`: its folders and lists go with it.
pub(crate) async fn delete(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| remove(change, &id))?;
    Ok(Json(json!({})))
}

/// Deletes a space with its folders and lists.
pub(crate) fn remove(change: &mut Change<'_>, id: &str) -> Result<(), ApiError> {
    change.world.space(id)?;
    let of_space = |folder: &&Folder| folder.space == id && !folder.deleted;
    let folders: Vec<String> = change
        .world
        .workspace
        .folders
        .iter()
        .filter(of_space)
        .map(|folder| folder.id.clone())
        .collect();
    for folder in folders {
        folders::remove(change, &folder)?;
    }
    change.world.change_workspace(|workspace| {
        if let Some(space) = workspace.spaces.iter_mut().find(|space| space.id == id) {
            space.deleted = true;
        }
    });
    announce(change.world, "spaceDeleted", id);
    Ok(())
}

/// Spaces tell no more than that they changed.
pub(crate) fn announce(world: &mut World, name: &'static str, space: &str) {
    world.events.push(Event {
        name,
        key: "space_id",
        id: space.to_owned(),
        place: Scope {
            space: Some(space.to_owned()),
            ..Scope::default()
        },
        items: Vec::new(),
    });
}

pub(crate) fn object(space: &Space) -> Value {
    let on = json!({"enabled": true});
    let off = json!({"enabled": false});
    json!({
        "id": space.id,
        "name": space.name,
        "private": false,
        "archived": false,
        "statuses": status_objects(&space.statuses),
        "multiple_assignees": true,
        "features": {
            "due_dates": {
                "enabled": true,
                "start_date": true,
                "remap_due_dates": false,
                "remap_closed_due_date": false,
            },
            "time_tracking": off,
            "tags": on,
            "time_estimates": on,
            "checklists": on,
            "custom_fields": on,
            "remap_dependencies": off,
            "dependency_warning": off,
            "portfolios": off,
            "sprints": off,
            "points": on,
            "custom_items": on,
            "zoom": off,
            "milestones": on,
            "multiple_assignees": on,
            "emails": off,
        },
    })
}
