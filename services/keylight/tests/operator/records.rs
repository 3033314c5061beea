//! Whether the records fit together, seen and mended from the command line.

use crate::program::Up;
use keylight_testkit::postgres::database;
use serde_json::json;

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

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_told_and_mended() {
    let database = database(|_| async { Ok::<_, sqlx::Error>(()) }).await;
    let mut up = Up::new().with("DATABASE_URL", database.url.as_str());
    up.start().await;
    apply(&up, "ada@example.com").await;
    apply(&up, "bob@example.com").await;
    let clean = up.run(&["records", "check"]).done();
    assert_eq!(clean.out, "everything fits together\n");

    sqlx::raw_sql(
        "UPDATE entity.submissions SET user_id = NULL;
         UPDATE entity.users SET email_address = 'ELSE@example.com' WHERE email_key LIKE 'bob%'",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let broken = up.run(&["records", "check"]);
    assert_eq!(broken.code, Some(1));
    assert_eq!(broken.err, "keylight: 2 rules are broken\n");
    for said in [
        "user_address_misfolded (1 cases)",
        "-> to be decided case by case",
        "submission_without_person (2 cases)",
        "-> keylight records repair submission_without_person --preview",
    ] {
        assert!(broken.out.contains(said), "{}", broken.out);
    }
    let in_json = up.run(&["records", "check", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&in_json.out).unwrap();
    assert_eq!(report["rules"][1]["count"], 2);

    let repair = ["records", "repair", "submission_without_person"];
    let preview = up.run(&[&repair[..], &["--preview"]].concat()).done();
    assert!(
        preview.out.contains("2 would be mended, 0 left to decide"),
        "{}",
        preview.out
    );
    let done = up.run(&[&repair[..], &["--reason", "after the import", "--json"]].concat());
    assert_eq!(done.json()["count"], 2);
    let again = up.run(&repair).done();
    assert_eq!(again.out, "0 mended, 0 left to decide\n");
    let why: Vec<String> = sqlx::query_scalar(
        "SELECT actor || ': ' || cause FROM entity.audit_log WHERE action = 'repaired'",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(
        why,
        ["command-line: rule submission_without_person: after the import"; 2]
    );

    let decide = up.run(&["records", "repair", "user_address_misfolded"]);
    assert!(
        decide.refused().contains("decided one by one"),
        "{decide:?}"
    );
    up.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_database_understands_every_rule() {
    let mut up = Up::new();
    let nothing = up.run(&["records", "check"]);
    assert!(nothing.refused().contains("keylight up"), "{nothing:?}");
    up.start().await;
    apply(&up, "ada@example.com").await;
    let clean = up.run(&["records", "check"]).done();
    assert_eq!(clean.out, "everything fits together\n");
    up.stop().await;
}
