//! The task object as the API shows it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::model::{Task, priority_name};
use super::view::View;
use super::{checklists, relations};
use crate::fields::value::render as render_value;
use crate::state::{Folder, List, Status, User, Workspace};

/// What an answer holds beyond the common keys.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extras {
    pub(crate) markdown: bool,
    /// Only the single GET has attachments.
    pub(crate) attachments: bool,
}

/// One task object.
pub(crate) fn task(view: &View, task: &Task, extras: Extras) -> Value {
    let workspace = &*view.workspace;
    let list = workspace.list(&task.list);
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    put("id", json!(task.id));
    put("custom_id", json!(view.custom_id(task)));
    put("custom_item_id", json!(task.custom_item_id));
    put("name", json!(task.name));
    put("text_content", json!(task.text));
    put("description", json!(task.text));
    if extras.markdown {
        put(
            "markdown_description",
            json!(task.markdown.as_ref().unwrap_or(&task.text)),
        );
    }
    put("status", status(list, &task.status));
    put(
        "orderindex",
        json!(format!("{}.{}", task.n, "0".repeat(32))),
    );
    put("date_created", time(Some(task.date_created)));
    put("date_updated", time(Some(task.date_updated)));
    put("date_closed", time(task.date_closed));
    put("date_done", time(task.date_done));
    put("archived", json!(task.archived));
    put(
        "creator",
        workspace.user(task.creator).map_or(Value::Null, creator),
    );
    put("assignees", people(workspace, &task.assignees));
    put("group_assignees", json!([]));
    put("watchers", people(workspace, &task.watchers));
    put("checklists", checklists::of_task(workspace, task));
    put("tags", tags(workspace, list, &task.tags));
    put("parent", json!(task.parent));
    put("top_level_parent", json!(task.top_parent));
    put("priority", priority(task.priority));
    put("due_date", time(task.due_date));
    put("start_date", time(task.start_date));
    put("points", json!(task.points));
    put("time_estimate", json!(task.time_estimate));
    put("time_spent", json!(0));
    put("custom_fields", custom_fields(view, list, task));
    put("dependencies", relations::dependencies(workspace, task));
    put("linked_tasks", relations::links(task));
    let locations = task.lists.iter().filter_map(|id| workspace.list(id));
    put(
        "locations",
        locations
            .map(|list| json!({"id": list.id, "name": list.name}))
            .collect(),
    );
    put("team_id", json!(workspace.id));
    put(
        "url",
        json!(format!("https://app.clickup.com/t/{}", task.id)),
    );
    put("sharing", sharing());
    put("permission_level", json!("create"));
    if let Some(list) = list {
        put(
            "list",
            json!({"id": list.id, "name": list.name, "access": true}),
        );
        let folder = workspace
            .folder(&list.folder)
            .map_or(Value::Null, folder_stub);
        // The folder appears twice, once under its old name.
        put("project", folder.clone());
        put("folder", folder);
        put("space", json!({"id": list.space}));
    }
    if extras.attachments {
        let objects = task.attachments.iter().map(|file| file.object(workspace));
        put("attachments", objects.collect());
    }
    Value::Object(out)
}

/// The objects of one page.
pub(crate) fn page(view: &View, tasks: &[Arc<Task>], extras: Extras) -> Vec<Value> {
    tasks.iter().map(|t| task(view, t, extras)).collect()
}

/// Times are read as text.
pub(crate) fn time(millis: Option<i64>) -> Value {
    millis.map_or(Value::Null, |millis| json!(millis.to_string()))
}

pub(crate) fn folder_stub(folder: &Folder) -> Value {
    json!({
        "id": folder.id,
        "name": folder.name,
        "hidden": folder.hidden,
        "access": true,
    })
}

fn status(list: Option<&List>, name: &str) -> Value {
    let known = list.and_then(|list| list.status(name, false));
    known.map_or_else(
        || json!({"status": name, "color": "#d3d3d3", "orderindex": 0, "type": "custom"}),
        |status| {
            json!({
                "id": status.id,
                "status": status.status,
                "color": status.color,
                "orderindex": status.orderindex,
                "type": status.kind.as_str(),
            })
        },
    )
}

/// A status inside a webhook: without its id.
pub(crate) fn event_status(status: &Status) -> Value {
    json!({
        "status": status.status,
        "color": status.color,
        "orderindex": status.orderindex,
        "type": status.kind.as_str(),
    })
}

pub(crate) fn priority(priority: Option<u8>) -> Value {
    priority.map_or(Value::Null, |priority| {
        let (name, color) = priority_name(priority);
        json!({
            "id": priority.to_string(),
            "priority": name,
            "color": color,
            "orderindex": priority.to_string(),
        })
    })
}

/// A person in arrays: with initials.
pub(crate) fn person(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "color": user.color,
        "initials": user.initials,
        "email": user.email,
        "profilePicture": null,
    })
}

/// A person in the lists of those with access.
pub(crate) fn member(user: &User) -> Value {
    let mut object = person(user);
    object["profileInfo"] = json!({
        "display_profile": null,
        "verified_ambassador": null,
        "verified_consultant": null,
        "top_tier_user": null,
        "viewed_verified_ambassador": null,
        "viewed_verified_consultant": null,
        "viewed_top_tier_user": null,
    });
    object
}

fn creator(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "color": user.color,
        "email": user.email,
        "profilePicture": null,
    })
}

fn people(workspace: &Workspace, ids: &[u64]) -> Value {
    ids.iter()
        .filter_map(|id| workspace.user(*id))
        .map(person)
        .collect()
}

fn tags(workspace: &Workspace, list: Option<&List>, names: &[String]) -> Value {
    let space = list.and_then(|list| workspace.space(&list.space));
    names
        .iter()
        .filter_map(|name| space?.tags.iter().find(|tag| tag.name == *name))
        .map(|tag| {
            json!({
                "name": tag.name,
                "tag_fg": tag.fg,
                "tag_bg": tag.bg,
                "creator": tag.creator,
            })
        })
        .collect()
}

/// Every field of the list; one without a value has no `value` key at all.
fn custom_fields(view: &View, list: Option<&List>, task: &Task) -> Value {
    let Some(list) = list else {
        return json!([]);
    };
    view.workspace
        .fields_of(list)
        .map(|field| {
            let mut object = field.definition();
            if let Some(value) = render_value(view, field, task)
                && let Some(object) = object.as_object_mut()
            {
                object.insert("value".into(), value);
                object.insert("value_richtext".into(), json!(""));
            }
            object
        })
        .collect()
}

fn sharing() -> Value {
    json!({
        "public": false,
        "public_share_expires_on": null,
        "public_fields": [
            "assignees", "priority", "due_date", "content", "comments", "attachments",
            "customFields", "subtasks", "tags", "checklists", "coverimage",
        ],
        "token": null,
        "seo_optimized": false,
    })
}
