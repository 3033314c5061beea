//! Everything that the simulator can do wrong, as rules with a beginning and an end.

use crate::support::virtual_time::Dice;
use serde_json::{Value, json};

/// What can go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    ServerError,
    BadGateway,
    PageOfSomebodyElse,
    RateOfOthers,
    TokenRefused,
    Refuse,
    Hang,
    Delay,
    SucceedThenHang,
    SucceedThenError,
    CutBody,
    StaleRead,
    WebhookDrop,
    WebhookDuplicate,
    WebhookDelay,
    WebhookReorder,
    WebhookAnswerLost,
    WebhookBeforeResponse,
    WebhookSuspended,
    DownRefusing,
    DownHanging,
    DownLimiting,
    DownFailing,
}

pub const KINDS: [Kind; 23] = [
    Kind::ServerError,
    Kind::BadGateway,
    Kind::PageOfSomebodyElse,
    Kind::RateOfOthers,
    Kind::TokenRefused,
    Kind::Refuse,
    Kind::Hang,
    Kind::Delay,
    Kind::SucceedThenHang,
    Kind::SucceedThenError,
    Kind::CutBody,
    Kind::StaleRead,
    Kind::WebhookDrop,
    Kind::WebhookDuplicate,
    Kind::WebhookDelay,
    Kind::WebhookReorder,
    Kind::WebhookAnswerLost,
    Kind::WebhookBeforeResponse,
    Kind::WebhookSuspended,
    Kind::DownRefusing,
    Kind::DownHanging,
    Kind::DownLimiting,
    Kind::DownFailing,
];

/// A fault in force from `from` to `until`, milliseconds since the beginning.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub kind: Kind,
    pub from: u64,
    pub until: u64,
    /// the rule for the simulator; none for what is switched otherwise
    pub rule: Option<Value>,
}

impl Kind {
    /// `Some` when the whole service is down in this way.
    pub const fn down(self) -> Option<&'static str> {
        match self {
            Self::DownRefusing => Some("refuse"),
            Self::DownHanging => Some("hang"),
            Self::DownLimiting => Some("429"),
            Self::DownFailing => Some("500"),
            _ => None,
        }
    }

    /// Whether it makes answers that say that the rate limit was hit.
    pub const fn refuses_for_the_rate(self) -> bool {
        matches!(self, Self::RateOfOthers | Self::DownLimiting)
    }

    /// The rule, for all calls or for some of them.
    fn rule(self, dice: &mut Dice, everywhere: bool) -> Option<Value> {
        let status = |status: u16| json!({"kind": "status", "status": status});
        let ms = |kind: &str, ms: u64| json!({"kind": kind, "ms": ms});
        let mut rule = match self {
            Self::ServerError => status(500),
            Self::BadGateway => {
                json!({"kind": "status", "status": 502, "body": "<html>502</html>"})
            }
            Self::PageOfSomebodyElse => {
                json!({"kind": "status", "status": 200, "body": "<html>sign in</html>"})
            }
            Self::RateOfOthers => {
                json!({"kind": "status", "status": 429, "retry_after": 1 + dice.roll(15)})
            }
            Self::TokenRefused => {
                json!({"kind": "status", "status": 401, "body": {"err": "Token invalid", "ECODE": "OAUTH_025"}})
            }
            Self::Refuse => json!({"kind": "refuse"}),
            Self::Hang => json!({"kind": "hang"}),
            Self::Delay => ms("delay", 500 + dice.roll(15_000)),
            Self::SucceedThenHang => json!({"kind": "succeed_then_hang"}),
            Self::SucceedThenError => {
                json!({"kind": "succeed_then_error", "status": dice.one(&[500, 502, 504])})
            }
            Self::CutBody => json!({"kind": "cut_body"}),
            Self::StaleRead => json!({"kind": "stale_read", "match": {"method": "GET"}}),
            Self::WebhookDrop => json!({"kind": "webhook_drop"}),
            Self::WebhookDuplicate => json!({"kind": "webhook_duplicate"}),
            Self::WebhookDelay => ms("webhook_delay", 200 + dice.roll(20_000)),
            Self::WebhookReorder => ms("webhook_reorder", 200 + dice.roll(5_000)),
            Self::WebhookAnswerLost => json!({"kind": "webhook_answer_lost"}),
            Self::WebhookBeforeResponse => json!({"kind": "webhook_before_response"}),
            Self::WebhookSuspended
            | Self::DownRefusing
            | Self::DownHanging
            | Self::DownLimiting
            | Self::DownFailing => return None,
        };
        let hangs = matches!(self, Self::Hang | Self::SucceedThenHang);
        let percent = if hangs {
            5 + dice.roll(20)
        } else {
            15 + dice.roll(60)
        };
        rule["probability"] = json!(f64::from(u8::try_from(percent).unwrap()) / 100.0);
        let of_answers = !rule["kind"].as_str().unwrap().starts_with("webhook");
        if !everywhere && of_answers && self != Self::StaleRead {
            rule["match"] = match dice.roll(6) {
                0 => json!({"method": "POST", "path_prefix": "/api/v2/list"}),
                1 => json!({"method": "PUT"}),
                2 => json!({"method": "GET"}),
                3 => json!({"path_prefix": "/api/v2/task"}),
                4 => json!({"path_prefix": "/api/v2/list"}),
                _ => json!({}),
            };
        }
        Some(rule)
    }

    /// This fault alone, from the beginning to the end.
    pub fn alone(self, dice: &mut Dice, end: u64) -> Vec<Trouble> {
        // a service that is down for a minute does nothing: let it come and go
        let spells = if self.down().is_some() || self == Self::WebhookSuspended {
            3
        } else {
            1
        };
        let each = end / spells;
        let spell = |nth: u64, dice: &mut Dice| Trouble {
            kind: self,
            from: nth * each,
            until: if spells == 1 {
                end
            } else {
                nth * each + each / 4 + dice.roll(each / 2)
            },
            rule: self.rule(dice, true),
        };
        (0..spells).map(|nth| spell(nth, dice)).collect()
    }
}

/// Some faults together, each for a part of the time.
pub fn some(dice: &mut Dice, end: u64) -> Vec<Trouble> {
    let count = 2 + dice.roll(4);
    let one = |_| {
        let kind = dice.one(&KINDS);
        let longest = if kind.down().is_some() { end / 3 } else { end };
        let from = dice.roll(end * 3 / 4);
        Trouble {
            kind,
            from,
            until: (from + 2_000 + dice.roll(longest)).min(end),
            rule: kind.rule(dice, false),
        }
    };
    (0..count).map(one).collect()
}
