//! Task templates, and tasks made from them.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::body;
use super::create::create_task;
use super::render::{self, Extras};
use super::view::View;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::hierarchy::check_team;
use crate::sim::Sim;

/// `GET /team/{id}/taskTemplate?page=`: they fit on the first page.
pub(crate) async fn of_team(
    State(sim): State<Sim>,
    Path(team): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        check_team(world, &team)?;
        let templates: Vec<Value> = world
            .workspace
            .templates
            .iter()
            .map(|template| json!({"id": template.id, "name": template.name}))
            .collect();
        Ok(Json(json!({"templates": templates})))
    })
}

/// An error of the template calls: the text stands under another key.
pub(crate) struct TemplateError(ApiError);

impl From<ApiError> for TemplateError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for TemplateError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({"error": self.0.err, "ECODE": self.0.ecode});
        (status, Json(body)).into_response()
    }
}

/// `POST /list/{id}/taskTemplate/{template}` with `{"name": "…"}`
pub(crate) async fn make(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((list, template)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<Value>, TemplateError> {
    let given = body::object(&bytes)?;
    let (view, task) = sim.change(|change| {
        let known = change
            .world
            .workspace
            .templates
            .iter()
            .find(|known| known.id == template);
        let mut wanted = known
            .ok_or(ApiError::new(404, "TEMPLATE_001", "Template not found"))?
            .body
            .clone();
        if let Some(name) = given.get("name") {
            wanted.insert("name".into(), name.clone());
        }
        let task = create_task(change, caller.actor, &list, &wanted)?;
        Ok((View::of(change.world, change.now, [&task]), task))
    })?;
    Ok(Json(render::task(&view, &task, Extras::default())))
}
