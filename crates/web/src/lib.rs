//! HTTP as every door of ours speaks it.
//!
//! - [`front`]: one layer around all routes: request ids, security headers, CORS, time limit, panics, metrics, and the
//!   error frame that the predecessor's clients know
//! - [`error`]: what handlers return when something is wrong
//! - [`body`]: bodies within a limit, compressed or not, and what kind they are
//! - [`etag`]: versions of records as clients show them: `ETag`, `If-Match`, `If-None-Match`
//! - [`idempotency`]: the key that makes a repeated request the same request
//! - [`rate_limit`]: how often one client may do something
//! - [`reply`]: JSON answers
//! - [`routes`]: paths with and without a trailing slash
//! - [`server`]: the listener: bounded connections, orderly end
//! - [`time`]: times as clients read them
//!
//! A handler returns `Result<_, ApiError>`. It never builds an error answer itself: the error travels in the
//! response's extensions to [`front`], which knows the request's path, method and id and writes the frame once.

pub mod body;
pub mod cors;
pub mod error;
pub mod etag;
pub mod front;
pub mod idempotency;
pub mod rate_limit;
pub mod reply;
pub mod request_id;
pub mod routes;
pub mod server;
pub mod time;

mod frame;
mod measure;
mod security_headers;
