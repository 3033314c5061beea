//! Webhooks: registration, events, deliveries.

pub(crate) mod calls;
pub(crate) mod delivery;
pub(crate) mod history;
pub mod signature;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::state::World;
use delivery::Job;

/// Every event a webhook can subscribe to.
pub(crate) const EVENTS: [&str; 28] = [
    "taskCreated",
    "taskUpdated",
    "taskDeleted",
    "taskPriorityUpdated",
    "taskStatusUpdated",
    "taskAssigneeUpdated",
    "taskDueDateUpdated",
    "taskTagUpdated",
    "taskMoved",
    "taskCommentPosted",
    "taskCommentUpdated",
    "taskTimeEstimateUpdated",
    "taskTimeTrackedUpdated",
    "listCreated",
    "listUpdated",
    "listDeleted",
    "folderCreated",
    "folderUpdated",
    "folderDeleted",
    "spaceCreated",
    "spaceUpdated",
    "spaceDeleted",
    "goalCreated",
    "goalUpdated",
    "goalDeleted",
    "keyResultCreated",
    "keyResultUpdated",
    "keyResultDeleted",
];

/// A registered webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) userid: u64,
    /// The real service was seen to show the personal token here.
    pub(crate) client_id: String,
    pub(crate) endpoint: String,
    pub(crate) events: Vec<String>,
    pub(crate) scope: Scope,
    pub(crate) status: HookStatus,
    /// Events lost since the last success.
    pub(crate) fail_count: u32,
    pub(crate) secret: String,
}

/// The one place a webhook listens to; nothing means the whole workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Scope {
    pub(crate) task: Option<String>,
    pub(crate) list: Option<String>,
    pub(crate) folder: Option<String>,
    pub(crate) space: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HookStatus {
    Active,
    Failing,
    Suspended,
}

impl HookStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Suspended => "suspended",
        }
    }
}

/// Something that webhooks tell about.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    /// `task_id`, `list_id`, …
    pub(crate) key: &'static str,
    pub(crate) id: String,
    pub(crate) place: Scope,
    pub(crate) items: Vec<Value>,
}

impl Webhook {
    /// The object as the API shows it.
    pub(crate) fn render(&self, team: &str) -> Value {
        json!({
            "id": self.id,
            "userid": self.userid,
            "team_id": digits(Some(team)),
            "endpoint": self.endpoint,
            "client_id": self.client_id,
            "events": self.events,
            "task_id": self.scope.task,
            "list_id": digits(self.scope.list.as_deref()),
            "folder_id": digits(self.scope.folder.as_deref()),
            "space_id": digits(self.scope.space.as_deref()),
            "view_id": null,
            "health": {"status": self.status.as_str(), "fail_count": self.fail_count},
            "secret": self.secret,
        })
    }

    fn wants(&self, event: &Event) -> bool {
        if self.status == HookStatus::Suspended || !self.events.iter().any(|e| e == event.name) {
            return false;
        }
        // The most specific location wins.
        let (scope, place) = (&self.scope, &event.place);
        if scope.task.is_some() {
            scope.task == place.task
        } else if scope.list.is_some() {
            scope.list == place.list
        } else if scope.folder.is_some() {
            scope.folder == place.folder
        } else if scope.space.is_some() {
            scope.space == place.space
        } else {
            true
        }
    }
}

/// Webhook objects hold integer ids where everything else holds text.
fn digits(id: Option<&str>) -> Value {
    id.and_then(|id| id.parse::<u64>().ok())
        .map_or(Value::Null, |id| json!(id))
}

/// The deliveries of an event: one per webhook that wants it.
pub(crate) fn jobs_for(world: &World, event: &Event) -> Vec<Job> {
    let old = world.options.old_webhook_bodies;
    world
        .webhooks
        .iter()
        .filter(|webhook| webhook.wants(event))
        .map(|webhook| Job {
            seq: 0,
            webhook: webhook.id.clone(),
            event: event.name,
            subject: event.id.clone(),
            body: body(event, &webhook.id, &world.workspace.id, old),
        })
        .collect()
}

fn body(event: &Event, webhook: &str, team: &str, old: bool) -> Bytes {
    let mut body = Map::new();
    body.insert("event".into(), json!(event.name));
    if !(old && event.items.is_empty()) {
        body.insert("history_items".into(), json!(event.items));
    }
    body.insert(event.key.into(), json!(event.id));
    if !old {
        body.insert("team_id".into(), json!(team));
    }
    body.insert("webhook_id".into(), json!(webhook));
    Bytes::from(Value::Object(body).to_string())
}
