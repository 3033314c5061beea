//! Looking at a mapping before it takes effect: `POST /api/clickup/mapping/validate` and `…/preview`.

use super::json::CheckJson;
use crate::{
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    requests::{Fields, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{self, PreviewMappingRequest, ValidateMappingRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

const MAX_IDS: usize = 20;

/// The document in the body, as text.
pub(super) fn document(fields: &mut Fields) -> Option<String> {
    fields
        .json_object("document")
        .map(|document| document.to_string())
}

/// A mapping to be checked.
#[derive(ToSchema)]
#[schema(example = json!({"document": {"format": 1, "statuses": {"new": "to do"}}}))]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct CandidateMapping {
    /// The mapping; the guide to ClickUp describes it.
    #[schema(value_type = Object)]
    document: Value,
}

/// Checks a mapping, and the live workspace against it. Changes nothing.
#[utoipa::path(
    post,
    path = "/api/clickup/mapping/validate",
    operation_id = "validate_mapping",
    tag = "clickup",
    request_body = CandidateMapping,
    responses((status = 200, description = "What was found", body = Record<CheckJson>))
)]
pub(crate) async fn validate(State(app): State<App>, sent: Sent) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let document = document(&mut fields);
    if document.is_none() && !fields.blames("document") {
        fields.problem("document", "is required");
    }
    fields.finish()?;
    let request = ValidateMappingRequest {
        document: document.unwrap_or_default(),
    };
    let check = answered_in_its_words(app.mapping().validate_mapping(request).await)?;
    Ok(Record::new(CheckJson::from(check)).ok())
}

/// What to look at.
#[derive(ToSchema)]
#[schema(example = json!({"submission_ids": [1, 2], "document": {"format": 1}}))]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct PreviewMapping {
    /// The submissions.
    #[schema(min_items = 1, max_items = 20)]
    submission_ids: Vec<i64>,
    /// The mapping; the active one when nothing is said.
    #[schema(value_type = Option<Object>)]
    document: Option<Value>,
}

/// A custom field as it would be sent.
#[derive(Serialize, ToSchema)]
#[schema(as = MappedField)]
pub(crate) struct FieldJson {
    /// Our name.
    field: String,
    field_id: String,
    /// `drop_down`, `labels`, `short_text`, `text`, `number`, `currency`, `date`, `checkbox`, `location`, `phone`, `email`
    r#type: String,
    /// As it is sent; null when the field is left empty.
    value: Value,
}

/// A task as it would be.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskPreview)]
pub(crate) struct TaskJson {
    submission_id: i64,
    /// False when there is no such submission; the rest says nothing then.
    found: bool,
    list_id: String,
    list_name: String,
    /// Null when it has no task yet.
    task_id: Option<String>,
    name: String,
    /// Markdown.
    description: String,
    status: Option<String>,
    priority: Option<String>,
    /// Given when the task is made, and never changed afterwards.
    tags: Vec<String>,
    fields: Vec<FieldJson>,
    /// Fields of ours that the list has no place for.
    blocked: Vec<String>,
    /// Of a task that exists: the fields that are written anew at most. ClickUp is not asked.
    rewritten: Vec<String>,
}

impl From<v1::TaskPreview> for TaskJson {
    fn from(task: v1::TaskPreview) -> Self {
        let fields = task.fields.into_iter().map(|field| FieldJson {
            field: field.field,
            field_id: field.field_id,
            r#type: field.r#type,
            value: serde_json::from_str(&field.value).unwrap_or(Value::Null),
        });
        Self {
            submission_id: task.submission_id,
            found: task.found,
            list_id: task.list_id,
            list_name: task.list_name,
            task_id: task.task_id,
            name: task.name,
            description: task.description,
            status: task.status,
            priority: task.priority,
            tags: task.tags,
            fields: fields.collect(),
            blocked: task.blocked,
            rewritten: task.rewritten,
        }
    }
}

/// What would be sent, and whether the mapping could become active.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingPreview)]
pub(crate) struct PreviewJson {
    check: CheckJson,
    /// Empty when the document has mistakes of its own.
    tasks: Vec<TaskJson>,
}

/// Shows what would be sent for some submissions, without sending it.
#[utoipa::path(
    post,
    path = "/api/clickup/mapping/preview",
    operation_id = "preview_mapping",
    tag = "clickup",
    request_body = PreviewMapping,
    responses((status = 200, description = "The tasks as they would be", body = Record<PreviewJson>))
)]
pub(crate) async fn preview(State(app): State<App>, sent: Sent) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let submission_ids = fields
        .numbers("submission_ids", MAX_IDS)
        .unwrap_or_default();
    if submission_ids.is_empty() && !fields.blames("submission_ids") {
        fields.problem("submission_ids", "must name 1 to 20 submissions");
    }
    let document = document(&mut fields);
    fields.finish()?;
    let request = PreviewMappingRequest {
        document: document.unwrap_or_default(),
        submission_ids,
    };
    let preview = answered_in_its_words(app.mapping().preview_mapping(request).await)?;
    Ok(Record::new(PreviewJson {
        check: preview.check.unwrap_or_default().into(),
        tasks: preview.tasks.into_iter().map(Into::into).collect(),
    })
    .ok())
}
