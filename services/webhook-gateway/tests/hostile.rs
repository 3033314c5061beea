//! Forged, altered, replayed and malformed deliveries by the thousand: none has an effect, and none of those that are ours
//! is lost among them.
//!
//! An ordinary run sends 3,000. `KEYLIGHT_TRIAL_BODIES=100000` sends as many as the goal says; `KEYLIGHT_TRIAL_SEED` takes
//! the dice of an earlier run.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{HeaderValue, Request, StatusCode},
};
use futures::{StreamExt as _, stream};
use keylight_clickup::signature;
use keylight_contracts::events::TaskHint;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet};
use support::{Gateway, SECRET, fresh_database, status_change};

/// Deliveries at the same time.
const AT_ONCE: usize = 48;
/// Deliveries of ours in the beginning, for replaying and altering.
const OURS: usize = 40;
const OTHER_SECRET: &str = "secret-of-the-other-webhook";

/// What is sent, and the answers that it may get.
struct Hostile {
    kind: &'static str,
    name: String,
    signature: Option<Vec<u8>>,
    body: Vec<u8>,
    answers: &'static [StatusCode],
}

/// 403 as a rule; a name that nobody knows may also meet the bound on questions.
const REFUSED: &[StatusCode] = &[StatusCode::FORBIDDEN];
const UNKNOWN_NAME: &[StatusCode] = &[StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE];
const TAKEN: &[StatusCode] = &[StatusCode::OK];

fn sign(secret: &str, body: &[u8]) -> Option<Vec<u8>> {
    Some(signature::sign(secret.as_bytes(), body).into_bytes())
}

fn text(dice: &mut StdRng, length: usize, letters: &[u8]) -> String {
    (0..length)
        .map(|_| char::from(letters[dice.random_range(0..letters.len())]))
        .collect()
}

fn bytes(dice: &mut StdRng, most: usize) -> Vec<u8> {
    let length = dice.random_range(0..most);
    (0..length).map(|_| dice.random()).collect()
}

fn ours(n: usize) -> String {
    status_change("taskUpdated", &format!("ours{n}"), &n.to_string())
}

/// A body as ClickUp would send it, of a task that is none of ours.
fn plausible(dice: &mut StdRng) -> Vec<u8> {
    let number: u64 = dice.random();
    status_change("taskUpdated", &format!("evil{number}"), &number.to_string()).into_bytes()
}

/// Something that is not the same bytes any more.
fn altered(dice: &mut StdRng, original: &[u8]) -> Vec<u8> {
    let mut body = original.to_vec();
    let at = dice.random_range(0..body.len());
    match dice.random_range(0..5) {
        0 => body[at] ^= 1 << dice.random_range(0..8),
        1 => body.truncate(at),
        2 => body.insert(at, b' '),
        3 => body.extend_from_slice(b"\n"),
        // the same value, written in another way
        _ => {
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
            body = serde_json::to_vec_pretty(&value).unwrap();
        }
    }
    body
}

/// Signed as if by ClickUp, and nothing that one could understand.
fn malformed(dice: &mut StdRng) -> Vec<u8> {
    match dice.random_range(0..7) {
        0 => bytes(dice, 200),
        1 => "[".repeat(dice.random_range(1..5000)).into_bytes(),
        2 => {
            let whole = plausible(dice);
            let at = dice.random_range(0..whole.len());
            whole[..at].to_vec()
        }
        3 => format!(r#"{{"auto_id":"{}","trigger_id":"t","date":"2026-11-22T10:00:00Z","payload":{{"id":"86abc"}}}}"#, dice.random::<u64>())
            .into_bytes(),
        4 => format!(r#"{{"event":"taskUpdated","task_id":"../{}","history_items":[]}}"#, dice.random::<u64>()).into_bytes(),
        5 => format!(r#"{{"event":"{}","task_id":"1"}}"#, text(dice, 70, b"abcXYZ")).into_bytes(),
        _ => format!(r#"{{"event":["taskUpdated"],"task_id":{{"a":{}}}}}"#, dice.random::<u64>()).into_bytes(),
    }
}

fn hostile(dice: &mut StdRng) -> Hostile {
    let original = ours(dice.random_range(0..OURS)).into_bytes();
    let intake = || "intake".to_owned();
    match dice.random_range(0..10) {
        0 => {
            let body = plausible(dice);
            let secret = text(dice, 12, b"abcdef0123456789");
            Hostile {
                kind: "forged with a guessed secret",
                name: intake(),
                signature: sign(&secret, &body),
                body,
                answers: REFUSED,
            }
        }
        1 => {
            let letters: &[u8] = if dice.random() {
                b"0123456789abcdefABCDEF"
            } else {
                b"0123456789abcdef ~,;\"\xff\x80"
            };
            let length = if dice.random() {
                64
            } else {
                dice.random_range(0..200)
            };
            let signature = (0..length)
                .map(|_| letters[dice.random_range(0..letters.len())])
                .collect();
            Hostile {
                kind: "forged with a made-up signature",
                name: intake(),
                signature: Some(signature),
                body: plausible(dice),
                answers: REFUSED,
            }
        }
        2 => Hostile {
            kind: "not signed",
            name: intake(),
            signature: None,
            body: if dice.random() {
                plausible(dice)
            } else {
                malformed(dice)
            },
            answers: REFUSED,
        },
        3 | 4 => {
            let mut body = altered(dice, &original);
            while body == original {
                body = altered(dice, &original);
            }
            Hostile {
                kind: "altered",
                name: intake(),
                signature: sign(SECRET, &original),
                body,
                answers: REFUSED,
            }
        }
        5 => Hostile {
            kind: "signed for another webhook",
            name: if dice.random() {
                intake()
            } else {
                "other".to_owned()
            },
            signature: None,
            body: plausible(dice),
            answers: REFUSED,
        }
        .signed_for_the_other(),
        6 => {
            let body = plausible(dice);
            Hostile {
                kind: "under a name that nobody has",
                name: text(dice, 8, b"abcdefghijklmnopqrstuvwxyz.%/"),
                signature: sign(SECRET, &body),
                body,
                answers: UNKNOWN_NAME,
            }
        }
        7 => Hostile {
            kind: "malformed and badly signed",
            name: intake(),
            signature: sign("guessed", &original),
            body: malformed(dice),
            answers: REFUSED,
        },
        8 => Hostile {
            kind: "replayed",
            name: intake(),
            signature: sign(SECRET, &original),
            body: original,
            answers: TAKEN,
        },
        _ => {
            let body = malformed(dice);
            Hostile {
                kind: "malformed and signed",
                name: intake(),
                signature: sign(SECRET, &body),
                body,
                answers: TAKEN,
            }
        }
    }
}

impl Hostile {
    fn signed_for_the_other(mut self) -> Self {
        let secret = if self.name == "intake" {
            OTHER_SECRET
        } else {
            SECRET
        };
        self.signature = sign(secret, &self.body);
        self
    }

    fn request(&self) -> Request<Body> {
        // what cannot stand in a path or a header stays out of it
        let name = self.name.replace('/', "%2F").replace("%2E", ".");
        let name = name.replace('%', "%25");
        let mut request = Request::post(format!("/webhooks/clickup/{name}"));
        if let Some(signature) = &self.signature
            && let Ok(value) = HeaderValue::from_bytes(signature)
        {
            request = request.header("X-Signature", value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_hostile_has_an_effect() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let bodies = number("KEYLIGHT_TRIAL_BODIES").unwrap_or(3_000);
    let seed = number("KEYLIGHT_TRIAL_SEED").unwrap_or_else(rand::random);
    println!("{bodies} bodies, seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);

    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    gateway.told.set("other", &[OTHER_SECRET]);
    for n in 0..OURS {
        assert_eq!(
            gateway.signed("intake", &ours(n), SECRET).await,
            StatusCode::OK
        );
    }
    let all: Vec<Hostile> = (0..bodies).map(|_| hostile(&mut dice)).collect();
    let mut sent = BTreeMap::new();
    let mut aside = BTreeSet::new();
    for one in &all {
        *sent.entry(one.kind).or_insert(0) += 1;
        if one.kind == "malformed and signed" {
            aside.insert(one.body.clone());
        }
    }
    // and one of ours now and then
    let fresh = bodies / 100;
    let among = stream::iter(0..fresh).map(|n| {
        let (gateway, body) = (&gateway, ours(OURS + n as usize));
        async move {
            assert_eq!(
                gateway.signed("intake", &body, SECRET).await,
                StatusCode::OK
            );
        }
    });
    let attack = stream::iter(&all).map(|one| {
        let gateway = &gateway;
        async move {
            let (status, answer) = gateway.send(one.request()).await;
            assert!(
                one.answers.contains(&status),
                "seed {seed}, {}: {status} {answer}",
                one.kind
            );
        }
    });
    tokio::join!(
        attack.buffer_unordered(AT_ONCE).for_each(|()| async {}),
        among.buffer_unordered(2).for_each(|()| async {}),
    );

    let expected: BTreeSet<String> = (0..OURS + fresh as usize)
        .map(|n| format!("ours{n}"))
        .collect();
    let ledger = gateway.ledger().await;
    let (unknown, tasks): (Vec<_>, Vec<_>) =
        ledger.into_iter().partition(|(kind, ..)| kind == "unknown");
    assert_eq!(
        tasks.len(),
        expected.len(),
        "seed {seed}: one row for each of ours"
    );
    let tasks: BTreeSet<String> = tasks.into_iter().filter_map(|(.., task)| task).collect();
    assert_eq!(tasks, expected, "seed {seed}");
    // in each minute at the most once
    let bodies_aside: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT DISTINCT body FROM webhook.deliveries WHERE kind = 'unknown'")
            .fetch_all(&gateway.pool)
            .await
            .unwrap();
    let kept: BTreeSet<Vec<u8>> = bodies_aside.into_iter().collect();
    assert_eq!(
        kept, aside,
        "seed {seed}: what was signed is kept aside, nothing else"
    );
    assert!(unknown.len() >= kept.len());
    let told: BTreeSet<String> = gateway
        .hints(expected.len())
        .await
        .into_iter()
        .map(|hint| {
            let hint: TaskHint = serde_json::from_value(hint.data).unwrap();
            hint.task_id
        })
        .collect();
    assert_eq!(
        told, expected,
        "seed {seed}: told once each, and nothing else"
    );
    println!("{sent:#?}, {} of ours among them", expected.len());
}
