//! What the sync worker asks and reports.

use crate::system::{System, application};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_rpc::status::error_of;
use serde_json::{Value, json};
use uuid::Uuid;

async fn view(system: &System, submission_id: i64) -> v1::SyncView {
    system
        .client
        .clone()
        .get_sync_view(v1::GetSyncViewRequest { submission_id })
        .await
        .unwrap()
        .into_inner()
}

async fn record(
    system: &System,
    id: i64,
    state: &str,
    synced_version: i64,
    task: Option<&str>,
) -> bool {
    let request = v1::RecordSyncRequest {
        submission_id: id,
        clickup_task_id: task.map(ToOwned::to_owned),
        clickup_url: task.map(|task| format!("https://app.clickup.com/t/{task}")),
        sync_state: state.to_owned(),
        synced_version,
    };
    system
        .client
        .clone()
        .record_sync(request)
        .await
        .unwrap()
        .into_inner()
        .found
}

async fn apply(
    system: &System,
    request: v1::ApplyRemoteRequest,
) -> Result<v1::ApplyRemoteReply, DomainError> {
    let answer = system.client.clone().apply_remote(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| error_of(&status))
}

fn remote(id: i64, status: &str, expected_version: i64) -> v1::ApplyRemoteRequest {
    v1::ApplyRemoteRequest {
        submission_id: id,
        status: Some(status.to_owned()),
        expected_version,
        cause: "history item 123".to_owned(),
        remote_time: Some(to_wire(
            chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        )),
        correlation_id: Uuid::from_u128(5).to_string(),
        ..Default::default()
    }
}

async fn unsynced(system: &System, after_id: i64, limit: i32) -> Vec<i64> {
    let soon = chrono::DateTime::from_timestamp(4_000_000_000, 0).unwrap();
    let request = v1::ListUnsyncedRequest {
        changed_before: Some(to_wire(soon)),
        after_id,
        limit,
    };
    system
        .client
        .clone()
        .list_unsynced(request)
        .await
        .unwrap()
        .into_inner()
        .submission_ids
}

#[tokio::test(flavor = "multi_thread")]
async fn the_view_tells_what_it_follows_from() {
    let system = System::start().await;
    let request = v1::CreateSubmissionRequest {
        correlation_id: Uuid::from_u128(9).to_string(),
        ..application("a@example.com")
    };
    let made = system.create(request).await.unwrap();
    let seen = view(&system, made.id).await;
    assert!(seen.found);
    assert_eq!(seen.correlation_id, Uuid::from_u128(9).to_string());
    assert_eq!(seen.submission.as_ref(), Some(&made));
    system.delete(made.id).await.unwrap();
    let gone = view(&system, made.id).await;
    assert!(!gone.found && gone.submission.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_report_changes_nothing_that_people_see_and_holds_for_its_version_only() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    system.update(made.id, "reviewed", None).await.unwrap();
    let before = system.get(made.id).await.unwrap();

    assert!(record(&system, made.id, "synced", 1, Some("86abc")).await);
    let late = system.get(made.id).await.unwrap();
    assert_eq!(
        (late.sync_state.as_str(), late.clickup_task_id.as_deref()),
        ("pending", Some("86abc"))
    );
    assert_eq!(
        (late.version, late.updated_at),
        (before.version, before.updated_at)
    );

    assert!(record(&system, made.id, "synced", 2, None).await);
    let now = system.get(made.id).await.unwrap();
    assert_eq!(
        (now.sync_state.as_str(), now.clickup_url.as_deref()),
        ("synced", Some("https://app.clickup.com/t/86abc"))
    );
    assert_eq!(system.count("events").await, 2, "no event of its own");

    assert!(!record(&system, 99, "synced", 1, None).await);
    let request = v1::RecordSyncRequest {
        submission_id: made.id,
        sync_state: "done".to_owned(),
        ..Default::default()
    };
    let error = error_of(
        &system
            .client
            .clone()
            .record_sync(request)
            .await
            .unwrap_err(),
    );
    assert_eq!(error.code, ErrorCode::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_change_becomes_ours_and_needs_no_push() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    record(&system, made.id, "synced", 1, Some("86abc")).await;
    let request = v1::ApplyRemoteRequest {
        build_budget: Some("500k_plus".to_owned()),
        ..remote(made.id, "qualified", 1)
    };
    let applied = apply(&system, request).await.unwrap();
    assert_eq!((applied.version, applied.changed), (2, true));
    let now = system.get(made.id).await.unwrap();
    assert_eq!(
        (
            now.status.as_deref(),
            now.build_budget.as_str(),
            now.version
        ),
        (Some("qualified"), "500k_plus", 2)
    );
    assert_eq!(now.sync_state, "synced");
    assert_eq!(unsynced(&system, 0, 10).await, Vec::<i64>::new());

    let audit: (String, Option<String>, Value, Value, Uuid) = sqlx::query_as(
        "SELECT actor, cause, before, after, correlation_id FROM entity.audit_log ORDER BY id DESC LIMIT 1",
    )
    .fetch_one(&system.pool)
    .await
    .unwrap();
    assert_eq!(
        (audit.0.as_str(), audit.1.as_deref(), audit.4),
        ("clickup", Some("history item 123"), Uuid::from_u128(5))
    );
    assert_eq!(
        audit.2,
        json!({"status": "new", "build_budget": "350k_400k"})
    );
    assert_eq!(
        (&audit.3["status"], &audit.3["remote_time"]),
        (&json!("qualified"), &json!("2026-11-18T11:06:40Z"))
    );
    let events = system.published().await;
    let told = &events[1];
    assert_eq!(
        (told.kind.as_str(), &told.data["actor"]),
        ("keylight.submission.status_changed.v1", &json!("clickup"))
    );
    assert_eq!(told.correlationid, Uuid::from_u128(5).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_change_does_not_hide_ours_that_waits() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    record(&system, made.id, "synced", 1, Some("86abc")).await;
    system.update(made.id, "new", Some("a note")).await.unwrap();
    let request = v1::ApplyRemoteRequest {
        build_budget: Some("500k_plus".to_owned()),
        status: None,
        ..remote(made.id, "", 2)
    };
    apply(&system, request).await.unwrap();
    assert_eq!(system.get(made.id).await.unwrap().sync_state, "pending");
    assert_eq!(unsynced(&system, 0, 10).await, [made.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_an_old_version_is_refused() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    system.update(made.id, "reviewed", None).await.unwrap();
    let error = apply(&system, remote(made.id, "qualified", 1))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    assert_eq!(
        system.get(made.id).await.unwrap().status.as_deref(),
        Some("reviewed")
    );

    let same = apply(&system, remote(made.id, "reviewed", 2))
        .await
        .unwrap();
    assert_eq!((same.version, same.changed), (2, false));
    assert_eq!(
        apply(&system, remote(made.id, "open", 2))
            .await
            .unwrap_err()
            .code,
        ErrorCode::InvalidInput
    );
    assert_eq!(
        apply(&system, remote(99, "reviewed", 1))
            .await
            .unwrap_err()
            .code,
        ErrorCode::NotFound
    );
    assert_eq!(system.count("events").await, 2);

    // of two decisions on one version one is taken
    let (one, other) = tokio::join!(
        apply(&system, remote(made.id, "qualified", 2)),
        apply(&system, remote(made.id, "disqualified", 2))
    );
    let refused = [&one, &other]
        .into_iter()
        .filter_map(|answer| answer.as_ref().err())
        .map(|error| error.code);
    assert_eq!(refused.collect::<Vec<_>>(), [ErrorCode::Conflict]);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_are_listed_page_by_page() {
    let system = System::start().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(
            system
                .create(application(&format!("n{n}@example.com")))
                .await
                .unwrap()
                .id,
        );
    }
    record(&system, ids[1], "synced", 1, None).await;
    record(&system, ids[2], "failed", 1, None).await;
    system.delete(ids[3]).await.unwrap();
    assert_eq!(unsynced(&system, 0, 1).await, [ids[0]]);
    assert_eq!(unsynced(&system, ids[0], 10).await, [ids[4]]);
    let past = v1::ListUnsyncedRequest {
        changed_before: Some(to_wire(chrono::DateTime::default())),
        after_id: 0,
        limit: 10,
    };
    let none = system
        .client
        .clone()
        .list_unsynced(past)
        .await
        .unwrap()
        .into_inner();
    assert!(none.submission_ids.is_empty());
    // what changes here waits again
    system.update(ids[1], "contacted", None).await.unwrap();
    assert_eq!(unsynced(&system, 0, 10).await, [ids[0], ids[1], ids[4]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_wanted_in_clickup_is_not_shown_to_it_whatever_changes() {
    let system = System::start().await;
    let id = system
        .create(application("a@example.com"))
        .await
        .unwrap()
        .id;
    sqlx::query("UPDATE entity.submissions SET sync_state = 'off', legacy = true")
        .execute(&system.pool)
        .await
        .unwrap();
    let changed = system.update(id, "reviewed", None).await.unwrap();
    assert_eq!(changed.sync_state, "off");
    assert!(!view(&system, id).await.found);
    assert_eq!(unsynced(&system, 0, 10).await, Vec::<i64>::new());
    sqlx::raw_sql(
        "BEGIN; SET LOCAL entity.importing = 'on'; UPDATE entity.submissions SET sync_state = 'pending'; COMMIT",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    assert!(view(&system, id).await.found);
}
