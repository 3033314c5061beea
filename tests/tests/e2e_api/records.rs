//! Checks, repair, and the audit log.

use crate::system::System;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_records_break_no_rule_and_the_log_tells_all() {
    let system = System::start().await;
    let submission = system.applied("ada@example.com").await;
    system.applied("grace@example.com").await;
    let report = system
        .get("/api/records/check?examples=5")
        .await
        .expect(200);
    // only what is broken is told
    assert_eq!(report.data()["rules"], json!([]), "{}", report.json);
    system
        .get("/api/records/check?examples=0")
        .await
        .expect(400);
    system
        .post("/api/records/repair", json!({"rule": "no_such_rule"}))
        .await
        .expect(400);
    system
        .post("/api/records/repair", json!({"ids": [1]}))
        .await
        .expect(400);
    let nothing = system
        .post(
            "/api/records/repair",
            json!({"rule": "submission_counts_wrong", "preview": true}),
        )
        .await
        .expect(200);
    assert_eq!(nothing.data()["count"], 0);

    let all = system.get("/api/audit?pageSize=1").await.expect(200);
    assert_eq!(all.data().as_array().unwrap().len(), 1);
    let next = all.json["pagination"]["next"].as_str().unwrap();
    system
        .get(&format!("/api/audit?pageSize=1&after={next}"))
        .await
        .expect(200);
    let mine = system
        .get(&format!(
            "/api/audit?entity=submission&entityId={}&actor=public",
            submission["id"]
        ))
        .await
        .expect(200);
    assert_eq!(mine.data().as_array().unwrap().len(), 1);
    let correlation = mine.data()[0]["correlation_id"].as_str().unwrap();
    let caused = system
        .get(&format!("/api/audit?correlationId={correlation}"))
        .await
        .expect(200);
    assert!(!caused.data().as_array().unwrap().is_empty());
    system.get("/api/audit?correlationId=odd").await.expect(400);
}
