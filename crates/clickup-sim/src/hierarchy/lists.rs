//! Lists.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::{name, status_objects, statuses};
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::{Change, Sim};
use crate::state::{Folder, List, World};
use crate::tasks::body;
use crate::tasks::render::folder_stub;
use crate::webhooks::history::list_item;
use crate::webhooks::{Event, Scope};

/// Where ids of new lists and their hidden folders begin.
pub(crate) const FIRST_ID: u64 = 901_001_100_000;
/// Lists at most.
const MOST_LISTS: usize = 2_000;

/// `GET /space/{id}/list`: lists outside of folders only.
pub(crate) async fn of_space(
    State(sim): State<Sim>,
    Path(space): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let archived = Query::parse(query.as_deref())?.flag("archived");
    sim.read(|world| {
        world.space(&space)?;
        let hidden = |id: &str| {
            world
                .workspace
                .folder(id)
                .is_some_and(|folder| folder.hidden)
        };
        let lists: Vec<Value> = world
            .workspace
            .lists
            .iter()
            .filter(|list| list.space == space && hidden(&list.folder))
            .filter(|list| !list.deleted && !archived)
            .map(|list| object(world, list))
            .collect();
        Ok(Json(json!({"lists": lists})))
    })
}

/// `GET /folder/{id}/list`
pub(crate) async fn of_folder(
    State(sim): State<Sim>,
    Path(folder): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        world.folder(&folder)?;
        let lists: Vec<Value> = world
            .workspace
            .lists
            .iter()
            .filter(|list| list.folder == folder && !list.deleted)
            .map(|list| object(world, list))
            .collect();
        Ok(Json(json!({"lists": lists})))
    })
}

/// `GET /list/{id}`: a deleted list can still be read.
pub(crate) async fn get(
    State(sim): State<Sim>,
    Path(list): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| Ok(Json(object(world, world.list(&list)?))))
}

/// `POST /space/{id}/list`
pub(crate) async fn create_in_space(
    State(sim): State<Sim>,
    Path(space): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        change.world.space(&space)?;
        let folder = Folder {
            id: change.world.ids.digits(FIRST_ID).to_string(),
            name: "hidden".into(),
            space: space.clone(),
            hidden: true,
            statuses: None,
            deleted: false,
        };
        let id = folder.id.clone();
        create(change, &space, &id, Some(folder), &body)
    })
}

/// `POST /folder/{id}/list`
pub(crate) async fn create_in_folder(
    State(sim): State<Sim>,
    Path(folder): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        let space = change.world.folder(&folder)?.space.clone();
        create(change, &space, &folder, None, &body)
    })
}

fn create(
    change: &mut Change<'_>,
    space: &str,
    folder: &str,
    new_folder: Option<Folder>,
    body: &Map<String, Value>,
) -> Result<Json<Value>, ApiError> {
    let name = name(body)?.ok_or(ApiError::PLACE_NAME)?;
    let world = &mut *change.world;
    if world.workspace.lists.len() >= MOST_LISTS {
        return Err(ApiError::TOO_MANY_PLACES);
    }
    let statuses = statuses::inherited(&world.workspace, space, folder);
    let list = List {
        id: world.ids.digits(FIRST_ID).to_string(),
        name,
        folder: folder.to_owned(),
        space: space.to_owned(),
        content: body::text(body, "content").unwrap_or_default().to_owned(),
        orderindex: i64::try_from(world.workspace.lists.len()).unwrap_or(i64::MAX),
        colour: body::text(body, "status").map(str::to_owned),
        override_statuses: false,
        statuses,
        fields: Vec::new(),
        deleted: false,
    };
    let kept = list.clone();
    world.change_workspace(|workspace| {
        workspace.folders.extend(new_folder);
        workspace.lists.push(kept);
    });
    announce(world, "listCreated", &list, Vec::new());
    Ok(Json(object(change.world, &list)))
}

/// `PUT /list/{id}`: name, content and colour; and, undocumented but observed, the statuses.
pub(crate) async fn update(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        let now = change.now;
        let world = &mut *change.world;
        let old = world.list(&id)?.clone();
        let mut list = old.clone();
        if let Some(name) = name(&body)? {
            list.name = name;
        }
        if let Some(content) = body::text(&body, "content") {
            content.clone_into(&mut list.content);
        }
        if let Some(colour) = body::text(&body, "status") {
            list.colour = Some(colour.to_owned());
        }
        if body::flag(&body, "unset_status") == Some(true) {
            list.colour = None;
        }
        if let Some(wanted) = body.get("statuses").and_then(Value::as_array) {
            list.statuses = statuses::read(&format!("sc{id}"), wanted)?;
            list.override_statuses = true;
        }
        let mut items = Vec::new();
        if list.name != old.name {
            let (before, after) = (json!(old.name), json!(list.name));
            items.push(list_item(
                world,
                caller.actor,
                &id,
                "name",
                before,
                after,
                now,
            ));
        } else if list.content != old.content {
            let (before, after) = (json!(old.content), json!(list.content));
            items.push(list_item(
                world,
                caller.actor,
                &id,
                "content",
                before,
                after,
                now,
            ));
        }
        let kept = list.clone();
        world.change_workspace(|workspace| {
            if let Some(place) = workspace.lists.iter_mut().find(|list| list.id == id) {
                *place = kept;
            }
        });
        statuses::rehome(world, &old, &list, now);
        announce(world, "listUpdated", &list, items);
        Ok(Json(object(world, &list)))
    })
}

/// `DELETE /list/{id}`: its tasks go, the list itself stays readable.
pub(crate) async fn delete(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        change.world.list(&id)?;
        remove(change, &id)?;
        Ok(Json(json!({})))
    })
}

/// Deletes a list with its tasks.
pub(crate) fn remove(change: &mut Change<'_>, id: &str) -> Result<(), ApiError> {
    let list = change.world.list(id)?.clone();
    let tasks: Vec<String> = change
        .world
        .tasks
        .list(id)
        .into_iter()
        .flat_map(|index| &index.created)
        .filter_map(|(_, n)| change.world.tasks.by_number(*n))
        .map(|task| task.id.clone())
        .collect();
    for task in tasks {
        // A subtask may already have gone with its parent.
        let _ = crate::tasks::delete::delete_task(change, &task);
    }
    change.world.change_workspace(|workspace| {
        if let Some(list) = workspace.lists.iter_mut().find(|list| list.id == id) {
            list.deleted = true;
        }
    });
    announce(change.world, "listDeleted", &list, Vec::new());
    Ok(())
}

pub(crate) fn announce(world: &mut World, name: &'static str, list: &List, items: Vec<Value>) {
    world.events.push(Event {
        name,
        key: "list_id",
        id: list.id.clone(),
        place: Scope {
            task: None,
            list: Some(list.id.clone()),
            folder: Some(list.folder.clone()),
            space: Some(list.space.clone()),
        },
        items,
    });
}

/// The list object.
pub(crate) fn object(world: &World, list: &List) -> Value {
    let workspace = &world.workspace;
    let space_name = workspace.space(&list.space).map(|space| space.name.clone());
    let count = world
        .tasks
        .list(&list.id)
        .map_or(0, |index| index.created.len());
    json!({
        "id": list.id,
        "deleted": list.deleted,
        "name": list.name,
        "orderindex": list.orderindex,
        "content": list.content,
        "status": list.colour.as_ref().map(|colour| json!({
            "status": colour,
            "color": "#e50000",
            "hide_label": true,
        })),
        "priority": null,
        "assignee": null,
        "task_count": count,
        "due_date": null,
        "due_date_time": null,
        "start_date": null,
        "start_date_time": null,
        "folder": workspace.folder(&list.folder).map(folder_stub),
        "space": {"id": list.space, "name": space_name, "access": true},
        "inbound_address": format!("a.t.{}.sim@tasks.clickup.example", list.id),
        "archived": false,
        "override_statuses": list.override_statuses,
        "statuses": status_objects(&list.statuses),
        "permission_level": "create",
    })
}
