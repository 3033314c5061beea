//! Filling the workspace: people, spaces, folders, lists with statuses and fields, tasks.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::seed_forms::{FieldSeed, FolderSeed, ListSeed, Member, Seed, SpaceSeed, options};
use super::{Refusal, Who, read};
use crate::errors::ApiError;
use crate::fields::Field;
use crate::hierarchy::{lists, statuses};
use crate::ids::fixed_uuid;
use crate::sim::{Change, Sim};
use crate::state::{Folder, List, Space, User, Workspace};
use crate::tasks::create::create_task;

/// Things of one call at most.
const MOST: usize = 20_000;

/// `POST /_sim/seed`
pub(crate) async fn seed(
    State(sim): State<Sim>,
    axum::extract::Query(who): axum::extract::Query<Who>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let actor = who.actor(&sim)?;
    let seed: Seed = read(&bytes)?;
    let all_lists = || {
        let in_folders = seed.spaces.iter().flat_map(|space| &space.folders);
        let in_folders = in_folders.flat_map(|folder| &folder.lists);
        in_folders.chain(seed.spaces.iter().flat_map(|space| &space.lists))
    };
    let tasks: usize = all_lists().map(|list| list.tasks.len()).sum();
    if tasks + seed.fields.len() + seed.spaces.len() + all_lists().count() > MOST {
        return Err(Refusal::bad(format!("more than {MOST} things to make")));
    }
    let made = sim.change(|change| {
        if seed.replace {
            change.world.empty();
        }
        let mut workspace = Workspace::clone(&change.world.workspace);
        if let Some(name) = seed.name {
            workspace.name = name;
        }
        for member in seed.members {
            put_member(&mut workspace, member);
        }
        let fields: Vec<Value> = seed
            .fields
            .into_iter()
            .map(|field| put_field(&mut workspace, field))
            .collect();
        for template in seed.templates {
            workspace.templates.retain(|known| known.id != template.id);
            workspace.templates.push(template);
        }
        let mut to_make = Vec::new();
        let mut spaces = Vec::new();
        for space in seed.spaces {
            spaces.push(put_space(change, &mut workspace, space, &mut to_make)?);
        }
        change.world.change_workspace(|place| *place = workspace);
        statuses::hand_down(change.world, change.now);
        let mut tasks = Vec::new();
        for (list, task) in to_make {
            let task = create_task(change, actor, &list, &task)?;
            tasks.push(json!({"id": task.id, "list": list, "name": task.name}));
        }
        Ok(json!({"spaces": spaces, "fields": fields, "tasks": tasks}))
    })?;
    Ok(Json(made))
}

fn put_member(workspace: &mut Workspace, member: Member) {
    let initials: String = member
        .username
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    let id = member.id;
    let user = User {
        id,
        username: member.username,
        email: member.email,
        color: "#0f9d9f".into(),
        initials: initials.to_uppercase(),
        role: member.role.unwrap_or(3),
        personal_tokens: vec![member.personal_token.unwrap_or(format!("pk_{id}_MEMBER"))],
        oauth_tokens: member.oauth_token.into_iter().collect(),
    };
    workspace.users.retain(|known| known.id != id);
    workspace.users.push(user);
}

fn put_field(workspace: &mut Workspace, seed: FieldSeed) -> Value {
    let id = seed
        .id
        .unwrap_or_else(|| fixed_uuid(&format!("field/{}", seed.name)));
    let field = Field {
        name: seed.name,
        kind: seed.kind,
        options: options(&id, seed.options),
        date_created: 1_764_547_200_000,
        config: seed.config,
        required: seed.required,
        id,
    };
    let made = json!({"id": field.id, "name": field.name, "type": field.kind.as_str()});
    match workspace.fields.iter_mut().find(|f| f.id == field.id) {
        Some(known) => *known = field,
        None => workspace.fields.push(field),
    }
    made
}

type ToMake = Vec<(String, Map<String, Value>)>;

fn put_space(
    change: &mut Change<'_>,
    workspace: &mut Workspace,
    seed: SpaceSeed,
    to_make: &mut ToMake,
) -> Result<Value, ApiError> {
    let id = id_for(change, seed.id)?;
    let own = match &seed.statuses {
        Some(wanted) => Some(statuses::read(&format!("p{id}"), wanted)?),
        None => None,
    };
    match workspace.spaces.iter_mut().find(|space| space.id == id) {
        Some(space) => {
            space.name.clone_from(&seed.name);
            space.deleted = false;
            if let Some(own) = own {
                space.statuses = own;
            }
        }
        None => workspace.spaces.push(Space {
            statuses: own.unwrap_or_else(|| statuses::usual(&format!("p{id}"))),
            id: id.clone(),
            name: seed.name.clone(),
            tags: Vec::new(),
            deleted: false,
        }),
    }
    let mut folders = Vec::new();
    for folder in seed.folders {
        folders.push(put_folder(change, workspace, &id, folder, to_make)?);
    }
    let mut lists = Vec::new();
    for list in seed.lists {
        lists.push(put_list(change, workspace, &id, None, list, to_make)?);
    }
    Ok(json!({"id": id, "name": seed.name, "folders": folders, "lists": lists}))
}

fn put_folder(
    change: &mut Change<'_>,
    workspace: &mut Workspace,
    space: &str,
    seed: FolderSeed,
    to_make: &mut ToMake,
) -> Result<Value, ApiError> {
    let id = id_for(change, seed.id)?;
    let own = match &seed.statuses {
        Some(wanted) => Some(statuses::read(&format!("f{id}"), wanted)?),
        None => None,
    };
    let folder = Folder {
        id: id.clone(),
        name: seed.name.clone(),
        space: space.to_owned(),
        hidden: false,
        statuses: own,
        deleted: false,
    };
    workspace.folders.retain(|known| known.id != id);
    workspace.folders.push(folder);
    let mut lists = Vec::new();
    for list in seed.lists {
        lists.push(put_list(
            change,
            workspace,
            space,
            Some(&id),
            list,
            to_make,
        )?);
    }
    Ok(json!({"id": id, "name": seed.name, "lists": lists}))
}

fn put_list(
    change: &mut Change<'_>,
    workspace: &mut Workspace,
    space: &str,
    folder: Option<&str>,
    seed: ListSeed,
    to_make: &mut ToMake,
) -> Result<Value, ApiError> {
    let known = seed
        .id
        .as_deref()
        .and_then(|id| workspace.list(id))
        .cloned();
    let id = id_for(change, seed.id)?;
    let own = match &seed.statuses {
        Some(wanted) => Some(statuses::read(&format!("sc{id}"), wanted)?),
        None => known
            .as_ref()
            .filter(|list| list.override_statuses)
            .map(|list| list.statuses.clone()),
    };
    let folder = match (folder, &known) {
        (Some(folder), _) => folder.to_owned(),
        (None, Some(list)) => list.folder.clone(),
        (None, None) => {
            let hidden = id_for(change, None)?;
            workspace.folders.push(Folder {
                id: hidden.clone(),
                name: "hidden".into(),
                space: space.to_owned(),
                hidden: true,
                statuses: None,
                deleted: false,
            });
            hidden
        }
    };
    let mut fields = known
        .as_ref()
        .map(|list| list.fields.clone())
        .unwrap_or_default();
    for wanted in &seed.fields {
        let found = workspace
            .fields
            .iter()
            .filter(|field| wanted == "every" || field.id == *wanted || field.name == *wanted);
        let ids: Vec<String> = found.map(|field| field.id.clone()).collect();
        if ids.is_empty() {
            return Err(ApiError::FIELD_UNKNOWN);
        }
        for id in ids {
            if !fields.contains(&id) {
                fields.push(id);
            }
        }
    }
    let list = List {
        id: id.clone(),
        name: seed.name.clone(),
        space: space.to_owned(),
        content: seed.content,
        orderindex: i64::try_from(workspace.lists.len()).unwrap_or(i64::MAX),
        colour: known.as_ref().and_then(|list| list.colour.clone()),
        override_statuses: own.is_some(),
        statuses: own.unwrap_or_else(|| statuses::inherited(workspace, space, &folder)),
        folder,
        fields,
        deleted: false,
    };
    if let Some(old) = &known {
        statuses::rehome(change.world, old, &list, change.now);
    }
    match workspace.lists.iter_mut().find(|known| known.id == id) {
        Some(place) => *place = list,
        None => workspace.lists.push(list),
    }
    to_make.extend(seed.tasks.into_iter().map(|task| (id.clone(), task)));
    Ok(json!({"id": id, "name": seed.name}))
}

/// The id that is asked for, which must look like one, or a fresh one.
fn id_for(change: &mut Change<'_>, wanted: Option<String>) -> Result<String, ApiError> {
    match wanted {
        Some(id) if !id.is_empty() && id.len() <= 18 && id.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(id)
        }
        Some(_) => Err(ApiError::BAD_LIST_ID),
        None => Ok(change.world.ids.digits(lists::FIRST_ID).to_string()),
    }
}
