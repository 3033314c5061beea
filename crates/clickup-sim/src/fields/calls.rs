//! Calls on custom fields: definitions, set, clear.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::Field;
use super::value::in_event;
use super::write::{Write, parse};
use crate::auth::Actor;
use crate::errors::ApiError;
use crate::sim::{Change, Sim};
use crate::state::Workspace;
use crate::tasks::body;
use crate::tasks::change::TaskEdit;
use crate::webhooks::history::Item;

/// `GET /list/{id}/field`
pub(crate) async fn of_list(
    State(sim): State<Sim>,
    Path(list): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        let list = world.list(&list)?;
        Ok(definitions(world.workspace.fields_of(list)))
    })
}

/// `GET /folder|space|team/{id}/field`: fields defined above the lists. There are none.
pub(crate) async fn of_higher_level() -> Json<Value> {
    definitions([].into_iter())
}

fn definitions<'a>(fields: impl Iterator<Item = &'a Field>) -> Json<Value> {
    let fields: Vec<Value> = fields.map(Field::definition).collect();
    Json(json!({"fields": fields}))
}

/// `POST /task/{id}/field/{field}`
pub(crate) async fn set(
    State(sim): State<Sim>,
    Extension(actor): Extension<Actor>,
    Path((task, field)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let Some(value) = body.get("value") else {
        return Err(ApiError::FIELD_VALUE);
    };
    let with_time = wants_time(&body);
    sim.change(|change| write(change, actor, &task, &field, value, with_time))?;
    Ok(Json(json!({})))
}

/// `DELETE /task/{id}/field/{field}`
pub(crate) async fn clear(
    State(sim): State<Sim>,
    Extension(actor): Extension<Actor>,
    Path((task, field)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| write(change, actor, &task, &field, &Value::Null, false))?;
    Ok(Json(json!({})))
}

/// Sets or clears one field of one task.
pub(crate) fn write(
    change: &mut Change<'_>,
    actor: Actor,
    task: &str,
    field: &str,
    value: &Value,
    with_time: bool,
) -> Result<(), ApiError> {
    let workspace = std::sync::Arc::clone(&change.world.workspace);
    let mut edit = TaskEdit::begin(change, actor, task)?;
    let Some(field) = applicable(&workspace, &edit.task.list, field) else {
        return Err(ApiError::FIELD_UNKNOWN);
    };
    edit.set_field(&workspace, field, value, with_time)?;
    edit.finish();
    Ok(())
}

/// The field, when it applies to tasks of this list.
pub(crate) fn applicable<'a>(
    workspace: &'a Workspace,
    list: &str,
    field: &str,
) -> Option<&'a Field> {
    workspace
        .list(list)?
        .fields
        .iter()
        .find(|id| *id == field)
        .and_then(|id| workspace.field(id))
}

pub(crate) fn wants_time(body: &Map<String, Value>) -> bool {
    body.get("value_options")
        .and_then(|options| options.get("time"))
        == Some(&Value::Bool(true))
}

impl TaskEdit<'_, '_> {
    /// Changes one field value and records the event.
    pub(crate) fn set_field(
        &mut self,
        workspace: &Workspace,
        field: &Field,
        value: &Value,
        with_time: bool,
    ) -> Result<(), ApiError> {
        let old = self.task.fields.get(&field.id).cloned();
        let new = match parse(self.world(), field, old.as_ref(), value, with_time)? {
            Write::Nothing => return Ok(()),
            Write::Clear => None,
            Write::Set(value) => Some(value),
        };
        if new == old {
            return Ok(());
        }
        let item = Item::new(
            "custom_field",
            in_event(field, old.as_ref()),
            in_event(field, new.as_ref()),
        )
        .extra("custom_field", field.event_definition(&workspace.id));
        let shown = new.as_ref().map_or_else(
            || "nothing".to_owned(),
            |value| super::value::for_people(workspace, field, value),
        );
        match new {
            Some(value) => self.task.fields.insert(field.id.clone(), value),
            None => self.task.fields.remove(&field.id),
        };
        self.record(
            &["taskUpdated"],
            item,
            format!("set {} to {shown}", field.name),
        );
        Ok(())
    }
}
