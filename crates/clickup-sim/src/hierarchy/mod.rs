//! Workspace, people, spaces, folders and lists.

pub(crate) mod folders;
pub(crate) mod lists;
pub(crate) mod spaces;
pub(crate) mod statuses;
pub(crate) mod teams;

use serde_json::{Map, Value, json};

use crate::errors::ApiError;
use crate::state::{Status, World};
use crate::tasks::body;

/// # Errors
/// 401 when the id is not that of the one workspace.
pub(crate) fn check_team(world: &World, team: &str) -> Result<(), ApiError> {
    if world.workspace.id == team {
        Ok(())
    } else {
        Err(ApiError::UNKNOWN_ID)
    }
}

/// Statuses as lists and spaces show them.
pub(crate) fn status_objects(statuses: &[Status]) -> Value {
    statuses
        .iter()
        .map(|status| {
            json!({
                "id": status.id,
                "status": status.status,
                "type": status.kind.as_str(),
                "orderindex": status.orderindex,
                "color": status.color,
                "status_group": status.id.rsplit_once('_').map(|(group, _)| group),
            })
        })
        .collect()
}

/// A name in a write: absent, or not empty.
pub(crate) fn name(body: &Map<String, Value>) -> Result<Option<String>, ApiError> {
    match body::text(body, "name").map(str::trim) {
        None => Ok(None),
        Some("") => Err(ApiError::PLACE_NAME),
        Some(name) => Ok(Some(name.to_owned())),
    }
}
