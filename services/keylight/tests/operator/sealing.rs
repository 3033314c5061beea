//! Keys of sealed secrets.

use crate::program::{Up, mode};
use keylight_testkit::wait::wait_until;
use serde_json::{Value, json};
use std::{fs, time::Duration};

const LONG: Duration = Duration::from_secs(240);

/// Sealed values by service and key.
fn counts(status: &Value) -> Vec<(String, String, u64)> {
    let mut counts = Vec::new();
    for service in status["services"].as_array().unwrap() {
        for values in service["values"].as_array().unwrap() {
            counts.push((
                service["service"].as_str().unwrap().to_owned(),
                values["key"].as_str().unwrap_or("none").to_owned(),
                values["count"].as_u64().unwrap(),
            ));
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_counted_and_replaced() {
    let mut up = Up::new();
    let nothing = up.run(&["seal", "status"]);
    assert!(nothing.refused().contains("keylight up"), "{nothing:?}");
    assert_eq!(nothing.refused().lines().count(), 1);

    up.start().await;
    let file = up.data().join("seal-keys");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&up.data().join("running.json")), 0o600);
    let first = fs::read_to_string(&file).unwrap();
    wait_until("the webhook's secret is sealed", LONG, || {
        let status = up.run(&["seal", "status", "--json"]).json();
        async move {
            match counts(&status).as_slice() {
                [(service, key, 1)] if service == "clickup-sync" && key == "first" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }
    })
    .await;
    let shown = up.run(&["seal", "status"]).done().out;
    assert!(
        shown.contains("first (seals)") && shown.contains("sync.webhooks.secret"),
        "{shown}"
    );

    // a new key comes first, as the page says
    let new = up.run(&["seal", "new-key", "--id", "second"]).done().out;
    assert!(new.starts_with("second:"), "a key is printed");
    assert_ne!(
        up.run(&["seal", "new-key"]).done().out,
        up.run(&["seal", "new-key"]).done().out
    );
    assert_eq!(up.run(&["seal", "new-key", "--id", "No:t"]).code, Some(64));
    up.stop().await;
    assert!(!up.data().join("running.json").exists());
    fs::write(&file, format!("{new}{first}")).unwrap();
    up.start().await;
    let rotated = up.run(&["seal", "rotate", "--json"]).json();
    assert_eq!(
        counts(&rotated),
        [("clickup-sync".to_owned(), "second".to_owned(), 1)]
    );
    assert_eq!(rotated["services"][0]["resealed"], 1);
    assert_eq!(rotated["unused_keys"], json!(["first"]));
    let again = up.run(&["seal", "rotate"]).done().out;
    assert!(again.contains("clickup-sync: 0 sealed anew"), "{again}");
    assert!(again.contains("Nothing is sealed under first"), "{again}");

    // without the old one it goes on, without the new one it does not start
    up.kill();
    let stale = up.run(&["seal", "status"]);
    assert!(stale.refused().contains("no Keylight runs"), "{stale:?}");
    fs::write(&file, &new).unwrap();
    up.start().await;
    let status = up.run(&["seal", "status", "--json"]).json();
    assert_eq!(status["services"][1]["first_key"], "second");
    assert_eq!(status["unused_keys"], json!([]));
    up.stop().await;
    fs::write(&file, &first).unwrap();
    let before = up.log().len();
    up.begin();
    assert_eq!(up.ended().await, Some(1));
    let said = up.log()[before..].to_owned();
    assert!(
        said.contains(r#""second", which KEYLIGHT_SEAL_KEYS does not have"#),
        "{said}"
    );
    for key in [&first, &new] {
        let key = key.trim().split_once(':').unwrap().1;
        assert!(!up.log().contains(key), "a key is in the log");
    }
}

#[test]
fn wrong_keys_are_told_without_showing_them() {
    let up = Up::new();
    for command in [&["config", "check"][..], &["config", "print"]] {
        let ended = std::process::Command::new(env!("CARGO_BIN_EXE_keylight"))
            .args(command)
            .env("KEYLIGHT_DATA_DIR", up.data())
            .env("KEYLIGHT_SEAL_KEYS", "k1:hunter2hunter2")
            .output()
            .unwrap();
        let text = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        assert_eq!(ended.status.code(), Some(64), "{text}");
        assert!(
            text.contains("KEYLIGHT_SEAL_KEYS") && text.contains("new-key"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}
