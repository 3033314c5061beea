//! `/user`, `/team` and what else hangs on the workspace.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::check_team;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::sim::Sim;
use crate::state::{User, World};
use crate::tasks::render::member as with_profile;

/// `GET /user`
pub(crate) async fn user(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        let user = world.workspace.user(caller.actor.user);
        let user = user.ok_or(ApiError::BAD_TOKEN)?;
        Ok(Json(json!({"user": {
            "id": user.id,
            "username": user.username,
            "email": user.email,
            "color": user.color,
            "profilePicture": null,
            "initials": user.initials,
            "week_start_day": 0,
            "global_font_support": false,
            "timezone": timezone(world.options.zone_offset_minutes),
        }})))
    })
}

/// A zone without summer time for the offset that the simulator uses.
fn timezone(offset_minutes: i64) -> String {
    match offset_minutes {
        -300 => "America/Bogota".to_owned(),
        0 => "UTC".to_owned(),
        // The sign of these names is turned round.
        other if other % 60 == 0 => format!("Etc/GMT{:+}", -other / 60),
        _ => "UTC".to_owned(),
    }
}

/// `GET /team`
pub(crate) async fn teams(State(sim): State<Sim>) -> Json<Value> {
    sim.read(|world| Json(json!({"teams": [team_object(world)]})))
}

/// `GET /team/{id}`
pub(crate) async fn team(
    State(sim): State<Sim>,
    Path(team): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        check_team(world, &team)?;
        Ok(Json(json!({"team": team_object(world)})))
    })
}

fn team_object(world: &World) -> Value {
    let members: Vec<Value> = world
        .workspace
        .users
        .iter()
        .map(|user| json!({"user": member(user)}))
        .collect();
    json!({
        "id": world.workspace.id,
        "name": world.workspace.name,
        "color": "#5f55ee",
        "avatar": null,
        "members": members,
    })
}

fn member(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "color": user.color,
        "profilePicture": null,
        "initials": user.initials,
        "role": user.role,
        "custom_role": null,
        "last_active": "1795305600000",
        "date_joined": "1764547200000",
        "date_invited": "1764547200000",
    })
}

/// `GET /list/{id}/member`: people with explicit access.
pub(crate) async fn list_members(
    State(sim): State<Sim>,
    Path(list): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        world.list(&list)?;
        let members: Vec<Value> = world.workspace.users.iter().map(with_profile).collect();
        Ok(Json(json!({"members": members})))
    })
}

/// `GET /team/{id}/custom_item`: the two types every workspace has.
pub(crate) async fn custom_items(
    State(sim): State<Sim>,
    Path(team): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        check_team(world, &team)?;
        let item = |id: u64, name: &str, plural: &str| {
            json!({
                "id": id,
                "name": name,
                "name_plural": plural,
                "description": null,
                "avatar": {"source": null, "value": null},
            })
        };
        Ok(Json(json!({"custom_items": [
            item(0, "Task", "Tasks"),
            item(1, "Milestone", "Milestones"),
        ]})))
    })
}

/// `GET /team/{id}/plan`
pub(crate) async fn plan(
    State(sim): State<Sim>,
    Path(team): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        check_team(world, &team)?;
        Ok(Json(json!({"plan_id": 3, "plan_name": "Business"})))
    })
}

/// `GET /group`: there are no user groups.
pub(crate) async fn groups() -> Json<Value> {
    Json(json!({"groups": []}))
}

/// Calls that need the Enterprise plan.
pub(crate) async fn not_in_plan() -> ApiError {
    ApiError::PLAN
}
