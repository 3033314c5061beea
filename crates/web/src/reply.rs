//! JSON answers.

use axum::response::{IntoResponse, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use keylight_domain::error::DomainError;
use serde::Serialize;

use crate::{error::ApiError, etag};

/// Content type of every JSON answer, as the predecessor sent it.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// A JSON answer with its status.
pub struct Json<T>(pub StatusCode, pub T);

impl<T> Json<T> {
    /// The usual case, 200.
    pub const fn ok(value: T) -> Self {
        Self(StatusCode::OK, value)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match to_bytes(&self.1) {
            Ok(body) => with_body(self.0, body),
            Err(error) => ApiError::from(DomainError::internal(format!("answer as JSON: {error}")))
                .into_response(),
        }
    }
}

/// A JSON answer that shows one version of a record: with its `ETag`, or 304 when the caller has it already.
pub fn versioned<T: Serialize>(
    headers: &HeaderMap,
    status: StatusCode,
    version: i64,
    value: &T,
) -> Response {
    let body = match to_bytes(value) {
        Ok(body) => body,
        Err(error) => {
            return ApiError::from(DomainError::internal(format!("answer as JSON: {error}")))
                .into_response();
        }
    };
    let tag = etag::tag(version, &body);
    let mut response = if etag::is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        with_body(status, body)
    };
    response.headers_mut().insert(header::ETAG, tag);
    response
}

pub(crate) fn to_bytes<T: Serialize>(value: &T) -> serde_json::Result<Bytes> {
    let mut body = BytesMut::with_capacity(1024).writer();
    serde_json::to_writer(&mut body, value)?;
    Ok(body.into_inner().freeze())
}

pub(crate) fn with_body(status: StatusCode, body: Bytes) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}
