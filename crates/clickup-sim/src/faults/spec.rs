//! The form of a fault rule on the control interface.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Subject;

/// Longest delay: an hour.
const LONGEST_MS: u64 = 3_600_000;

/// One rule: what it applies to, what happens, how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultSpec {
    #[serde(rename = "match", default)]
    pub(crate) matching: Matching,
    pub(crate) kind: Kind,
    /// For `status` and `succeed_then_error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Body of the error answer: text is sent as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    /// Seconds, sent as `Retry-After` and as the end of the rate window of a 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    /// Milliseconds, for delays and reordering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    #[serde(default = "always")]
    pub(crate) probability: f64,
    /// How often at most; without it, until the rule is removed.
    #[serde(default)]
    pub(crate) times: Option<u64>,
}

fn always() -> f64 {
    1.0
}

/// Conditions; all that are given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Matching {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path_contains: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path_suffix: Option<String>,
    /// User of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<u64>,
    /// Webhook event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Answer with a status; nothing happens.
    Status,
    /// Close the connection without an answer; nothing happens.
    Refuse,
    /// Answer only after the rule is removed.
    Hang,
    /// Answer later.
    Delay,
    /// The effect happens, the answer comes only after the rule is removed.
    SucceedThenHang,
    /// The effect happens, the answer is an error.
    SucceedThenError,
    /// The effect happens, the body ends in its middle.
    CutBody,
    /// Reads show the task as it was before its last change.
    StaleRead,
    WebhookDrop,
    WebhookDuplicate,
    WebhookDelay,
    WebhookReorder,
    /// Deliveries reach the receiver before the writer has its answer.
    WebhookBeforeResponse,
}

impl Kind {
    pub(crate) fn is_delivery(self) -> bool {
        matches!(
            self,
            Self::WebhookDrop | Self::WebhookDuplicate | Self::WebhookDelay | Self::WebhookReorder
        )
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Refuse => "refuse",
            Self::Hang => "hang",
            Self::Delay => "delay",
            Self::SucceedThenHang => "succeed_then_hang",
            Self::SucceedThenError => "succeed_then_error",
            Self::CutBody => "cut_body",
            Self::StaleRead => "stale_read",
            Self::WebhookDrop => "webhook_drop",
            Self::WebhookDuplicate => "webhook_duplicate",
            Self::WebhookDelay => "webhook_delay",
            Self::WebhookReorder => "webhook_reorder",
            Self::WebhookBeforeResponse => "webhook_before_response",
        }
    }
}

/// Ways in which the whole API can be down.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) enum DownMode {
    #[serde(rename = "refuse")]
    Refuse,
    #[serde(rename = "hang")]
    Hang,
    #[serde(rename = "429")]
    TooMany,
    #[serde(rename = "500")]
    Error,
}

/// A rule with its id and how often it fired.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RuleView {
    pub(crate) id: u64,
    pub(crate) hits: u64,
    #[serde(flatten)]
    pub(crate) spec: FaultSpec,
}

impl FaultSpec {
    pub(crate) fn down(mode: DownMode, retry_after: Option<u64>) -> Self {
        let (kind, status) = match mode {
            DownMode::Refuse => (Kind::Refuse, None),
            DownMode::Hang => (Kind::Hang, None),
            DownMode::TooMany => (Kind::Status, Some(429)),
            DownMode::Error => (Kind::Status, Some(500)),
        };
        Self {
            matching: Matching::default(),
            kind,
            status,
            body: None,
            retry_after,
            ms: None,
            probability: 1.0,
            times: None,
        }
    }

    /// # Errors
    /// A sentence on what is missing.
    pub(crate) fn check(&self) -> Result<(), String> {
        let kind = self.kind.as_str();
        match self.kind {
            Kind::Status | Kind::SucceedThenError
                if !self
                    .status
                    .is_some_and(|status| (200..600).contains(&status)) =>
            {
                Err(format!("fault {kind} needs a status from 200 to 599"))
            }
            Kind::Delay | Kind::WebhookDelay if self.ms.is_none() => {
                Err(format!("fault {kind} needs ms"))
            }
            _ if self.ms.is_some_and(|ms| ms > LONGEST_MS) => {
                Err(format!("ms is {LONGEST_MS} at most"))
            }
            _ if !(0.0..=1.0).contains(&self.probability) => {
                Err("probability lies between 0 and 1".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Matching {
    pub(crate) fn meets(&self, subject: Subject<'_>) -> bool {
        fn holds(wanted: Option<&String>, test: impl Fn(&str) -> bool) -> bool {
            wanted.is_none_or(|wanted| test(wanted))
        }
        let bare = subject.path.split('?').next().unwrap_or_default();
        holds(self.method.as_ref(), |m| {
            m.eq_ignore_ascii_case(subject.method)
        }) && holds(self.path_prefix.as_ref(), |p| subject.path.starts_with(p))
            && holds(self.path_contains.as_ref(), |p| subject.path.contains(p))
            && holds(self.path_suffix.as_ref(), |p| bare.ends_with(p))
            && holds(self.event.as_ref(), |e| subject.event == Some(e))
            && self.user.is_none_or(|user| subject.user == Some(user))
    }
}
