//! Folders. The hidden ones of folderless lists do not appear in listings.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use super::lists::{self, FIRST_ID};
use super::name;
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::{Change, Sim};
use crate::state::{Folder, World};
use crate::tasks::body;
use crate::webhooks::{Event, Scope};

/// Folders at most, hidden ones included.
const MOST_FOLDERS: usize = 2_500;

/// `GET /space/{id}/folder`
pub(crate) async fn of_space(
    State(sim): State<Sim>,
    Path(space): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let archived = Query::parse(query.as_deref())?.flag("archived");
    sim.read(|world| {
        world.space(&space)?;
        let folders: Vec<Value> = world
            .workspace
            .folders
            .iter()
            .filter(|folder| {
                folder.space == space && !folder.hidden && !folder.deleted && !archived
            })
            .map(|folder| object(world, folder))
            .collect();
        Ok(Json(json!({"folders": folders})))
    })
}

/// `GET /folder/{id}`
pub(crate) async fn get(
    State(sim): State<Sim>,
    Path(folder): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        let folder = world.folder(&folder)?;
        Ok(Json(object(world, folder)))
    })
}

/// `POST /space/{id}/folder`
pub(crate) async fn create(
    State(sim): State<Sim>,
    Path(space): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        let name = name(&body)?.ok_or(ApiError::PLACE_NAME)?;
        let world = &mut *change.world;
        world.space(&space)?;
        if world.workspace.folders.len() >= MOST_FOLDERS {
            return Err(ApiError::TOO_MANY_PLACES);
        }
        let folder = Folder {
            id: world.ids.digits(FIRST_ID).to_string(),
            name,
            space,
            hidden: false,
            statuses: None,
            deleted: false,
        };
        let kept = folder.clone();
        world.change_workspace(|workspace| workspace.folders.push(kept));
        announce(world, "folderCreated", &folder);
        Ok(Json(object(world, &folder)))
    })
}

/// `PUT /folder/{id}`
pub(crate) async fn update(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        let world = &mut *change.world;
        let mut folder = world.folder(&id)?.clone();
        if let Some(name) = name(&body)? {
            folder.name = name;
        }
        let kept = folder.clone();
        world.change_workspace(|workspace| {
            if let Some(place) = workspace.folders.iter_mut().find(|folder| folder.id == id) {
                *place = kept;
            }
        });
        announce(world, "folderUpdated", &folder);
        Ok(Json(object(world, &folder)))
    })
}

/// `DELETE /folder/{id}`: its lists go with it.
pub(crate) async fn delete(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        change.world.folder(&id)?;
        remove(change, &id)?;
        Ok(Json(json!({})))
    })
}

/// Deletes a folder with its lists. Hidden ones tell nobody, because nobody knows them.
pub(crate) fn remove(change: &mut Change<'_>, id: &str) -> Result<(), ApiError> {
    let lists: Vec<String> = change
        .world
        .workspace
        .lists
        .iter()
        .filter(|list| list.folder == id && !list.deleted)
        .map(|list| list.id.clone())
        .collect();
    for list in lists {
        lists::remove(change, &list)?;
    }
    let folder = change.world.folder(id)?.clone();
    change.world.change_workspace(|workspace| {
        if let Some(folder) = workspace.folders.iter_mut().find(|folder| folder.id == id) {
            folder.deleted = true;
        }
    });
    if !folder.hidden {
        announce(change.world, "folderDeleted", &folder);
    }
    Ok(())
}

pub(crate) fn announce(world: &mut World, name: &'static str, folder: &Folder) {
    world.events.push(Event {
        name,
        key: "folder_id",
        id: folder.id.clone(),
        place: Scope {
            folder: Some(folder.id.clone()),
            space: Some(folder.space.clone()),
            ..Scope::default()
        },
        items: Vec::new(),
    });
}

/// The folder without its lists.
pub(crate) fn stub(world: &World, folder: &Folder) -> Value {
    let mut object = object(world, folder);
    if let Some(object) = object.as_object_mut() {
        object.remove("lists");
    }
    object
}

fn object(world: &World, folder: &Folder) -> Value {
    let lists: Vec<Value> = world
        .workspace
        .lists
        .iter()
        .filter(|list| list.folder == folder.id && !list.deleted)
        .map(|list| lists::object(world, list))
        .collect();
    let space_name = world
        .workspace
        .space(&folder.space)
        .map(|space| space.name.clone());
    let count: usize = world
        .workspace
        .lists
        .iter()
        .filter(|list| list.folder == folder.id)
        .filter_map(|list| world.tasks.list(&list.id))
        .map(|index| index.created.len())
        .sum();
    json!({
        "id": folder.id,
        "name": folder.name,
        "orderindex": 0,
        "override_statuses": folder.statuses.is_some(),
        "hidden": folder.hidden,
        "space": {"id": folder.space, "name": space_name, "access": true},
        "task_count": count.to_string(),
        "lists": lists,
    })
}
