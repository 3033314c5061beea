//! What answers need to know beyond the tasks in them, taken out of the lock before they are
//! rendered.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::model::Task;
use crate::fields::FieldKind;
use crate::options::NumericFields;
use crate::state::{Workspace, World};

/// The workspace as it was when the tasks were looked up, and what switches say about showing them.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) workspace: Arc<Workspace>,
    /// Tasks made up to this moment show their custom ids.
    pub(crate) custom_ids_upto: Option<i64>,
    pub(crate) numeric_fields: NumericFields,
    /// Short forms of the tasks that relationship fields point to, by task id.
    related: HashMap<String, Value>,
}

impl View {
    /// The view for showing these tasks.
    pub(crate) fn of<'a>(
        world: &World,
        now_ms: i64,
        tasks: impl IntoIterator<Item = &'a Arc<Task>>,
    ) -> Self {
        let workspace = Arc::clone(&world.workspace);
        let relations: Vec<&str> = workspace
            .fields
            .iter()
            .filter(|field| field.kind.is_relationship())
            .map(|field| field.id.as_str())
            .collect();
        let mut related = HashMap::new();
        if !relations.is_empty() {
            for task in tasks {
                let ids = relations
                    .iter()
                    .filter_map(|field| task.fields.get(*field)?.as_array())
                    .flatten()
                    .filter_map(Value::as_str);
                for id in ids {
                    related
                        .entry(id.to_owned())
                        .or_insert_with(|| short_form(world, id));
                }
            }
        }
        let delay = world.options.custom_ids.delay_ms();
        Self {
            workspace,
            custom_ids_upto: delay.map(|delay| now_ms - delay),
            numeric_fields: world.options.numeric_fields,
            related,
        }
    }

    pub(crate) fn related(&self, id: &str) -> Value {
        self.related
            .get(id)
            .cloned()
            .unwrap_or_else(|| json!({"id": id, "deleted": true, "access": false}))
    }

    /// The id of the workspace's own form, once the task has it.
    pub(crate) fn custom_id(&self, task: &Task) -> Option<String> {
        let upto = self.custom_ids_upto?;
        (task.date_created <= upto).then(|| format!("{}{}", World::CUSTOM_ID_PREFIX, task.n))
    }
}

/// A task as a relationship field shows it.
fn short_form(world: &World, id: &str) -> Value {
    let team = &world.workspace.id;
    let url = format!("https://app.clickup.com/t/{id}");
    match world.tasks.get(id) {
        Some(task) => {
            let status = world
                .workspace
                .list(&task.list)
                .and_then(|list| list.status(&task.status, false));
            json!({
                "id": id,
                "custom_id": null,
                "name": task.name,
                "status": task.status,
                "color": status.map(|status| status.color.clone()),
                "custom_type": task.custom_item_id,
                "team_id": team,
                "deleted": false,
                "url": url,
                "access": true,
            })
        }
        None => json!({
            "id": id, "custom_id": null, "name": null, "status": null, "color": null,
            "custom_type": null, "team_id": team, "deleted": true, "url": url, "access": false,
        }),
    }
}

impl FieldKind {
    /// Fields that point to tasks.
    pub(crate) fn is_relationship(self) -> bool {
        matches!(self, Self::Tasks | Self::ListRelationship)
    }
}
