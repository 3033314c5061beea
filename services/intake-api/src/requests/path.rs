//! What stands in a path where an id belongs.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use keylight_domain::{error::DomainError, submissions::parse_id};
use keylight_web::error::ApiError;
use std::{collections::HashMap, convert::Infallible};
use uuid::Uuid;

/// What kind of record an id is of, in the words of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noun {
    invalid: &'static str,
    missing: &'static str,
}

impl Noun {
    pub(crate) const SUBMISSION: Self = Self::new("Invalid submission ID", "Submission not found");
    pub(crate) const USER: Self = Self::new("Invalid user ID", "User not found");
    pub(crate) const PROJECT: Self = Self::new("Invalid project ID", "Project not found");
    pub(crate) const MERGE: Self = Self::new("Invalid merge ID", "Merge not found");
    pub(crate) const MAPPING_VERSION: Self =
        Self::new("Invalid mapping version", "Mapping version not found");
    pub(crate) const QUARANTINED: Self =
        Self::new("Invalid quarantine ID", "Quarantined application not found");

    const fn new(invalid: &'static str, missing: &'static str) -> Self {
        Self { invalid, missing }
    }

    /// What everybody is told of an id that no record has.
    pub(crate) fn not_found(self) -> ApiError {
        DomainError::not_found(self.missing).into()
    }
}

/// The parameters of a path, not judged yet: some refusals come before that of a bad id.
pub(crate) struct PathTexts(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for PathTexts {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        // what cannot be decoded is no id either
        Ok(Self(
            Path::<HashMap<String, String>>::from_request_parts(parts, state)
                .await
                .map(|Path(texts)| texts)
                .unwrap_or_default(),
        ))
    }
}

impl PathTexts {
    /// The text of a parameter.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The number in the path's `{id}`.
    pub(crate) fn id(&self, noun: Noun) -> Result<i64, ApiError> {
        self.number("id", noun)
    }

    /// A number in the path: 400 when it is none, 404 when no record can have it.
    pub(crate) fn number(&self, name: &str, noun: Noun) -> Result<i64, ApiError> {
        match parse_id(self.text(name)) {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(noun.not_found()),
            Err(_) => Err(ApiError::validation(noun.invalid)),
        }
    }

    /// The UUID in the path's `{id}`.
    pub(crate) fn uuid(&self, noun: Noun) -> Result<String, ApiError> {
        Uuid::try_parse(self.text("id"))
            .map(|id| id.to_string())
            .map_err(|_| ApiError::validation(noun.invalid))
    }
}
