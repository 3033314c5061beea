//! The state as one JSON value in which everything stands under its id, and the differences of two
//! such values.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::World;
use crate::hierarchy::{folders, lists, spaces};
use crate::tasks::comments;
use crate::tasks::render::{self, Extras};
use crate::tasks::view::View;

/// One place at which two states differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Keys from the outside in, joined by slashes: `tasks/86d…/status/status`.
    pub path: String,
    /// Absent when the place is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Absent when the place is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The state without secrets.
pub(crate) fn snapshot(world: &World, now_ms: i64) -> Value {
    let workspace = &world.workspace;
    let by_id = |objects: Vec<Value>| -> Value {
        let pairs = objects.into_iter().filter_map(|object| {
            let id = object["id"].as_str().map(str::to_owned);
            Some((id?, object))
        });
        Value::Object(pairs.collect())
    };
    let spaces = workspace.spaces.iter().filter(|space| !space.deleted);
    let folders = workspace
        .folders
        .iter()
        .filter(|folder| !folder.deleted && !folder.hidden);
    let lists = workspace.lists.iter().filter(|list| !list.deleted);
    let webhooks = world.webhooks.iter().map(|hook| {
        let mut object = hook.render(&workspace.id);
        if let Some(object) = object.as_object_mut() {
            object.remove("client_id");
            object.remove("secret");
        }
        object
    });
    let tasks: Vec<_> = world.tasks.all().cloned().collect();
    let view = View::of(world, now_ms, &tasks);
    let extras = Extras {
        markdown: true,
        attachments: true,
    };
    let tasks = tasks.iter().map(|task| {
        let mut object = render::task(&view, task, extras);
        let fields: Map<String, Value> = object["custom_fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|field| {
                let name = field["name"].as_str()?.to_owned();
                Some((name, field.get("value")?.clone()))
            })
            .collect();
        object["custom_fields"] = Value::Object(fields);
        let thread = world.comments(task.n);
        let comments = thread
            .iter()
            .map(|comment| comments::render(workspace, comment, thread));
        object["comments"] = by_id(comments.collect());
        object
    });
    json!({
        "spaces": by_id(spaces.map(spaces::object).collect()),
        "folders": by_id(folders.map(|folder| folders::stub(world, folder)).collect()),
        "lists": by_id(lists.map(|list| lists::object(world, list)).collect()),
        "fields": by_id(workspace.fields.iter().map(|field| field.definition()).collect()),
        "webhooks": by_id(webhooks.collect()),
        "tasks": by_id(tasks.collect()),
    })
}

/// Where two states differ, in the order of the paths. Arrays are compared as a whole.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(String::new(), Some(before), Some(after), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            for key in gone.chain(new.keys()) {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}/{key}")
                };
                walk(path, old.get(key), new.get(key), found);
            }
        }
        (old, new) if old == new => {}
        (old, new) => found.push(Difference {
            path,
            before: old.cloned(),
            after: new.cloned(),
        }),
    }
}
