//! How records stand with ClickUp, seen and changed from the command line and over REST.

use crate::program::Up;
use keylight_testkit::{postgres::database, wait::wait_until};
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN: &str = "a-token-for-tests";

async fn apply(up: &Up, email: &str) {
    let application = json!({
        "full_name": "Ada Probe",
        "email_address": email,
        "phone_number": "555-123-4567",
        "buyer_category": "homebuyer",
        "financing_plan": "self_funding",
        "land_status": "own_land",
        "lot_address": "1 Elm St",
        "build_budget": "350k_400k",
        "construction_timeline": "6_to_12_months",
        "project_description": "A small house.",
    });
    assert_eq!(up.post("/api/submissions", &application).await, 201);
}

async fn backlog_becomes(up: &Up, wanted: i64) {
    wait_until(
        "the queue is as expected",
        Duration::from_secs(60),
        || async {
            let status = up.run(&["sync", "status", "--json"]).json();
            if status["backlog"] == wanted && status["in_hand"] == 0 {
                Ok(())
            } else {
                Err(status.to_string())
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stuck_records_are_seen_paused_and_tried_again() {
    let database = database(|_| async { Ok::<_, sqlx::Error>(()) }).await;
    let mut up = Up::new()
        .with("DATABASE_URL", database.url.as_str())
        .with("KEYLIGHT_ADMIN_TOKEN", TOKEN);
    up.start().await;
    let paused = up
        .run(&["sync", "pause", "--all", "--reason", "rearranging"])
        .done();
    assert_eq!(paused.out, "paused; 0 still in hand\n");
    apply(&up, "ada@example.com").await;
    backlog_becomes(&up, 1).await;
    let status = up.run(&["sync", "status"]).done();
    assert!(
        status.out.contains("by command-line rearranging"),
        "{}",
        status.out
    );
    let held = up.json("GET", "/api/sync", TOKEN, None).await;
    assert_eq!(held["data"]["pauses"][0]["reason"], "rearranging");
    let record = up.json("GET", "/api/sync/records/1", TOKEN, None).await;
    assert_eq!(
        (
            &record["data"]["progress"],
            &record["data"]["pauses"][0]["scope"]
        ),
        (&json!("unborn"), &json!("all"))
    );
    let gone_on = up
        .json(
            "POST",
            "/api/sync/resume",
            TOKEN,
            Some(json!({"scope": "all"})),
        )
        .await;
    assert_eq!(gone_on["data"], json!({"was_paused": true, "pauses": []}));
    backlog_becomes(&up, 0).await;
    let record = up.run(&["sync", "record", "1", "--json"]).json();
    assert_eq!(
        (&record["state"], &record["progress"]),
        (&json!("synced"), &json!("linked"))
    );

    // as a failed try leaves it
    sqlx::raw_sql(
        "UPDATE sync.links SET state = 'failed', error_class = 'forbidden', error_text = 'clickup call failed', attempts = 4,
                failing_since = now(), dead_at = now()",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let failures = up.run(&["sync", "failures"]).done();
    assert!(
        failures.out.contains("forbidden") && failures.out.contains("given up"),
        "{}",
        failures.out
    );
    let listed = up
        .json("GET", "/api/sync/failures?class=forbidden", TOKEN, None)
        .await;
    assert!(
        listed["data"][0]["remedy"]
            .as_str()
            .unwrap()
            .contains("Share the list"),
        "{listed}"
    );
    assert_eq!(
        up.json("GET", "/api/sync/failures?class=gone", TOKEN, None)
            .await["data"],
        json!([])
    );
    let preview = up
        .run(&["sync", "replay", "--class", "forbidden", "--preview"])
        .done();
    assert!(
        preview.out.contains("1 would be tried again, 0 left"),
        "{}",
        preview.out
    );
    let body = json!({"class": "forbidden", "preview": true});
    let foreseen = up
        .json("POST", "/api/sync/failures/replay", TOKEN, Some(body))
        .await;
    assert_eq!(foreseen["data"]["foreseen"][0]["calls"], json!([]));
    assert_eq!(foreseen["data"]["foreseen"][0]["note"], "nothing differs");
    let done = up
        .run(&["sync", "replay", "1", "--reason", "shared now"])
        .done();
    assert_eq!(done.out, "1 are tried again, 0 left\n");
    backlog_becomes(&up, 0).await;
    assert_eq!(
        up.run(&["sync", "failures", "--waiting"]).done().out,
        "nothing has failed\n"
    );
    let path = "/api/sync/calls?submissionId=1&outcome=ok";
    let calls = wait_until(
        "the calls are in the log",
        Duration::from_secs(30),
        || async {
            let calls = up.json("GET", path, TOKEN, None).await;
            if calls["data"]
                .as_array()
                .is_some_and(|calls| !calls.is_empty())
            {
                Ok(calls)
            } else {
                Err(calls.to_string())
            }
        },
    )
    .await;
    let routes: Vec<&Value> = calls["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["route"])
        .collect();
    assert!(
        routes.contains(&&json!("POST /v2/list/{list}/task")),
        "{routes:?}"
    );
    let log = up.json("GET", "/api/sync/operations", TOKEN, None).await;
    let actions: Vec<&Value> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["action"])
        .collect();
    assert_eq!(actions, ["replay", "resume", "pause"]);
    assert_eq!(log["data"][0]["actor"], "command-line");
    assert_eq!(log["data"][1]["actor"], "admin-token");

    let well = up.run(&["doctor", "--json"]).json();
    let states: Vec<&str> = well["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|check| check["state"].as_str())
        .collect();
    assert!(
        states.len() > 8 && states.iter().all(|state| ["good", "note"].contains(state)),
        "{well:#}"
    );
    sqlx::raw_sql("UPDATE sync.webhooks SET endpoint = 'https://elsewhere.example/'")
        .execute(&database.pool)
        .await
        .unwrap();
    let ill = up.run(&["doctor"]);
    if ill.code != Some(0) {
        // the upkeep may have mended it already
        assert_eq!(
            (ill.code, ill.err.as_str()),
            (Some(1), "keylight: 1 thing is wrong\n")
        );
        assert!(ill.out.contains("elsewhere.example"), "{}", ill.out);
    }
    let report = up.json("GET", "/api/clickup/doctor", TOKEN, None).await;
    assert_eq!(report["data"]["checks"][0]["name"], "account");

    let lists = up
        .run_with(&["clickup", "connect", "--token-stdin"], "pk_1_SERVICE\n")
        .done();
    assert!(lists.out.contains("901001001"), "{}", lists.out);
    let wanted = [
        "clickup",
        "connect",
        "--token-stdin",
        "--team",
        "9001001",
        "--list",
        "901001001",
    ];
    let wrong = up.run_with(&wanted, "pk_9_WRONG\n");
    assert_eq!(
        (wrong.code, wrong.err.as_str()),
        (Some(1), "keylight: nothing was stored\n")
    );
    assert!(
        wrong.out.contains("does not accept the token"),
        "{}",
        wrong.out
    );
    let stored = up.run_with(&wanted, "pk_1_SERVICE\n").done();
    assert!(stored.out.contains("go before it"), "{}", stored.out);
    let body = json!({"token": "pk_1_SERVICE", "team_id": "9001001", "list_id": "901001001", "preview": true});
    let checked = up
        .json("POST", "/api/clickup/connect", TOKEN, Some(body))
        .await;
    assert_eq!(checked["data"]["stored"], false);
    assert_eq!(checked["data"]["checks"][0]["state"], "good");

    let unknown = up.run(&["sync", "record", "99"]);
    assert!(unknown.refused().contains("no link"), "{unknown:?}");
    let nonsense = up.run(&["sync", "replay", "--class", "luck"]);
    assert!(
        nonsense.refused().contains("class must be one of"),
        "{nonsense:?}"
    );
    up.stop().await;
}
