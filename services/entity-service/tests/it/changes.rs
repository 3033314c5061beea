//! What staff do.

use crate::system::{System, application};
use keylight_domain::{
    error::ErrorCode,
    submissions::{INVALID_STATUS_IN_BODY, STATUS_REQUIRED, SUBMISSION_NOT_FOUND},
};
use serde_json::{Value, json};

type Audit = (String, String, Value, Value);

async fn last_audit(system: &System) -> Audit {
    sqlx::query_as(
        "SELECT actor, action, before, after FROM entity.audit_log ORDER BY id DESC LIMIT 1",
    )
    .fetch_one(&system.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_change_is_versioned_audited_and_told() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    let changed = system
        .update(made.id, "reviewed", Some("Called back."))
        .await
        .unwrap();
    assert_eq!(
        (changed.status.as_deref(), changed.admin_notes.as_deref()),
        (Some("reviewed"), Some("Called back."))
    );
    assert_eq!(
        (changed.version, changed.sync_state.as_str()),
        (2, "pending")
    );
    assert!(changed.updated_at.unwrap().nanos != made.updated_at.unwrap().nanos);
    assert_eq!(changed.created_at, made.created_at);
    assert_eq!(
        last_audit(&system).await,
        (
            "admin-token".to_owned(),
            "status set".to_owned(),
            json!({"status": "new", "admin_notes": null}),
            json!({"status": "reviewed", "admin_notes": "Called back."})
        )
    );
    let events = system.published().await;
    let told = events
        .iter()
        .find(|event| event.kind == "keylight.submission.status_changed.v1")
        .unwrap();
    assert_eq!(told.data["previous_status"], "new");
    assert_eq!(
        (&told.data["status"], &told.data["version"]),
        (&json!("reviewed"), &json!(2))
    );
    assert!(
        !told.data.to_string().contains("Called"),
        "events hold no personal data"
    );
    assert_eq!(system.get(made.id).await.unwrap(), changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_notes_leave_the_old_ones_and_notes_alone_are_an_update() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    system.update(made.id, "new", Some("first")).await.unwrap();
    let changed = system.update(made.id, "contacted", Some("")).await.unwrap();
    assert_eq!(
        (changed.admin_notes.as_deref(), changed.version),
        (Some("first"), 3)
    );
    let kinds: Vec<_> = system
        .published()
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            "keylight.submission.created.v1",
            "keylight.submission.updated.v1",
            "keylight.submission.status_changed.v1"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_status_again_is_no_news() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    let same = system.update(made.id, "new", None).await.unwrap();
    assert_eq!((same.version, &same.status), (1, &made.status));
    assert!(same.updated_at != made.updated_at);
    assert_eq!(system.published().await.len(), 1);
    assert_eq!(system.count("audit_log").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_in_the_order_that_clients_know() {
    let system = System::start().await;
    let id = system
        .create(application("a@example.com"))
        .await
        .unwrap()
        .id;
    let missing = system.update(99, "", None).await.unwrap_err();
    assert_eq!(
        (missing.code, missing.message.as_str()),
        (ErrorCode::InvalidInput, STATUS_REQUIRED)
    );
    let unknown = system.update(99, "bogus", Some("a\0")).await.unwrap_err();
    assert_eq!(
        (unknown.code, unknown.message.as_str()),
        (ErrorCode::NotFound, SUBMISSION_NOT_FOUND)
    );
    for bad in ["bogus", "Reviewed"] {
        let error = system.update(id, bad, None).await.unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::InvalidInput, INVALID_STATUS_IN_BODY)
        );
    }
    let notes = system
        .update(id, "reviewed", Some("a\0"))
        .await
        .unwrap_err();
    assert_eq!(notes.code, ErrorCode::InvalidInput);
    assert_eq!(
        system.update(99, "reviewed", None).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    assert_eq!(system.get(id).await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_submission_is_nowhere_to_be_seen() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    assert_eq!(
        system.delete(made.id).await.unwrap(),
        made,
        "as it was last seen"
    );
    assert_eq!(
        system.get(made.id).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    assert_eq!(
        system.delete(made.id).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    assert_eq!(
        system
            .update(made.id, "reviewed", None)
            .await
            .unwrap_err()
            .code,
        ErrorCode::NotFound
    );
    let stats = system
        .client
        .clone()
        .submission_stats(keylight_contracts::v1::SubmissionStatsRequest {})
        .await
        .unwrap();
    assert_eq!(stats.into_inner().total, 0);
    let events = system.published().await;
    assert_eq!(
        (events.len(), events[1].kind.as_str()),
        (2, "keylight.submission.deleted.v1")
    );
    assert_eq!(
        (&events[1].data["version"], &events[1].data["status"]),
        (&json!(2), &json!("new"))
    );
    let (actor, action, ..) = last_audit(&system).await;
    assert_eq!(
        (actor.as_str(), action.as_str()),
        ("admin-token", "deleted")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_all_count() {
    let system = System::start().await;
    let id = system
        .create(application("a@example.com"))
        .await
        .unwrap()
        .id;
    let names: Vec<String> = (0..20).map(|n| format!("note {n}")).collect();
    let calls = names
        .iter()
        .map(|note| system.update(id, "reviewed", Some(note)));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(system.get(id).await.unwrap().version, 21);
    assert_eq!(system.count("events").await, 21);
}
