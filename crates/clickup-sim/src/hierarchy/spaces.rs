//! Spaces.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use super::{check_team, status_objects};
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::Sim;
use crate::state::Space;
use crate::tasks::render::person;

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
            .filter(|_| !archived)
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
        let space = world.workspace.space(&space).ok_or(ApiError::UNKNOWN_ID)?;
        Ok(Json(object(space)))
    })
}

fn object(space: &Space) -> Value {
    let on = json!({"enabled": true});
    let off = json!({"enabled": false});
    json!({
        "id": space.id,
        "name": space.name,
        "private": false,
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
        },
    })
}
