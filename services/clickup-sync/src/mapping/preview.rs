//! What would be sent for some submissions, without sending it.

use super::KnownMapping;
use crate::entity::{Entity, Submission};
use crate::remote::snapshot;
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_domain::sync::mapping::remap;
use keylight_domain::sync::{Base, Value, template};
use keylight_store::error::StoreError;
use sqlx::{PgPool, types::Json};

/// Submissions that are looked at in one preview.
pub const MOST: usize = 20;

struct Linked {
    task_id: Option<String>,
    marker: Option<String>,
    list_id: Option<String>,
    base: Base,
    version: i64,
}

async fn linked(pool: &PgPool, submission_id: i64) -> Result<Option<Linked>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT task_id, marker, list_id, base AS "base: Json<Base>", mapping_version FROM sync.links WHERE submission_id = $1"#,
        submission_id,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Linked {
        task_id: row.task_id,
        marker: row.marker,
        list_id: row.list_id,
        base: row.base.0,
        version: row.mapping_version,
    }))
}

/// What a submission looks like by `known`.
///
/// # Errors
/// When our database or the system of record is away.
pub async fn of_submission(
    pool: &PgPool,
    entity: &Entity,
    known: &KnownMapping,
    submission_id: i64,
) -> Result<v1::TaskPreview, DomainError> {
    let Some(submission) = entity.submission(submission_id).await? else {
        return Ok(v1::TaskPreview {
            submission_id,
            ..v1::TaskPreview::default()
        });
    };
    let link = linked(pool, submission_id).await?;
    Ok(preview(known, submission_id, &submission, link.as_ref()))
}

fn preview(
    known: &KnownMapping,
    submission_id: i64,
    submission: &Submission,
    link: Option<&Linked>,
) -> v1::TaskPreview {
    let record = &submission.record;
    let task = link.filter(|link| link.task_id.is_some());
    let list = match task {
        Some(task) => known.list(task.list_id.as_deref()),
        None => known.list_for(record),
    };
    let mapping = known.mapping(Some(list));
    let marker = link.and_then(|link| link.marker.clone());
    let marker = marker.unwrap_or_else(|| format!("KL-{submission_id}-00000000"));
    let in_fields = |field| match task {
        Some(task) if !task.base.is_empty() => task.base.knows(field),
        _ => mapping.offers(field),
    };
    let ours = template::our_view(record, &marker, &known.document, mapping, in_fields);
    let body = snapshot::new_task(&ours, mapping);
    let fields = mapping.targets().map(|(field, target)| {
        let written = ours.get(field).and_then(|value| target.write(value));
        v1::FieldPreview {
            field: field.as_str().to_owned(),
            field_id: target.id.clone(),
            r#type: target.kind.as_str().to_owned(),
            value: written.map_or_else(String::new, |written| written.value().to_string()),
        }
    });
    let without_place = ours
        .iter()
        .filter(|(field, value)| **value != Value::Unset && !mapping.can_push(*field, value));
    let rewritten = task.map_or_else(Vec::new, |task| {
        let changed = known.changed_since(task.version, task.list_id.as_deref());
        let theirs = task.base.theirs();
        let mut after = task.base.clone();
        remap::rebase_all(&mut after, &changed, &ours, &theirs);
        let differs = |field| match (ours.get(field), after.get(field)) {
            (Some(ours), Some(agreed)) => agreed.ours != *ours,
            (Some(ours), None) => mapping.can_push(field, ours),
            _ => false,
        };
        let fields = ours.iter().map(|(field, _)| field);
        let fields = fields.filter(|field| changed.contains(field) || differs(*field));
        fields.map(|field| field.as_str().to_owned()).collect()
    });
    let lists = known.lists().find(|(id, _)| *id == list);
    v1::TaskPreview {
        submission_id,
        found: true,
        list_id: list.to_owned(),
        list_name: lists.map_or_else(String::new, |(_, known)| known.name.clone()),
        task_id: task.and_then(|task| task.task_id.clone()),
        name: body.name,
        description: body.markdown_content.unwrap_or_default(),
        status: body.status,
        priority: body.priority.map(|priority| priority.as_str().to_owned()),
        tags: known.document.tags_for(record),
        fields: fields.collect(),
        blocked: without_place
            .map(|(field, _)| field.as_str().to_owned())
            .collect(),
        rewritten,
    }
}
