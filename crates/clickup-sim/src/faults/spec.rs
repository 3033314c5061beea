//! The form of a fault rule on the control interface.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Subject;

/// Longest delay: an hour.
const LONGEST_MS: u64 = 3_600_000;

/// One rule: what it applies to, what happens, how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests or deliveries it is about.
    #[serde(rename = "match", default)]
    pub matching: FaultMatch,
    /// What goes wrong.
    pub kind: FaultKind,
    /// For `status` and `succeed_then_error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Body of the error answer: text is sent as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Seconds, sent as `Retry-After` and as the end of the rate window of a 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Milliseconds, for delays and reordering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// How likely it is, from 0 to 1; the dice follow the seed.
    #[serde(default = "always")]
    pub probability: f64,
    /// How many matching requests or deliveries pass unharmed first.
    #[serde(default)]
    pub skip: u64,
    /// How often at most; without it, until the rule is removed.
    #[serde(default)]
    pub times: Option<u64>,
}

fn always() -> f64 {
    1.0
}

/// Conditions; all that are given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultMatch {
    /// HTTP method, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Endpoint, such as `/api/v2/task/{id}`: a segment in braces stands for any one segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How the path with its query begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// What stands anywhere in the path with its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
    /// How the path without its query ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_suffix: Option<String>,
    /// User of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u64>,
    /// Webhook event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
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
    /// A delivery never leaves.
    WebhookDrop,
    /// A delivery is made twice.
    WebhookDuplicate,
    /// A delivery leaves later.
    WebhookDelay,
    /// A delivery leaves after a random pause, so that later ones overtake it.
    WebhookReorder,
    /// The receiver gets a delivery, but its answer is lost: the delivery counts as failed.
    WebhookAnswerLost,
    /// Deliveries reach the receiver before the writer has its answer.
    WebhookBeforeResponse,
}

impl FaultKind {
    pub(crate) fn is_delivery(self) -> bool {
        matches!(
            self,
            Self::WebhookDrop
                | Self::WebhookDuplicate
                | Self::WebhookDelay
                | Self::WebhookReorder
                | Self::WebhookAnswerLost
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
            Self::WebhookAnswerLost => "webhook_answer_lost",
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
    pub(crate) spec: Fault,
}

impl Fault {
    pub(crate) fn down(mode: DownMode, retry_after: Option<u64>) -> Self {
        let (kind, status) = match mode {
            DownMode::Refuse => (FaultKind::Refuse, None),
            DownMode::Hang => (FaultKind::Hang, None),
            DownMode::TooMany => (FaultKind::Status, Some(429)),
            DownMode::Error => (FaultKind::Status, Some(500)),
        };
        Self {
            status,
            retry_after,
            ..Self::new(kind)
        }
    }

    /// A fault that always happens, everywhere.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            matching: FaultMatch::default(),
            kind,
            status: None,
            body: None,
            retry_after: None,
            ms: None,
            probability: 1.0,
            skip: 0,
            times: None,
        }
    }

    /// # Errors
    /// A sentence on what is missing.
    pub(crate) fn check(&self) -> Result<(), String> {
        let kind = self.kind.as_str();
        match self.kind {
            FaultKind::Status | FaultKind::SucceedThenError
                if !self
                    .status
                    .is_some_and(|status| (200..600).contains(&status)) =>
            {
                Err(format!("fault {kind} needs a status from 200 to 599"))
            }
            FaultKind::Delay | FaultKind::WebhookDelay if self.ms.is_none() => {
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

impl FaultMatch {
    pub(crate) fn meets(&self, subject: Subject<'_>) -> bool {
        fn holds(wanted: Option<&String>, test: impl Fn(&str) -> bool) -> bool {
            wanted.is_none_or(|wanted| test(wanted))
        }
        let bare = subject.path.split('?').next().unwrap_or_default();
        holds(self.method.as_ref(), |m| {
            m.eq_ignore_ascii_case(subject.method)
        }) && holds(self.route.as_ref(), |r| is_on_route(bare, r))
            && holds(self.path_prefix.as_ref(), |p| subject.path.starts_with(p))
            && holds(self.path_contains.as_ref(), |p| subject.path.contains(p))
            && holds(self.path_suffix.as_ref(), |p| bare.ends_with(p))
            && holds(self.event.as_ref(), |e| subject.event == Some(e))
            && self.user.is_none_or(|user| subject.user == Some(user))
    }
}

fn is_on_route(path: &str, route: &str) -> bool {
    let (mut path, mut route) = (path.split('/'), route.split('/'));
    loop {
        match (path.next(), route.next()) {
            (None, None) => return true,
            (Some(part), Some(wanted)) if part == wanted || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}
