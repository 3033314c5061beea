//! Failures, sorted by what the caller can do about them.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::rate::RateInfo;

/// What a failure calls for. Found from the error code of the body first, from the HTTP status second: one status
/// stands for many things (a 401 may mean that the token is dead, that the object is not shared, or that it never was).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The service was not reached: connection refused, name not found, no TLS. Nothing was sent.
    Unreachable,
    /// No answer in time, a cut connection, a 5xx: try again later, a bounded number of times.
    Retry,
    /// The token's budget is used up.
    RateLimited,
    /// The object was there and is deleted.
    Gone,
    /// Not shared with this token, or never existed: ClickUp does not tell which. The token itself is fine.
    Forbidden,
    /// The token is missing, malformed, unknown or revoked: nothing works until there is a new one.
    TokenDead,
    /// The list has no status of this name (any more): read its statuses again.
    StatusUnknown,
    /// The custom field does not take this value, or does not apply to this task: read the fields again.
    FieldRefused,
    /// The same thing (a webhook) is there already.
    AlreadyExists,
    /// The plan or the settings of the workspace do not allow it (storage, custom field uses, task types, a ClickApp that is off,
    /// Enterprise only).
    PlanLimit,
    /// The request is wrong in itself and will stay so.
    OurFault,
    /// An answer that is not ClickUp's: unknown route, a redirect, a success without readable content.
    Unexpected,
}

impl Class {
    /// Stable short name for logs, metrics and rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Unreachable => "unreachable",
            Class::Retry => "retry",
            Class::RateLimited => "rate_limited",
            Class::Gone => "gone",
            Class::Forbidden => "forbidden",
            Class::TokenDead => "token_dead",
            Class::StatusUnknown => "status_unknown",
            Class::FieldRefused => "field_refused",
            Class::AlreadyExists => "already_exists",
            Class::PlanLimit => "plan_limit",
            Class::OurFault => "our_fault",
            Class::Unexpected => "unexpected",
        }
    }

    /// The class of an answer that is not a success.
    #[must_use]
    pub fn of(status: u16, ecode: Option<&str>) -> Class {
        if let Some(class) = ecode.and_then(|ecode| of_code(status, ecode)) {
            return class;
        }
        match status {
            429 => Class::RateLimited,
            // without a code we know, a refusal is never taken for a dead token
            401 | 403 => Class::Forbidden,
            // 404 with one of ClickUp's codes is about an object; without one the route itself is unknown
            404 if ecode.is_some() => Class::Gone,
            410 => Class::Gone,
            408 | 425 | 500..=599 => Class::Retry,
            400 | 402 | 406 | 409 | 411..=417 | 422 => Class::OurFault,
            _ => Class::Unexpected,
        }
    }
}

fn of_code(status: u16, ecode: &str) -> Option<Class> {
    Some(match (status, ecode) {
        (_, "APP_002") => Class::RateLimited,
        (400 | 401, "OAUTH_017" | "OAUTH_019" | "OAUTH_021" | "OAUTH_025" | "OAUTH_077") => {
            Class::TokenDead
        }
        (_, "ACCESS_083") => Class::Forbidden,
        (404, "ITEM_013" | "ITEM_015" | "ACCESS_190" | "PROJ_006") => Class::Gone,
        (400, "ITEM_114" | "CRTSK_001") => Class::StatusUnknown,
        (400, "OAUTH_171") => Class::AlreadyExists,
        // TIS_027 and FIELD_605: the ClickApp for it is off
        (_, "TIS_027") | (400, "GBUSED_005" | "ITEM_246" | "FIELD_605") | (403, "TEAM_110") => {
            Class::PlanLimit
        }
        (400, code) if code.starts_with("FIELD_") => Class::FieldRefused,
        _ => return None,
    })
}

/// Whether the request may have had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Certainly not executed: it was not sent, or it was refused.
    No,
    /// Sent, and no answer tells: it may have been executed, or still be on its way.
    Maybe,
    /// Executed, but its result could not be read.
    Yes,
}

/// A call that did not give its result. Holds no token and no text that a person wrote.
pub struct ClickUpError {
    /// What to do about it.
    pub class: Class,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// ClickUp's error code, when the body had one.
    pub ecode: Option<Box<str>>,
    /// Whether the call may have had its effect.
    pub sent: Sent,
    /// `Retry-After` of the answer.
    pub retry_after: Option<Duration>,
    /// The rate-limit headers of the answer.
    pub rate: RateInfo,
    /// Method and route template of the call.
    pub route: &'static str,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ClickUpError {
    /// For callers that decide at the last moment not to send: certainly not executed.
    #[must_use]
    pub fn not_sent(route: &'static str, reason: &'static str) -> Self {
        Self::unsendable(route, reason)
    }

    /// A request that was not sent because it cannot be right.
    pub(crate) fn unsendable(route: &'static str, reason: &'static str) -> Self {
        Self {
            class: Class::OurFault,
            status: None,
            ecode: None,
            sent: Sent::No,
            retry_after: None,
            rate: RateInfo::default(),
            route,
            source: Some(reason.into()),
        }
    }
}

impl fmt::Display for ClickUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "clickup call {} failed ({}",
            self.route,
            self.class.as_str()
        )?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        if let Some(ecode) = &self.ecode {
            write!(f, ", code {ecode}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for ClickUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClickUpError")
            .field("class", &self.class)
            .field("status", &self.status)
            .field("ecode", &self.ecode)
            .field("sent", &self.sent)
            .field("retry_after", &self.retry_after)
            .field("route", &self.route)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl StdError for ClickUpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Why a client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The token is empty.
    #[error("the ClickUp token is empty")]
    TokenEmpty,
    /// The token has characters that no token has.
    #[error("the ClickUp token has characters that a header cannot carry")]
    TokenNotText,
    /// The address is not one an API can have.
    #[error(
        "the ClickUp address must be http(s)://host[:port]/path without credentials, query or fragment"
    )]
    BaseUrl,
    /// The HTTP client could not be made.
    #[error("the HTTP client for ClickUp could not be made")]
    Http(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_401_is_sorted_by_its_code() {
        for code in ["OAUTH_019", "OAUTH_021", "OAUTH_025", "OAUTH_077"] {
            assert_eq!(Class::of(401, Some(code)), Class::TokenDead, "{code}");
        }
        for code in [
            "OAUTH_023",
            "OAUTH_026",
            "OAUTH_027",
            "OAUTH_061",
            "OAUTH_192",
            "ACCESS_083",
            "NEW_999",
        ] {
            assert_eq!(Class::of(401, Some(code)), Class::Forbidden, "{code}");
        }
        assert_eq!(Class::of(401, None), Class::Forbidden);
        assert_eq!(Class::of(400, Some("OAUTH_017")), Class::TokenDead);
    }

    #[test]
    fn a_404_without_a_code_is_not_a_deleted_task() {
        assert_eq!(Class::of(404, None), Class::Unexpected);
        assert_eq!(Class::of(404, Some("ITEM_013")), Class::Gone);
        assert_eq!(Class::of(404, Some("NEW_999")), Class::Gone);
    }

    #[test]
    fn bad_input_is_sorted_by_what_mends_it() {
        assert_eq!(Class::of(400, Some("ITEM_114")), Class::StatusUnknown);
        assert_eq!(Class::of(400, Some("CRTSK_001")), Class::StatusUnknown);
        assert_eq!(Class::of(400, Some("FIELD_011")), Class::FieldRefused);
        assert_eq!(Class::of(400, Some("OAUTH_171")), Class::AlreadyExists);
        assert_eq!(Class::of(400, Some("INPUT_005")), Class::OurFault);
        assert_eq!(Class::of(403, Some("TEAM_110")), Class::PlanLimit);
    }

    #[test]
    fn failures_of_the_service_may_pass() {
        for status in [408, 425, 500, 502, 503, 504, 520] {
            assert_eq!(Class::of(status, None), Class::Retry, "{status}");
        }
        assert_eq!(Class::of(429, None), Class::RateLimited);
        assert_eq!(Class::of(302, None), Class::Unexpected);
    }

    #[test]
    fn it_fits_in_a_result() {
        assert!(size_of::<ClickUpError>() <= 128);
    }
}
