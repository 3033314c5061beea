//! Faults that can be switched on: what goes wrong, for which requests or deliveries, how often.

pub(crate) mod spec;

use std::sync::Mutex;

use tokio::sync::watch;

use crate::ids::Dice;
use crate::sim::lock;
use spec::{DownMode, FaultSpec, Kind, RuleView};

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
    down: Option<FaultSpec>,
    next_id: u64,
    dice: Dice,
}

#[derive(Debug)]
struct Rule {
    id: u64,
    spec: FaultSpec,
    hits: u64,
}

/// A rule that applies to the request at hand.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) rule: u64,
    pub(crate) spec: FaultSpec,
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

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            book: Mutex::new(Book {
                rules: Vec::new(),
                down: None,
                next_id: DOWN_RULE + 1,
                dice: Dice::new(seed ^ 0x5eed),
            }),
            generation: watch::Sender::new(0),
        }
    }

    /// Adds rules; later ones come after earlier ones.
    ///
    /// # Errors
    /// A sentence about the first rule that makes no sense.
    pub(crate) fn add(&self, specs: Vec<FaultSpec>) -> Result<Vec<u64>, String> {
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
                book.rules.push(Rule { id, spec, hits: 0 });
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

    pub(crate) fn set_down(&self, mode: Option<(DownMode, Option<u64>)>) {
        lock(&self.book).down = mode.map(|(mode, retry_after)| FaultSpec::down(mode, retry_after));
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
        let Book { rules, dice, .. } = &mut *book;
        for rule in rules {
            let free = match rule.spec.kind {
                Kind::Delay | Kind::StaleRead | Kind::WebhookBeforeResponse => true,
                Kind::Status | Kind::Refuse | Kind::Hang => plan.before.is_none(),
                Kind::SucceedThenHang | Kind::SucceedThenError | Kind::CutBody => {
                    plan.after.is_none()
                }
                _ => false,
            };
            if !free || !rule.fires(subject, dice) {
                continue;
            }
            let hit = Hit {
                rule: rule.id,
                spec: rule.spec.clone(),
            };
            match rule.spec.kind {
                Kind::Delay => {
                    plan.delay_ms = plan.delay_ms.saturating_add(rule.spec.ms.unwrap_or(0))
                }
                Kind::StaleRead => plan.stale = true,
                Kind::WebhookBeforeResponse => plan.webhooks_first = true,
                Kind::Status | Kind::Refuse | Kind::Hang => plan.before = Some(hit),
                _ => plan.after = Some(hit),
            }
        }
        plan
    }

    /// Decides what goes wrong with a delivery.
    pub(crate) fn plan_delivery(&self, event: &str) -> DeliveryPlan {
        let mut book = lock(&self.book);
        let mut plan = DeliveryPlan::default();
        let subject = Subject {
            method: "POST",
            path: "",
            user: None,
            event: Some(event),
        };
        let Book { rules, dice, .. } = &mut *book;
        for rule in rules {
            if !rule.spec.kind.is_delivery() || !rule.fires(subject, dice) {
                continue;
            }
            match rule.spec.kind {
                Kind::WebhookDrop => plan.drop = true,
                Kind::WebhookDuplicate => plan.duplicate = true,
                Kind::WebhookDelay => {
                    plan.delay_ms = plan.delay_ms.saturating_add(rule.spec.ms.unwrap_or(0))
                }
                // A random pause lets later deliveries overtake this one.
                _ => {
                    let most = rule.spec.ms.unwrap_or(300);
                    plan.reorder_ms = (dice.roll() * most as f64) as u64;
                }
            }
        }
        plan
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
    fn fires(&mut self, subject: Subject<'_>, dice: &mut Dice) -> bool {
        if self.spec.times.is_some_and(|times| self.hits >= times) {
            return false;
        }
        if !self.spec.matching.meets(subject) {
            return false;
        }
        if self.spec.probability < 1.0 && dice.roll() >= self.spec.probability {
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
        let specs: Vec<FaultSpec> = serde_json::from_str(text).unwrap();
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
    fn nonsense_is_refused_with_a_reason() {
        let spec: FaultSpec = serde_json::from_str(r#"{"kind":"delay"}"#).unwrap();
        assert!(Faults::new(1).add(vec![spec]).unwrap_err().contains("ms"));
        assert!(serde_json::from_str::<FaultSpec>(r#"{"kind":"delay","sm":5}"#).is_err());
    }
}
