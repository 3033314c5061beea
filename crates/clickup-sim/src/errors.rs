//! The error answer of the API: `{"err": …, "ECODE": …}` with a status.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// One error answer.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) err: Cow<'static, str>,
    pub(crate) ecode: &'static str,
}

impl ApiError {
    pub(crate) const fn new(status: u16, ecode: &'static str, err: &'static str) -> Self {
        Self {
            status,
            err: Cow::Borrowed(err),
            ecode,
        }
    }

    /// Unknown and foreign ids look the same from outside.
    pub(crate) const UNKNOWN_ID: Self = Self::new(401, "OAUTH_027", "Team not authorized");
    pub(crate) const NO_TOKEN: Self = Self::new(400, "OAUTH_017", "Authorization header required");
    pub(crate) const BAD_TOKEN: Self = Self::new(401, "OAUTH_025", "Token invalid");
    pub(crate) const TASK_DELETED: Self = Self::new(404, "ITEM_013", "Task not found");
    pub(crate) const TASK_DELETED_TOO: Self = Self::new(404, "ITEM_015", "Task not found");
    pub(crate) const BAD_NAME: Self = Self::new(400, "INPUT_005", "Task name invalid");
    pub(crate) const BAD_LIST_ID: Self = Self::new(400, "INPUT_003", "List ID invalid");
    pub(crate) const BAD_DUE_DATE: Self = Self::new(400, "INPUT_006", "Due date invalid");
    pub(crate) const BAD_JSON: Self = Self::new(400, "INPUT_001", "Invalid request body");
    pub(crate) const STATUS_ON_UPDATE: Self = Self::new(400, "ITEM_114", "Status does not exist");
    pub(crate) const STATUS_ON_CREATE: Self = Self::new(400, "CRTSK_001", "Status not found");
    pub(crate) const BAD_STATUSES: Self = Self::new(400, "STATUS_002", "Statuses invalid");
    pub(crate) const FOREIGN_PARENT: Self = Self::new(400, "ITEM_137", "Parent not child of list");
    pub(crate) const RATE_LIMIT: Self = Self::new(429, "APP_002", "Rate limit reached");
    pub(crate) const BAD_ORDER: Self = Self::new(500, "ITEMV2_003", "Internal server error");
    pub(crate) const BAD_PAGE: Self = Self::new(500, "SHARD_001", "Internal server error");
    pub(crate) const BAD_ARRAY: Self =
        Self::new(400, "PUBAPITASK_008", "Query parameter must be an array");
    pub(crate) const BAD_FILTER: Self =
        Self::new(400, "PUBAPITASK_009", "Custom field filter invalid");
    pub(crate) const FIELD_OPTION: Self =
        Self::new(400, "FIELD_011", "Value must be an option index or uuid");
    pub(crate) const FIELD_LABELS: Self =
        Self::new(400, "FIELD_146", "Value must be an array of label ids");
    pub(crate) const FIELD_VALUE: Self = Self::new(400, "FIELD_375", "Value is not valid");
    pub(crate) const FIELD_UNKNOWN: Self =
        Self::new(400, "FIELD_422", "Custom field does not apply to this task");
    pub(crate) const WEBHOOK_TWICE: Self =
        Self::new(400, "OAUTH_171", "Webhook configuration already exists");
    pub(crate) const WEBHOOK_URL: Self = Self::new(400, "OAUTH_194", "Specified URL not allowed");
    pub(crate) const WEBHOOK_EVENTS: Self = Self::new(400, "OAUTH_172", "Webhook events invalid");
    pub(crate) const EMPTY_COMMENT: Self = Self::new(400, "COMMENT_001", "Comment text required");
    pub(crate) const FIELD_READ_ONLY: Self =
        Self::new(400, "FIELD_375", "This custom field cannot be set");
    /// The code is ours: what the real service says is not documented.
    pub(crate) const FIELD_REQUIRED: Self =
        Self::new(400, "SIM_002", "Required custom fields are missing");
    pub(crate) const NOT_MULTIPART: Self =
        Self::new(400, "ATTCH_045", "Request must be multipart/form-data");
    pub(crate) const FILE_EXPECTED: Self = Self::new(400, "ATTCH_039", "File expected");
    pub(crate) const STORAGE_FULL: Self = Self::new(400, "GBUSED_005", "Storage full");
    pub(crate) const NO_ENTITY: Self = Self::new(404, "ATTCH_404", "Entity not found");
    pub(crate) const BAD_ENTITY: Self = Self::new(400, "ATTCH_400", "Entity type invalid");
    pub(crate) const BAD_PAGING: Self = Self::new(400, "PAGE_400", "Cursor or limit invalid");
    pub(crate) const PLACE_NAME: Self = Self::new(400, "INPUT_005", "Name invalid");
    pub(crate) const TOO_MANY_PLACES: Self = Self::new(400, "SUBCAT_001", "Too many of these");
    pub(crate) const MERGE: Self = Self::new(400, "ITEM_300", "Tasks cannot be merged");
    pub(crate) const NO_TIME_IN_STATUS: Self =
        Self::new(400, "TIS_027", "Time in status is not enabled");
    pub(crate) const PLAN: Self = Self::new(403, "TEAM_110", "Team must be on the Enterprise plan");
}

/// An error of API v3, which has another frame than v2.
#[derive(Debug)]
pub(crate) struct ErrorV3 {
    error: ApiError,
    at: i64,
}

impl ErrorV3 {
    /// `at` is in epoch milliseconds.
    pub(crate) fn at(error: ApiError, at: i64) -> Self {
        Self { error, at }
    }
}

impl IntoResponse for ErrorV3 {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({
            "status": self.error.status,
            "message": self.error.err,
            "trace_id": self.at,
            "timestamp": self.at,
        });
        (status, Json(body)).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = Json(json!({"err": self.err, "ECODE": self.ecode}));
        (status, body).into_response()
    }
}
