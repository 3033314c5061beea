//! Webhook management calls.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::{EVENTS, HookStatus, Scope, Webhook};
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::hierarchy::check_team;
use crate::sim::Sim;
use crate::state::World;
use crate::tasks::body;

/// Webhooks at most; the real service has a limit too.
const MOST_WEBHOOKS: usize = 1_000;

/// `POST /team/{id}/webhook`
pub(crate) async fn create(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(team): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let local_allowed = sim.config().allow_local_webhooks;
    sim.change(|change| {
        let world = &mut *change.world;
        check_team(world, &team)?;
        let endpoint = endpoint(&body, local_allowed)?;
        let events = events(&body)?;
        let scope = scope(world, &body)?;
        if world.webhooks.len() >= MOST_WEBHOOKS {
            return Err(ApiError::new(400, "OAUTH_172", "Too many webhooks"));
        }
        let twin = world.webhooks.iter().any(|hook| {
            hook.userid == caller.actor.user
                && hook.endpoint == endpoint
                && hook.scope == scope
                && same_events(&hook.events, &events)
        });
        if twin {
            return Err(ApiError::WEBHOOK_TWICE);
        }
        let webhook = Webhook {
            id: world.ids.uuid(),
            userid: caller.actor.user,
            client_id: caller.token.to_string(),
            endpoint,
            events,
            scope,
            status: HookStatus::Active,
            fail_count: 0,
            secret: world.ids.secret(),
        };
        let answer = json!({"id": webhook.id, "webhook": webhook.render(&team)});
        world.change_webhooks(|webhooks| webhooks.push(webhook));
        Ok(Json(answer))
    })
}

/// `GET /team/{id}/webhook`: those of this token's user only.
pub(crate) async fn list(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(team): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        check_team(world, &team)?;
        let own: Vec<Value> = world
            .webhooks
            .iter()
            .filter(|hook| hook.userid == caller.actor.user)
            .map(|hook| hook.render(&team))
            .collect();
        Ok(Json(json!({"webhooks": own})))
    })
}

/// `PUT /webhook/{id}`: also brings a suspended webhook back.
pub(crate) async fn update(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let local_allowed = sim.config().allow_local_webhooks;
    sim.change(|change| {
        let endpoint = match body.get("endpoint") {
            Some(_) => Some(endpoint(&body, local_allowed)?),
            None => None,
        };
        let events = match body.get("events") {
            Some(_) => Some(events(&body)?),
            None => None,
        };
        let activate = body.get("status").and_then(Value::as_str) == Some("active");
        let team = change.world.workspace.id.clone();
        change.world.change_webhooks(|webhooks| {
            let hook = webhooks
                .iter_mut()
                .find(|hook| hook.id == id && hook.userid == caller.actor.user)
                .ok_or(ApiError::UNKNOWN_ID)?;
            if let Some(endpoint) = endpoint {
                hook.endpoint = endpoint;
            }
            if let Some(events) = events {
                hook.events = events;
            }
            if activate {
                hook.status = HookStatus::Active;
                hook.fail_count = 0;
            }
            Ok(Json(json!({"id": hook.id, "webhook": hook.render(&team)})))
        })
    })
}

/// `DELETE /webhook/{id}`
pub(crate) async fn delete(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        change.world.change_webhooks(|webhooks| {
            let before = webhooks.len();
            webhooks.retain(|hook| hook.id != id || hook.userid != caller.actor.user);
            if webhooks.len() == before {
                return Err(ApiError::UNKNOWN_ID);
            }
            Ok(Json(json!({})))
        })
    })
}

fn same_events(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|event| b.contains(event))
}

/// Events given as a list, as `"*"`, or left out, which means all.
fn events(body: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let all = || EVENTS.iter().map(|event| (*event).to_owned()).collect();
    match body.get("events") {
        None => Ok(all()),
        Some(Value::String(star)) if star == "*" => Ok(all()),
        Some(Value::Array(list)) if list.iter().any(|event| event == "*") => Ok(all()),
        Some(Value::Array(list)) if !list.is_empty() => list
            .iter()
            .map(|event| {
                event
                    .as_str()
                    .filter(|event| EVENTS.contains(event))
                    .map(str::to_owned)
                    .ok_or(ApiError::WEBHOOK_EVENTS)
            })
            .collect(),
        Some(_) => Err(ApiError::WEBHOOK_EVENTS),
    }
}

/// The endpoint; without a scheme it means https.
fn endpoint(body: &Map<String, Value>, local_allowed: bool) -> Result<String, ApiError> {
    let text = body
        .get("endpoint")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty() && text.len() <= 2_000)
        .ok_or(ApiError::WEBHOOK_URL)?;
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = reqwest::Url::parse(&whole).map_err(|_| ApiError::WEBHOOK_URL)?;
    let host = url.host_str().unwrap_or_default();
    let web = matches!(url.scheme(), "http" | "https") && !host.is_empty();
    if !web || (!local_allowed && is_local(host)) {
        return Err(ApiError::WEBHOOK_URL);
    }
    Ok(whole)
}

fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_unspecified(),
            std::net::IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified(),
        };
    }
    !host.contains('.')
        || [".localhost", ".invalid", ".test", ".local", ".example"]
            .iter()
            .any(|end| host.ends_with(end))
}

fn scope(world: &World, body: &Map<String, Value>) -> Result<Scope, ApiError> {
    let id = |key: &str| match body.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let scope = Scope {
        task: id("task_id"),
        list: id("list_id"),
        folder: id("folder_id"),
        space: id("space_id"),
    };
    let workspace = &world.workspace;
    let known = scope
        .task
        .as_ref()
        .is_none_or(|id| world.tasks.get(id).is_some())
        && scope
            .list
            .as_ref()
            .is_none_or(|id| workspace.list(id).is_some())
        && scope
            .folder
            .as_ref()
            .is_none_or(|id| workspace.folder(id).is_some())
        && scope
            .space
            .as_ref()
            .is_none_or(|id| workspace.space(id).is_some());
    if known {
        Ok(scope)
    } else {
        Err(ApiError::UNKNOWN_ID)
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn local_hosts_are_known() {
        for host in ["localhost", "127.0.0.1", "10.1.2.3", "[::1]", "x.invalid"] {
            assert!(is_local(host), "{host}");
        }
        assert!(!is_local("hooks.keylight.com"));
    }
}
