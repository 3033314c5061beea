//! `POST /api/clickup/lists` and `/api/clickup/connect`: choosing and storing an account.

use super::doctor::CheckJson;
use crate::{
    access::Who, app::App, entity::answered_in_its_words, envelope::Record, requests::Sent,
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ConnectClickUpRequest, ListClickUpListsRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

const MAX_TOKEN: usize = 500;
const MAX_ID: usize = 30;
const MAX_URL: usize = 500;

/// A token, to see what it may use. It is not stored.
#[derive(ToSchema)]
#[schema(example = json!({"token": "pk_1_SERVICE"}))]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct TokenToLook {
    /// Of a ClickUp user made for Keylight.
    #[schema(max_length = 500, format = Password)]
    token: String,
}

/// A list that the token may use.
#[derive(Serialize, ToSchema)]
#[schema(as = ClickUpList)]
pub(crate) struct ListJson {
    team_id: String,
    team_name: String,
    space_name: String,
    /// Empty for a list without folder.
    folder_name: String,
    list_id: String,
    list_name: String,
}

/// What was found.
#[derive(Serialize, ToSchema)]
#[schema(as = ClickUpLists)]
pub(crate) struct ListsJson {
    lists: Vec<ListJson>,
    /// There are more spaces than were looked through; their lists can be named all the same.
    more: bool,
}

/// The lists that a token may use, of at most 20 spaces. Makes up to 42 calls to ClickUp.
#[utoipa::path(
    post,
    path = "/api/clickup/lists",
    operation_id = "list_clickup_lists",
    tag = "sync",
    request_body = TokenToLook,
    responses((status = 200, description = "The lists", body = Record<ListsJson>))
)]
pub(crate) async fn lists(State(app): State<App>, sent: Sent) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let token = fields.secret("token", MAX_TOKEN);
    fields.finish()?;
    let request = ListClickUpListsRequest { token };
    let found = answered_in_its_words(app.clickup_setup().list_click_up_lists(request).await)?;
    let lists = found
        .lists
        .into_iter()
        .map(|list| ListJson {
            team_id: list.team_id,
            team_name: list.team_name,
            space_name: list.space_name,
            folder_name: list.folder_name,
            list_id: list.list_id,
            list_name: list.list_name,
        })
        .collect();
    let more = found.more;
    Ok(Record::new(ListsJson { lists, more }).ok())
}

/// The account that is wanted.
#[derive(ToSchema)]
#[schema(example = json!({"token": "pk_1_SERVICE", "team_id": "9001001", "list_id": "901001001", "preview": true}))]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct Account {
    /// Of a ClickUp user made for Keylight; stored sealed and never shown again.
    #[schema(max_length = 500, format = Password)]
    token: String,
    /// The workspace.
    #[schema(max_length = 30)]
    team_id: String,
    /// The list for applications.
    #[schema(max_length = 30)]
    list_id: String,
    /// Public address of the webhook gateway, if the settings do not say it.
    #[schema(max_length = 500)]
    webhook_url: Option<String>,
    /// Also make a task and delete it again.
    test_task: Option<bool>,
    /// Only check.
    preview: Option<bool>,
    /// Why, for the log of operations.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = ClickUpConnected)]
pub(crate) struct ConnectedJson {
    stored: bool,
    /// `now`; `after_restart` of clickup-sync; `settings_first`: the settings name an account, which goes before it; empty
    /// when nothing was stored
    in_force: String,
    checks: Vec<CheckJson>,
}

/// Checks an account at ClickUp and stores it, unless something is wrong with it.
#[utoipa::path(
    post,
    path = "/api/clickup/connect",
    operation_id = "connect_clickup",
    tag = "sync",
    request_body = Account,
    responses((status = 200, description = "What was checked, and whether it is stored", body = Record<ConnectedJson>))
)]
pub(crate) async fn connect(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let token = fields.secret("token", MAX_TOKEN);
    let team_id = fields.required("team_id", MAX_ID);
    let list_id = fields.required("list_id", MAX_ID);
    let webhook_url = fields.filled("webhook_url", MAX_URL).unwrap_or_default();
    let test_task = fields.flag("test_task").unwrap_or(false);
    let preview = fields.flag("preview").unwrap_or(false);
    let reason = fields.reason();
    fields.finish()?;
    let request = ConnectClickUpRequest {
        token,
        team_id,
        list_id,
        webhook_url,
        test_task,
        preview,
        caller: sent.caller(&app, &who, reason),
    };
    let done = answered_in_its_words(app.clickup_setup().connect_click_up(request).await)?;
    Ok(Record::new(ConnectedJson {
        stored: done.stored,
        in_force: done.in_force,
        checks: done.checks.into_iter().map(Into::into).collect(),
    })
    .ok())
}
