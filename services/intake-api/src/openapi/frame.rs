//! The error frame, for the document. It is written by `keylight-web`.

use utoipa::ToSchema;

/// Every failure. Programs go by the status and by `code`, which do not change; the texts are for people.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what keylight-web writes")]
pub(crate) struct Error {
    /// The class of failure.
    #[schema(example = "Validation error")]
    error: String,
    /// A sentence; absent when there is no such path.
    #[schema(nullable = false)]
    message: Option<String>,
    /// On validation errors: one line per field, or null when no field is to blame.
    details: Option<Vec<String>>,
    #[schema(example = "invalid_input")]
    code: String,
    path: String,
    method: String,
    #[schema(format = DateTime)]
    timestamp: String,
    /// Also the header `x-request-id`; name it when you report a problem.
    request_id: String,
    /// The record as it is now, when the caller's picture of it is out of date.
    #[schema(value_type = Option<Object>, nullable = false)]
    current: Option<serde_json::Value>,
}
