//! Every operation of the OpenAPI document, called as everybody there is: 401 and 403 exactly where its rule says so.

use crate::{
    accounts::{CSRF, token},
    support::{Door, TOKEN},
};
use axum::body::Body;
use http::{Request, StatusCode, request::Builder};
use keylight_domain::access::{Role, Scope, covers};
use serde_json::Value;
use std::sync::atomic::Ordering;

/// The rules as they are meant to be, apart from the code that states them.
const RULES: &str = include_str!("rules.txt");

/// The rule of an operation, as the document has it.
struct Operation {
    method: String,
    path: String,
    who: String,
    scope: Option<Scope>,
}

fn operations() -> Vec<Operation> {
    let document = intake_api::app::openapi_json().unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let rule = &operation["x-keylight-rule"];
            let text = |value: &Value| value.as_str().map(str::to_owned);
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                who: text(&rule["who"]).unwrap_or_else(|| panic!("{method} {path} has no rule")),
                scope: text(&rule["scope"]).map(|name| Scope::parse(&name).unwrap()),
            });
        }
    }
    all.sort_by(|one, other| (&one.path, &one.method).cmp(&(&other.path, &other.method)));
    all
}

/// Somebody who calls.
struct Caller {
    name: String,
    /// Nothing for those whom nobody knows.
    role: Option<Role>,
    scopes: Vec<Scope>,
    must_change: bool,
    header: Option<(&'static str, String)>,
}

impl Caller {
    fn new(name: &str, role: Option<Role>, header: Option<(&'static str, String)>) -> Self {
        Self {
            name: name.to_owned(),
            role,
            scopes: Vec::new(),
            must_change: false,
            header,
        }
    }

    fn bearer(name: &str, role: Option<Role>, token: &str) -> Self {
        Self::new(
            name,
            role,
            Some(("authorization", format!("Bearer {token}"))),
        )
    }

    fn session(name: &str, role: Role, secret: &str) -> Self {
        let cookie = format!("__Host-keylight_session={secret}");
        Self::new(name, Some(role), Some(("cookie", cookie)))
    }

    fn knocks(&self, request: Builder) -> Builder {
        match &self.header {
            None => request,
            Some((name, value)) => request.header(*name, value).header("x-csrf-token", CSRF),
        }
    }

    /// What the rule says, in terms of this test alone.
    fn expected(&self, operation: &Operation) -> Option<StatusCode> {
        let needed = match operation.who.as_str() {
            "public" => return None,
            "signed-in" => None,
            role => Some(Role::parse(role).unwrap()),
        };
        let Some(role) = self.role else {
            return Some(StatusCode::UNAUTHORIZED);
        };
        let needed = needed?;
        let enough = role >= needed
            && !self.must_change
            && operation
                .scope
                .is_some_and(|scope| covers(&self.scopes, scope));
        (!enough).then_some(StatusCode::FORBIDDEN)
    }
}

fn everybody(door: &Door) -> Vec<Caller> {
    let book = &door.accounts;
    let mut all = vec![
        Caller::new("nobody", None, None),
        Caller::bearer("a wrong token", None, "wrong"),
        Caller::bearer(
            "a token that is unknown, expired or revoked",
            None,
            &token('x'),
        ),
        Caller::bearer("almost the admin token", None, &format!("{TOKEN}x")),
        Caller::new(
            "no bearer",
            None,
            Some(("authorization", format!("Basic {TOKEN}"))),
        ),
        Caller::new(
            "the token alone",
            None,
            Some(("authorization", TOKEN.to_owned())),
        ),
        Caller::new(
            "a wrong cookie",
            None,
            Some(("cookie", "__Host-keylight_session=x".to_owned())),
        ),
        Caller::new(
            "the cookie of a development set-up",
            None,
            Some((
                "cookie",
                format!("keylight_session={}", book.seat('p', "admin")),
            )),
        ),
        Caller::new(
            "a session that ended",
            None,
            Some((
                "cookie",
                format!("__Host-keylight_session={}", "z".repeat(52)),
            )),
        ),
        Caller::bearer("the admin token", Some(Role::Admin), TOKEN),
    ];
    for (letters, role) in [
        ("ad", Role::Viewer),
        ("be", Role::Manager),
        ("cf", Role::Admin),
    ] {
        let mut letters = letters.chars();
        let (first, second) = (letters.next().unwrap(), letters.next().unwrap());
        let given = book.give(first, role.as_str(), &[]);
        all.push(Caller::bearer(
            &format!("a token, {role}"),
            Some(role),
            &given,
        ));
        let seat = book.seat(second, role.as_str());
        all.push(Caller::session(&format!("a session, {role}"), role, &seat));
    }
    for (letter, scope) in ('g'..).zip(Scope::ALL) {
        let given = book.give(letter, "admin", &[scope]);
        all.push(Caller {
            scopes: vec![scope],
            ..Caller::bearer(&format!("a token for {scope}"), Some(Role::Admin), &given)
        });
    }
    let given = book.give('w', "viewer", &[Scope::SubmissionsWrite, Scope::PeopleRead]);
    all.push(Caller {
        scopes: vec![Scope::SubmissionsWrite, Scope::PeopleRead],
        ..Caller::bearer(
            "a token that may less than its scopes",
            Some(Role::Viewer),
            &given,
        )
    });
    book.one_time.store(true, Ordering::SeqCst);
    all.push(Caller {
        must_change: true,
        ..Caller::session("a one-time password", Role::Admin, &book.seat('y', "admin"))
    });
    all
}

fn address(path: &str) -> String {
    let pieces = path.split('/').map(|piece| match piece {
        "{status}" => "new",
        piece if piece.starts_with('{') => "1",
        piece => piece,
    });
    pieces.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_as_far_as_the_rule_says() {
    let door = Door::open().await;
    let (callers, operations) = (everybody(&door), operations());
    assert!(operations.len() > 40 && callers.len() > 20);
    for operation in &operations {
        for caller in &callers {
            // with and without a slash at the end
            for path in [
                address(&operation.path),
                format!("{}/", address(&operation.path)),
            ] {
                let request = Request::builder()
                    .method(operation.method.as_str())
                    .uri(&path)
                    .header("content-type", "application/json");
                let answer = door.knock(caller.knocks(request), Body::from("{}")).await;
                let told = Some(answer.status).filter(|status| {
                    [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(status)
                });
                assert_eq!(
                    told,
                    caller.expected(operation),
                    "{} {path} as {}: {}",
                    operation.method,
                    caller.name,
                    answer.text
                );
                if let Some(status) = told {
                    let frame = answer.json();
                    let expected = if status == StatusCode::UNAUTHORIZED {
                        assert_eq!(answer.header("www-authenticate"), "Bearer");
                        ("Unauthorized", "unauthenticated")
                    } else {
                        ("Forbidden", "forbidden")
                    };
                    assert_eq!(
                        (&frame["error"], &frame["code"]),
                        (&expected.0.into(), &expected.1.into())
                    );
                }
                if operation.who != "public" {
                    assert_eq!(answer.header("cache-control"), "no-store");
                }
            }
        }
    }
}

/// A rule that changes has to change here too. To accept what the document says:
/// `KEYLIGHT_ACCEPT=1 cargo test -p intake-api --test door the_rules_are_the_ones_that_are_meant`, then read the difference.
#[test]
fn the_rules_are_the_ones_that_are_meant() {
    let lines = operations().into_iter().map(|operation| {
        let scope = operation
            .scope
            .map(|scope| format!(" {scope}"))
            .unwrap_or_default();
        format!(
            "{} {} {}{scope}\n",
            operation.method, operation.path, operation.who
        )
    });
    let stated: String = lines.collect();
    if std::env::var_os("KEYLIGHT_ACCEPT").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/door/rules.txt");
        std::fs::write(file, &stated).unwrap();
        return;
    }
    assert!(
        stated == RULES,
        "tests/door/rules.txt differs from the document:\n{stated}"
    );
}

#[tokio::test]
async fn who_is_not_let_in_causes_no_call() {
    let door = Door::open().await;
    for path in ["/api/submissions", "/api/staff", "/console"] {
        for value in ["Bearer wrong", "Bearer kl_short", "Bearer ", TOKEN] {
            let request = Request::builder().uri(path).header("authorization", value);
            door.knock(request, Body::empty()).await;
        }
    }
    assert_eq!(door.store.calls.load(Ordering::SeqCst), 0);
    assert_eq!(door.accounts.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn heads_have_the_rule_of_their_path() {
    let door = Door::open().await;
    let head = |value: &str| {
        Request::builder()
            .method("HEAD")
            .uri("/api/submissions")
            .header("authorization", value)
    };
    let answer = door.knock(head("Bearer wrong"), Body::empty()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let answer = door
        .knock(head(&format!("bearer {TOKEN}")), Body::empty())
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}
