//! What was done, newest first.

use crate::projects_desk::{Desk, Outcome, outcome};
use keylight_contracts::v1::{self, records_service_client::RecordsServiceClient};
use keylight_domain::error::ErrorCode;

async fn audit(desk: &Desk, request: v1::ListAuditRequest) -> Outcome<v1::AuditPage> {
    let mut client = RecordsServiceClient::new(desk.system.channel.clone());
    outcome(client.list_audit(request).await)
}

fn page(number: i64, size: i32, after: &str) -> Option<v1::Page> {
    Some(v1::Page {
        number,
        size,
        after: after.to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_first_filtered_and_page_by_page() {
    let desk = Desk::with_connections(1).await;
    let ada = desk.applied("ada@example.com").await;
    let id = ada.project_id.unwrap();
    for operation in ["activate", "hold", "resume", "complete", "archive"] {
        desk.change(id, operation).await.unwrap();
    }
    desk.sql(
        "INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, record_id, correlation_id)
         VALUES ('2026-01-02 03:04:05.678Z', 'staff:eve', 'signed in', 'staff', 0, '0190-x', '11111111-2222-3333-4444-555555555555')",
    )
    .await;
    let all = audit(
        &desk,
        v1::ListAuditRequest {
            page: page(1, 100, ""),
            ..Default::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(all.entries.len(), 7);
    assert!(all.entries.is_sorted_by(|a, b| a.id > b.id));
    assert_eq!(all.entries[0].at, "2026-01-02T03:04:05.678000Z");
    assert_eq!(all.entries[1].action, "archive");
    assert_eq!(
        (all.entries[1].why.as_str(), all.entries[1].actor.as_str()),
        ("decided", "staff:ada")
    );
    assert_eq!(all.entries[2].before, r#"{"status": "active"}"#);
    assert!(all.next.is_empty());

    let some = |text: &str| Some(text.to_owned());
    let none = v1::ListAuditRequest::default;
    let chain = all.entries[3].correlation_id.clone();
    for (request, expected) in [
        (
            v1::ListAuditRequest {
                entity: some("project"),
                entity_id: some(&id.to_string()),
                ..none()
            },
            5,
        ),
        (
            v1::ListAuditRequest {
                entity: some("submission"),
                ..none()
            },
            1,
        ),
        (
            v1::ListAuditRequest {
                entity: some("staff"),
                entity_id: some("0190-x"),
                ..none()
            },
            1,
        ),
        (
            v1::ListAuditRequest {
                entity: some("staff"),
                entity_id: some("0"),
                ..none()
            },
            0,
        ),
        (
            v1::ListAuditRequest {
                actor: some("public"),
                ..none()
            },
            1,
        ),
        (
            v1::ListAuditRequest {
                actor: some("pub\0lic"),
                ..none()
            },
            0,
        ),
        (
            v1::ListAuditRequest {
                correlation_id: some(&chain),
                ..none()
            },
            1,
        ),
        (
            v1::ListAuditRequest {
                correlation_id: some("nonsense"),
                ..none()
            },
            0,
        ),
    ] {
        let found = audit(&desk, request.clone()).await.unwrap();
        assert_eq!(found.entries.len(), expected, "{request:?}");
    }

    let of_project = |after: &str| v1::ListAuditRequest {
        entity: some("project"),
        page: page(0, 2, after),
        ..none()
    };
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let found = audit(&desk, of_project(&after)).await.unwrap();
        seen.extend(found.entries.into_iter().map(|entry| entry.action));
        after = found.next;
        if after.is_empty() {
            break;
        }
        // an entry that comes in meanwhile moves nothing
        desk.update(
            id,
            v1::ProjectFields {
                name: Some(format!("House {}", seen.len())),
                ..Default::default()
            },
            None,
        )
        .await
        .unwrap();
        let foreign = v1::ListAuditRequest {
            page: page(0, 2, &after),
            ..none()
        };
        assert_eq!(
            audit(&desk, foreign).await.unwrap_err().code,
            ErrorCode::InvalidInput
        );
    }
    assert_eq!(seen, ["archive", "complete", "resume", "hold", "activate"]);
}

/// Chains have ids that grow with time, as ours do.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_found_without_reading_the_whole_log() {
    let desk = Desk::start().await;
    desk.sql(
        "INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, correlation_id)
         SELECT now(), 'public', 'created', 'submission', n, lpad(to_hex(n), 32, '0')::uuid FROM generate_series(1, 200000) n",
    )
    .await;
    desk.sql("VACUUM ANALYZE entity.audit_log").await;
    let newest: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT id FROM entity.audit_log WHERE true AND id < 150000 ORDER BY id DESC LIMIT 21",
    )
    .fetch_all(&desk.system.pool)
    .await
    .unwrap();
    assert!(newest.join("\n").contains("audit_log_newest"), "{newest:?}");
    let chain: Vec<String> = sqlx::query_scalar(
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT id FROM entity.audit_log
         WHERE true AND correlation_id = '00000000-0000-0000-0000-00000000abcd' ORDER BY id DESC LIMIT 21",
    )
    .fetch_all(&desk.system.pool)
    .await
    .unwrap();
    let chain = chain.join("\n");
    assert!(
        chain.contains("audit_log_causes") && chain.contains("rows=1"),
        "{chain}"
    );
}
