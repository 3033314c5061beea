//! Staff and tokens.

use crate::program::Up;
use keylight_contracts::v1::{IdentifyRequest, SignInRequest, identify_request::Credential};
use keylight_testkit::wait::wait_until;
use std::time::Duration;
use tonic::Code;

const LONG: Duration = Duration::from_secs(240);

const PASSWORD: &str = "correct horse battery staple";
const SECOND: &str = "another horse another staple";

async fn sign_in(up: &Up, username: &str, password: &str) -> Result<String, Code> {
    let request = SignInRequest {
        username: username.to_owned(),
        password: password.to_owned(),
        address: "127.0.0.1".to_owned(),
        ..SignInRequest::default()
    };
    let session = up.access().sign_in(request).await;
    let session = session.map_err(|status| status.code())?.into_inner();
    Ok(session.identity.unwrap().role)
}

async fn identify(up: &Up, token: &str) -> Result<String, Code> {
    let request = IdentifyRequest {
        credential: Some(Credential::Token(token.to_owned())),
    };
    let identity = up.access().identify(request).await;
    Ok(identity.map_err(|status| status.code())?.into_inner().role)
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_come_and_go() {
    let mut up = Up::new();
    up.start().await;
    let add = |words: &[&str], password: &str| {
        let words = [&["staff", "add"], words, &["--password-stdin"]].concat();
        up.run_with(&words, &format!("{password}\n"))
    };
    let added = add(
        &["anna", "--role", "manager", "--name", "Anna Berg"],
        PASSWORD,
    )
    .done();
    assert_eq!(added.out, "anna (manager) can sign in\n");
    assert_eq!(sign_in(&up, "anna", PASSWORD).await.unwrap(), "manager");

    // what is refused says why, and changes nothing
    for (words, password, said) in [
        (["anna", "--role", "admin"], PASSWORD, "exists"),
        (["bert", "--role", "admin"], "short", "12"),
        (["b", "--role", "admin"], PASSWORD, "3"),
    ] {
        let refused = add(&words, password);
        assert!(refused.refused().contains(said), "{refused:?}");
        assert!(!refused.err.contains(password), "{refused:?}");
    }
    let empty = up.run_with(&["staff", "add", "bert", "--password-stdin"], "\n");
    assert!(empty.refused().contains("no password"), "{empty:?}");
    let closed = up.run(&["staff", "add", "bert"]);
    assert!(closed.refused().contains("--password-stdin"), "{closed:?}");
    assert_eq!(
        up.run(&["staff", "add", "bert", "--role", "king"]).code,
        Some(64)
    );

    let changed = up.run_with(
        &["staff", "passwd", "anna", "--password-stdin"],
        &format!("{SECOND}\n"),
    );
    assert_eq!(changed.done().out, "anna (manager) has a new password\n");
    assert_eq!(
        sign_in(&up, "anna", PASSWORD).await.unwrap_err(),
        Code::Unauthenticated
    );
    sign_in(&up, "anna", SECOND).await.unwrap();

    let changed = up.run(&["staff", "change", "anna", "--role", "viewer"]);
    assert_eq!(changed.done().out, "anna (viewer) is changed\n");
    assert_eq!(sign_in(&up, "anna", SECOND).await.unwrap(), "viewer");
    assert_eq!(up.run(&["staff", "change", "anna"]).code, Some(64));
    up.run(&["staff", "change", "anna", "--role", "manager"])
        .done();
    up.run(&["staff", "disable", "anna", "--reason", "has left"])
        .done();
    assert!(sign_in(&up, "anna", SECOND).await.is_err());
    let listed = up.run(&["staff", "list"]).done().out;
    let line = listed
        .lines()
        .find(|line| line.starts_with("anna"))
        .unwrap();
    assert!(
        line.contains("disabled") && line.contains("Anna Berg"),
        "{listed}"
    );
    up.run(&["staff", "enable", "anna"]).done();
    sign_in(&up, "anna", SECOND).await.unwrap();

    let json = up.run(&["staff", "list", "--json"]).json();
    let anna = json
        .as_array()
        .unwrap()
        .iter()
        .find(|account| account["username"] == "anna")
        .unwrap();
    assert_eq!(
        (&anna["role"], &anna["disabled"]),
        (&"manager".into(), &false.into())
    );
    assert!(!json.to_string().contains("argon2"));
    let gone = up.run(&["staff", "disable", "nobody"]);
    assert!(!gone.refused().is_empty());
    for password in [PASSWORD, SECOND] {
        assert!(!up.log().contains(password), "a password is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_open_the_api_until_they_are_revoked() {
    let mut up = Up::new();
    up.start().await;
    let made = up
        .run(&[
            "token", "create", "website", "--role", "manager", "--days", "30", "--json",
        ])
        .json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(identify(&up, &secret).await.unwrap(), "manager");
    assert_eq!(
        identify(&up, "kl_wrong").await.unwrap_err(),
        Code::Unauthenticated
    );
    // at the door, where programs show it
    assert_eq!(up.api("/api/submissions", &secret).await, 200);
    assert_eq!(up.api("/api/submissions", "kl_wrong").await, 401);

    // the second one at once, the first one until the overlap ends
    let rotated = up
        .run(&["token", "rotate", "website", "--overlap", "1h", "--json"])
        .json();
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(secret, second);
    for secret in [&secret, &second] {
        assert_eq!(identify(&up, secret).await.unwrap(), "manager");
    }
    let rotated = up
        .run(&["token", "rotate", "website", "--overlap", "0s"])
        .done()
        .out;
    let third = rotated
        .lines()
        .find_map(|line| line.strip_prefix("secret   "))
        .unwrap()
        .to_owned();
    assert!(identify(&up, &second).await.is_err());
    assert_eq!(identify(&up, &third).await.unwrap(), "manager");

    let listed = up.run(&["token", "list"]).done().out;
    assert!(
        listed.contains("website") && !listed.contains(&third),
        "{listed}"
    );
    let revoked = up
        .run(&["token", "revoke", "website", "--reason", "leaked"])
        .done();
    assert_eq!(revoked.out, "website is revoked\n");
    assert_eq!(
        identify(&up, &third).await.unwrap_err(),
        Code::Unauthenticated
    );
    // the door may remember an answer for a moment
    wait_until("the token does not count any more", LONG, || async {
        match up.api("/api/submissions", &third).await {
            401 => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    assert!(!up.run(&["token", "list"]).done().out.contains("website"));
    let all = up.run(&["token", "list", "--all", "--json"]).json();
    assert!(all[0]["revoked_at"].is_string(), "{all}");
    let wrong = up.run(&["token", "create", "x-y-z", "--scope", "no:such"]);
    assert!(!wrong.refused().is_empty());
    for secret in [secret, second, third] {
        assert!(!up.log().contains(&secret), "a secret is in the log");
    }
}
