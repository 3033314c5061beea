//! Faults that can be switched on: what goes wrong, for which requests or deliveries, how often.

pub(crate) mod spec;

use std::sync::Mutex;

use tokio::sync::watch;

use crate::ids::Dice;
use crate::sim::lock;
use spec::{DownMode, Fault, FaultKind, RuleView};

/// Rules at most; a test that adds more has forgotten to clean up.
const MOST_RULES: usize = 1_000;
/// Id of the rule behind `/_sim/down`.
const DOWN_RULE: u64 = 0;

/// All rules in force.
#[derive(Debug)]
pub(crate) struct Faults {
    book: Mutex<Book>,
    /// Changes whenever rules do, to free what hangs.
    generation: watch::Sender<u64>,
}

#[derive(Debug)]
struct Book {
    rules: Vec<Rule>,
    down: Option<Fault>,
    next_id: u64,
    seed: u64,
}

/// Each rule has dice of its own, so that what it does to its n-th request does not depend on how
/// requests of other endpoints fell between.
#[derive(Debug)]
struct Rule {
    id: u64,
    spec: Fault,
    met: u64,
    hits: u64,
    dice: Dice,
}

/// A rule that applies to the request at hand.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) rule: u64,
    pub(crate) spec: Fault,
}

/// What shall go wrong with one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) delay_ms: u64,
    /// Instead of the request: status, refuse, hang.
    pub(crate) before: Option<Hit>,
    /// After it took effect: hang, error, cut body.
    pub(crate) after: Option<Hit>,
    pub(crate) stale: bool,
    pub(crate) webhooks_first: bool,
}

/// What shall go wrong with one delivery.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DeliveryPlan {
    pub(crate) drop: bool,
    pub(crate) duplicate: bool,
    pub(crate) delay_ms: u64,
    pub(crate) reorder_ms: u64,
}

/// The facts a rule is matched against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) user: Option<u64>,
    pub(crate) event: Option<&'a str>,
}

impl<'a> Subject<'a> {
    fn of_delivery(event: &'a str) -> Self {
        Self {
            method: "POST",
            path: "",
            user: None,
            event: Some(event),
        }
    }
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            book: Mutex::new(Book {
                rules: Vec::new(),
                down: None,
                next_id: DOWN_RULE + 1,
                seed,
            }),
            generation: watch::Sender::new(0),
        }
    }

    /// Adds rules; later ones come after earlier ones.
    ///
    /// # Errors
    /// A sentence about the first rule that makes no sense.
    pub(crate) fn add(&self, specs: Vec<Fault>) -> Result<Vec<u64>, String> {
        for spec in &specs {
            spec.check()?;
        }
        let mut book = lock(&self.book);
        if book.rules.len() + specs.len() > MOST_RULES {
            return Err(format!("more than {MOST_RULES} fault rules"));
        }
        let ids = specs
            .into_iter()
            .map(|spec| {
                let id = book.next_id;
                book.next_id += 1;
                let dice = Dice::new(book.seed ^ id.wrapping_mul(0x5eed_5eed_5eed_5eed));
                book.rules.push(Rule {
                    id,
                    spec,
                    met: 0,
                    hits: 0,
                    dice,
                });
                id
            })
            .collect();
        drop(book);
        self.changed();
        Ok(ids)
    }

    /// Removes all rules, or one, or none when the id is unknown. `/_sim/down` stays.
    pub(crate) fn remove(&self, id: Option<u64>) {
        lock(&self.book)
            .rules
            .retain(|rule| id.is_some_and(|id| rule.id != id));
        self.changed();
    }

    /// New dice for rules that are added from now on, numbered from the beginning: the same rules
    /// then do the same to the same requests. Removes the rules in force.
    pub(crate) fn reseed(&self, seed: u64) {
        let mut book = lock(&self.book);
        book.rules.clear();
        book.seed = seed;
        book.next_id = DOWN_RULE + 1;
        drop(book);
        self.changed();
    }

    pub(crate) fn set_down(&self, mode: Option<(DownMode, Option<u64>)>) {
        lock(&self.book).down = mode.map(|(mode, retry_after)| Fault::down(mode, retry_after));
        self.changed();
    }

    /// Rules as the control interface shows them.
    pub(crate) fn list(&self) -> Vec<RuleView> {
        let book = lock(&self.book);
        let down = book.down.iter().map(|spec| RuleView {
            id: DOWN_RULE,
            hits: 0,
            spec: spec.clone(),
        });
        let rules = book.rules.iter().map(|rule| RuleView {
            id: rule.id,
            hits: rule.hits,
            spec: rule.spec.clone(),
        });
        down.chain(rules).collect()
    }

    /// Decides what goes wrong with a request.
    pub(crate) fn plan(&self, subject: Subject<'_>) -> Plan {
        let mut book = lock(&self.book);
        let mut plan = Plan::default();
        if let Some(spec) = book.down.clone() {
            plan.before = Some(Hit {
                rule: DOWN_RULE,
                spec,
            });
            return plan;
        }
        for rule in &mut book.rules {
            let free = match rule.spec.kind {
                FaultKind::Delay | FaultKind::StaleRead | FaultKind::WebhookBeforeResponse => true,
                FaultKind::Status | FaultKind::Refuse | FaultKind::Hang => plan.before.is_none(),
                FaultKind::SucceedThenHang | FaultKind::SucceedThenError | FaultKind::CutBody => {
                    plan.after.is_none()
                }
                _ => false,
            };
            if !free || !rule.fires(subject) {
                continue;
            }
            let hit = Hit {
                rule: rule.id,
                spec: rule.spec.clone(),
            };
            match rule.spec.kind {
                FaultKind::Delay => {
                    plan.delay_ms = plan.delay_ms.saturating_add(rule.spec.ms.unwrap_or(0))
                }
                FaultKind::StaleRead => plan.stale = true,
                FaultKind::WebhookBeforeResponse => plan.webhooks_first = true,
                FaultKind::Status | FaultKind::Refuse | FaultKind::Hang => plan.before = Some(hit),
                _ => plan.after = Some(hit),
            }
        }
        plan
    }

    /// Decides what goes wrong with a delivery.
    pub(crate) fn plan_delivery(&self, event: &str) -> DeliveryPlan {
        let mut book = lock(&self.book);
        let mut plan = DeliveryPlan::default();
        let subject = Subject::of_delivery(event);
        for rule in &mut book.rules {
            if !rule.spec.kind.is_delivery()
                || rule.spec.kind == FaultKind::WebhookAnswerLost
                || !rule.fires(subject)
            {
                continue;
            }
            match rule.spec.kind {
                FaultKind::WebhookDrop => plan.drop = true,
                FaultKind::WebhookDuplicate => plan.duplicate = true,
                FaultKind::WebhookDelay => {
                    plan.delay_ms = plan.delay_ms.saturating_add(rule.spec.ms.unwrap_or(0))
                }
                // A random pause lets later deliveries overtake this one.
                _ => {
                    let most = rule.spec.ms.unwrap_or(300);
                    plan.reorder_ms = (rule.dice.roll() * most as f64) as u64;
                }
            }
        }
        plan
    }

    /// Decides whether the receiver's answer to one attempt gets lost.
    pub(crate) fn loses_answer(&self, event: &str) -> bool {
        let mut book = lock(&self.book);
        let subject = Subject::of_delivery(event);
        book.rules
            .iter_mut()
            .filter(|rule| rule.spec.kind == FaultKind::WebhookAnswerLost)
            .any(|rule| rule.fires(subject))
    }

    /// Waits until a rule is taken away.
    pub(crate) async fn lifted(&self, rule: u64) {
        let mut generation = self.generation.subscribe();
        while self.is_in_force(rule) {
            if generation.changed().await.is_err() {
                return;
            }
        }
    }

    fn is_in_force(&self, id: u64) -> bool {
        let book = lock(&self.book);
        if id == DOWN_RULE {
            return book.down.is_some();
        }
        book.rules.iter().any(|rule| rule.id == id)
    }

    fn changed(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

impl Rule {
    fn fires(&mut self, subject: Subject<'_>) -> bool {
        if self.spec.times.is_some_and(|times| self.hits >= times) {
            return false;
        }
        if !self.spec.matching.meets(subject) {
            return false;
        }
        self.met += 1;
        if self.met <= self.spec.skip {
            return false;
        }
        if self.spec.probability < 1.0 && self.dice.roll() >= self.spec.probability {
            return false;
        }
        self.hits += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn faults(text: &str) -> Faults {
        let faults = Faults::new(1);
        let specs: Vec<Fault> = serde_json::from_str(text).unwrap();
        faults.add(specs).unwrap();
        faults
    }

    fn request<'a>(method: &'a str, path: &'a str) -> Subject<'a> {
        Subject {
            method,
            path,
            user: Some(1),
            event: None,
        }
    }

    #[test]
    fn a_rule_fires_as_often_as_it_says_and_only_where_it_matches() {
        let faults = faults(
            r#"[{"match":{"method":"POST","path_prefix":"/api/v2/list"},
                "kind":"status","status":500,"times":2}]"#,
        );
        assert!(
            faults
                .plan(request("GET", "/api/v2/list/1"))
                .before
                .is_none()
        );
        assert!(
            faults
                .plan(request("POST", "/api/v2/task/1"))
                .before
                .is_none()
        );
        assert!(
            faults
                .plan(request("POST", "/api/v2/list/1"))
                .before
                .is_some()
        );
        assert!(
            faults
                .plan(request("POST", "/api/v2/list/1"))
                .before
                .is_some()
        );
        assert!(
            faults
                .plan(request("POST", "/api/v2/list/1"))
                .before
                .is_none()
        );
    }

    #[test]
    fn delays_add_up_and_probability_is_kept() {
        let faults = faults(
            r#"[{"kind":"delay","ms":5},{"kind":"delay","ms":7},
                {"kind":"stale_read","probability":0.25}]"#,
        );
        let plans: Vec<_> = (0..2_000)
            .map(|_| faults.plan(request("GET", "/api/")))
            .collect();
        assert!(plans.iter().all(|plan| plan.delay_ms == 12));
        let stale = plans.iter().filter(|plan| plan.stale).count();
        assert!((400..600).contains(&stale), "{stale}");
    }

    #[test]
    fn the_same_seed_does_the_same_to_the_same_requests() {
        let rules = r#"[{"match":{"route":"/api/v2/task/{id}"},"kind":"status","status":500,
            "probability":0.3,"skip":2}]"#;
        let run = |noise: bool| -> Vec<bool> {
            let faults = Faults::new(99);
            faults.reseed(7);
            faults.add(serde_json::from_str(rules).unwrap()).unwrap();
            faults
                .add(vec![serde_json::from_str(
                    r#"{"match":{"path_prefix":"/api/v2/user"},"kind":"stale_read","probability":0.5}"#,
                )
                .unwrap()])
                .unwrap();
            (0..200)
                .map(|_| {
                    if noise {
                        faults.plan(request("GET", "/api/v2/user"));
                        faults.plan(request("GET", "/api/v2/task/1/comment"));
                    }
                    let plan = faults.plan(request("GET", "/api/v2/task/1?x=1"));
                    plan.before.is_some()
                })
                .collect()
        };
        let quiet = run(false);
        assert_eq!(quiet, run(true));
        assert!(!quiet[0] && !quiet[1], "the first two were to pass");
        let hits = quiet.iter().filter(|hit| **hit).count();
        assert!((35..85).contains(&hits), "{hits}");
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        let spec: Fault = serde_json::from_str(r#"{"kind":"delay"}"#).unwrap();
        assert!(Faults::new(1).add(vec![spec]).unwrap_err().contains("ms"));
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"delay","sm":5}"#).is_err());
    }
}
