//! How a document becomes the active mapping: checked by itself, then against the live workspace, then added as a version.

use super::{KnownMapping, store};
use crate::remote::{CallError, Remote};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_domain::sync::mapping::{Document, Problem};
use keylight_store::error::StoreError;
use serde_json::Value as Json;

/// Longest document, in bytes.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Check {
    /// What has to be mended first.
    pub problems: Vec<Problem>,
    /// What is left out because a list does not have it.
    pub left_out: Vec<Problem>,
    /// The mapping with the live lists, when the document could be read.
    pub known: Option<KnownMapping>,
}

impl Check {
    /// Whether nothing has to be mended.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty() && self.known.is_some()
    }
}

/// Who wants what, and why.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// The version that is active now, as the caller knows it.
    pub expected: i64,
    /// Who.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The request that did it.
    pub correlation_id: &'a str,
    /// The version that it is a copy of.
    pub copy_of: Option<i64>,
}

/// Why a mapping could not be checked or changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// ClickUp could not be asked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Our database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another version became active meanwhile.
    #[error("version {0} is active")]
    Moved(i64),
}

impl From<ChangeError> for DomainError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Call(CallError::Store(error)) | ChangeError::Store(error) => error.into(),
            ChangeError::Call(error) => DomainError::new(
                ErrorCode::Unavailable,
                format!("ClickUp cannot be asked now ({}); try again", error.class()),
            ),
            ChangeError::Moved(version) => DomainError::new(
                ErrorCode::Conflict,
                format!("Version {version} of the mapping is active; look at it and try again"),
            ),
        }
    }
}

/// Text to a document.
///
/// # Errors
/// Every problem of it.
pub fn parse(document: &str) -> Result<Document, Vec<Problem>> {
    if document.len() > MAX_DOCUMENT {
        return Err(vec![Problem::new(
            "",
            "the mapping is too long",
            format!("send at most {MAX_DOCUMENT} bytes"),
        )]);
    }
    let json: Json = serde_json::from_str(document).map_err(|error| {
        vec![Problem::new(
            "",
            format!("the mapping is not JSON: {error}"),
            "send a JSON object such as {\"format\": 1}",
        )]
    })?;
    Document::parse(&json)
}

/// Checks a document, and the live workspace against it.
///
/// # Errors
/// When ClickUp cannot be asked.
pub async fn check(remote: &Remote, document: &str) -> Result<Check, ChangeError> {
    match parse(document) {
        Ok(document) => check_live(remote, document).await,
        Err(problems) => Ok(Check {
            problems,
            ..Check::default()
        }),
    }
}

/// Checks the live workspace against a document.
///
/// # Errors
/// When ClickUp cannot be asked.
pub async fn check_live(remote: &Remote, document: Document) -> Result<Check, ChangeError> {
    // as the version that it would be, so that what differs from the active one shows
    let next = store::active_number(remote.pool()).await? + 1;
    let known = remote.mapping_of(next, document).await?;
    let (problems, left_out) = known.lacks();
    Ok(Check {
        problems,
        left_out,
        known: Some(known),
    })
}

/// Checks a document and makes it the active mapping; `None` when the check found problems, and then nothing is changed.
///
/// # Errors
/// See [`ChangeError`].
pub async fn activate(
    remote: &Remote,
    document: &str,
    wish: Wish<'_>,
) -> Result<(Option<i64>, Check), ChangeError> {
    let checked = check(remote, document).await?;
    finish(remote, checked, wish).await
}

/// Makes a copy of an earlier version the active mapping; 0 goes back to names. `None` as in [`activate`], or without a
/// check when there is no such version.
///
/// # Errors
/// See [`ChangeError`].
pub async fn roll_back(
    remote: &Remote,
    to: i64,
    wish: Wish<'_>,
) -> Result<Option<(Option<i64>, Check)>, ChangeError> {
    let document = if to == 0 {
        remote.account.rules.document()
    } else {
        let Some(version) = store::find(remote.pool(), Some(to)).await? else {
            return Ok(None);
        };
        match Document::parse(&version.document) {
            Ok(document) => document,
            Err(problems) => {
                let check = Check {
                    problems,
                    ..Check::default()
                };
                return Ok(Some((None, check)));
            }
        }
    };
    let checked = check_live(remote, document).await?;
    finish(remote, checked, wish).await.map(Some)
}

async fn finish(
    remote: &Remote,
    checked: Check,
    wish: Wish<'_>,
) -> Result<(Option<i64>, Check), ChangeError> {
    let Some(known) = checked.known.as_ref().filter(|_| checked.is_valid()) else {
        return Ok((None, checked));
    };
    let document = known.document.to_json();
    let new = store::NewVersion {
        after: wish.expected,
        document: &document,
        ways: known.ways(),
        at: remote.now(),
        actor: wish.actor,
        reason: wish.reason,
        correlation_id: wish.correlation_id,
        copy_of: wish.copy_of,
    };
    let Some(version) = store::add(remote.pool(), new).await? else {
        let active = store::active_number(remote.pool()).await?;
        return Err(ChangeError::Moved(active));
    };
    // other processes look for a new version every few seconds
    remote.distrust_list();
    tracing::info!(version, actor = wish.actor, "mapping is active");
    Ok((Some(version), checked))
}
