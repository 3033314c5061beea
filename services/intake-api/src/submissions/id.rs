//! The id in a path.

use crate::entity::not_found;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use keylight_domain::submissions::{InvalidId, parse_id};
use keylight_web::error::ApiError;

/// The text that stands where an id belongs, not judged yet: some refusals come before that of a bad id.
pub(crate) struct IdText(Option<String>);

impl IdText {
    /// The id.
    ///
    /// # Errors
    /// 400 when it is not one, 404 when no submission can have it.
    pub(crate) fn id(&self) -> Result<i64, ApiError> {
        let text = self.0.as_deref().unwrap_or_default();
        match parse_id(text) {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(not_found()),
            Err(invalid @ InvalidId) => Err(ApiError::validation(invalid.to_string())),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdText {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        // what cannot be decoded is not an id either
        Ok(Self(
            Path::<String>::from_request_parts(parts, state)
                .await
                .ok()
                .map(|Path(text)| text),
        ))
    }
}
