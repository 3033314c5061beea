//! Folders. The hidden ones of folderless lists do not appear in listings.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use super::lists;
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::Sim;
use crate::state::{Folder, World};

/// `GET /space/{id}/folder`
pub(crate) async fn of_space(
    State(sim): State<Sim>,
    Path(space): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let archived = Query::parse(query.as_deref())?.flag("archived");
    sim.read(|world| {
        world.workspace.space(&space).ok_or(ApiError::UNKNOWN_ID)?;
        let folders: Vec<Value> = world
            .workspace
            .folders
            .iter()
            .filter(|folder| folder.space == space && !folder.hidden && !archived)
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
        let folder = world
            .workspace
            .folder(&folder)
            .ok_or(ApiError::UNKNOWN_ID)?;
        Ok(Json(object(world, folder)))
    })
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
        "override_statuses": false,
        "hidden": folder.hidden,
        "space": {"id": folder.space, "name": space_name, "access": true},
        "task_count": count.to_string(),
        "lists": lists,
    })
}
