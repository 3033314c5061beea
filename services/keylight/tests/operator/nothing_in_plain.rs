//! After a run of everything no secret stands in any table as it is.

use crate::program::Up;
use keylight_contracts::v1::{
    GetWebhookRequest, SignInRequest, sync_service_client::SyncServiceClient,
};
use keylight_testkit::{postgres::database, wait::wait_until};
use serde_json::json;
use sqlx::PgPool;
use std::{fs, time::Duration};

const LONG: Duration = Duration::from_secs(240);
const PASSWORD: &str = "the-password-of-somebody-4711";

/// Every row of every table of ours, as text, by table.
async fn everything(pool: &PgPool) -> Vec<(String, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
          WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let all = format!("SELECT COALESCE(string_agg(t::text, E'\\n'), '') FROM {table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(all))
            .fetch_one(pool)
            .await
            .unwrap();
        found.push((table, rows));
    }
    found
}

/// Tables in which a text stands: as it is, or in a column of bytes.
fn tables_with<'a>(tables: &'a [(String, String)], text: &str) -> Vec<&'a str> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    tables
        .iter()
        .filter(|(_, rows)| rows.contains(text) || rows.contains(&hex))
        .map(|(table, _)| table.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_holds_a_secret() {
    let database = database(|_| async { Ok::<_, sqlx::Error>(()) }).await;
    let mut up = Up::new().with("DATABASE_URL", database.url.as_str());
    up.start().await;

    // people and programs come in, in every way that there is
    let words = [
        "staff",
        "add",
        "anna",
        "--role",
        "admin",
        "--password-stdin",
    ];
    up.run_with(&words, PASSWORD).done();
    let session = up
        .access()
        .sign_in(SignInRequest {
            username: "anna".to_owned(),
            password: PASSWORD.to_owned(),
            address: "127.0.0.1".to_owned(),
            ..SignInRequest::default()
        })
        .await
        .unwrap()
        .into_inner();
    let made = up.run(&["token", "create", "website", "--json"]).json();
    let rotated = up.run(&["token", "rotate", "website", "--json"]).json();
    let application = json!({
        "full_name": "Somebody Findable", "email_address": "findable@example.com", "phone_number": "555-123-4567",
        "buyer_category": "homebuyer", "financing_plan": "self_funding", "interested_in_preferred_lender": false,
        "land_status": "own_land", "lot_address": "1 Some Street", "needs_help_finding_land": false,
        "build_budget": "250k_350k", "construction_timeline": "3_to_6_months", "project_description": "A house",
    });
    assert_eq!(up.post("/api/submissions", &application).await, 201);
    // ClickUp's secret for its webhooks, as clickup-sync and webhook-gateway keep it
    let (sync, gateway) = ("sync.webhooks", "webhook.endpoints");
    wait_until("the webhook's secret is in both places", LONG, || async {
        let tables = everything(&database.pool).await;
        let sealed = tables_with(&tables, "s1.first.");
        if sealed.contains(&sync) && sealed.contains(&gateway) {
            return Ok(());
        }
        // a delivery makes the gateway ask
        up.post("/webhooks/clickup/intake", &json!({ "event": "x" }))
            .await;
        Err(format!("sealed values only in {sealed:?}"))
    })
    .await;
    let webhook = SyncServiceClient::new(up.channel("sync"))
        .get_webhook(GetWebhookRequest {
            name: "intake".to_owned(),
        })
        .await
        .unwrap()
        .into_inner();

    let file = |name: &str| fs::read_to_string(up.data().join(name)).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let running: serde_json::Value = serde_json::from_str(&file("running.json")).unwrap();
    let mut secrets = vec![
        ("admin token", file("admin-token").trim().to_owned()),
        ("service token", text(&running["service_token"])),
        (
            "seal key",
            file("seal-keys")
                .trim()
                .trim_start_matches("first:")
                .to_owned(),
        ),
        ("ClickUp token", "pk_1_SERVICE".to_owned()),
        ("password", PASSWORD.to_owned()),
        ("session", session.secret),
        ("API token", text(&made["secret"])),
        ("rotated API token", text(&rotated["secret"])),
    ];
    secrets.extend(
        webhook
            .secrets
            .into_iter()
            .map(|secret| ("webhook secret", secret)),
    );
    assert!(secrets.len() == 9 && secrets.iter().all(|(_, secret)| secret.len() >= 8));

    let tables = everything(&database.pool).await;
    // what is no secret is found, so the search works, also in columns of bytes
    assert!(tables_with(&tables, "anna").contains(&"entity.staff"));
    assert!(!tables_with(&tables, "website").is_empty());
    for (what, secret) in &secrets {
        let found = tables_with(&tables, secret);
        assert!(found.is_empty(), "the {what} stands in {found:?}");
        assert!(
            !up.log().contains(secret) || *what == "admin token",
            "the {what} is in the log"
        );
    }
}
