//! History items: one change of one thing, as it stands in webhook bodies.

use serde_json::{Map, Value, json};

use crate::auth::Actor;
use crate::options::AutomationUser;
use crate::state::World;

/// A change before it has an id.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    field: &'static str,
    /// Missing altogether in some items of the real service.
    before: Option<Value>,
    after: Value,
    data: Value,
    extras: Vec<(&'static str, Value)>,
    /// The real service leaves the source out of some items even for API calls.
    sourceless: bool,
}

impl Item {
    pub(crate) fn new(field: &'static str, before: Value, after: Value) -> Self {
        Self {
            field,
            before: Some(before),
            after,
            data: json!({}),
            extras: Vec::new(),
            sourceless: false,
        }
    }

    pub(crate) fn without_before(mut self) -> Self {
        self.before = None;
        self
    }

    pub(crate) fn data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    pub(crate) fn extra(mut self, key: &'static str, value: Value) -> Self {
        self.extras.push((key, value));
        self
    }

    pub(crate) fn sourceless(mut self) -> Self {
        self.sourceless = true;
        self
    }

    /// The item as it is sent. `id` is given when an earlier item is sent again.
    pub(crate) fn build(
        self,
        world: &mut World,
        actor: Actor,
        list: &str,
        date: i64,
        id: Option<String>,
    ) -> Value {
        let id = id.unwrap_or_else(|| world.ids.snowflake(date));
        let mut out = Map::new();
        out.insert("id".into(), json!(id));
        out.insert("type".into(), json!(1));
        out.insert("date".into(), json!(date.to_string()));
        out.insert("field".into(), json!(self.field));
        out.insert("parent_id".into(), json!(list));
        out.insert("data".into(), self.data);
        let told = actor.via_api && !self.sourceless && !world.options.old_webhook_bodies;
        out.insert("source".into(), json!(told.then_some("api")));
        if let Some(user) = actor_object(world, actor) {
            out.insert("user".into(), user);
        }
        if let Some(before) = self.before {
            out.insert("before".into(), before);
        }
        out.insert("after".into(), self.after);
        for (key, value) in self.extras {
            out.insert(key.into(), value);
        }
        Value::Object(out)
    }
}

/// A change of a list's own attribute: UUID as id and type 6.
pub(crate) fn list_item(
    world: &mut World,
    actor: Actor,
    list: &str,
    field: &str,
    before: Value,
    after: Value,
    date: i64,
) -> Value {
    let id = world.ids.uuid();
    let mut item = json!({
        "id": id,
        "type": 6,
        "date": date.to_string(),
        "field": field,
        "parent_id": list,
        "data": {},
        "source": actor.via_api.then_some("api"),
        "before": before,
        "after": after,
    });
    if let Some(user) = actor_object(world, actor) {
        item["user"] = user;
    }
    item
}

/// Who did it; `None` when that is not told.
fn actor_object(world: &World, actor: Actor) -> Option<Value> {
    let people = &world.workspace;
    let known = match (actor, world.options.automation_user) {
        (Actor::AUTOMATION, AutomationUser::Missing) => return None,
        (Actor::AUTOMATION, AutomationUser::Unknown) => {
            return Some(json!({
                "id": -1, "username": "ClickBot", "email": null, "color": null, "initials": "CB",
                "profilePicture": null,
            }));
        }
        (Actor::AUTOMATION, AutomationUser::Owner) => people.users.first(),
        (actor, _) => people.user(actor.user),
    };
    let user = known?;
    let mut object = json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "color": user.color,
        "initials": user.initials,
        "profilePicture": null,
    });
    if !world.options.old_webhook_bodies {
        object["role"] = json!(user.role);
        object["role_subtype"] = json!(0);
    }
    Some(object)
}
