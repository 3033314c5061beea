//! Deletions taken back, and changes decided on an old version.

use crate::system::{System, application, key, staff, told};
use keylight_contracts::v1;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    submissions::Duplicates,
};
use serde_json::Value;

async fn restore(system: &System, id: i64) -> Result<v1::Submission, DomainError> {
    restore_as(system, id, staff()).await
}

async fn restore_as(
    system: &System,
    id: i64,
    caller: Option<v1::Caller>,
) -> Result<v1::Submission, DomainError> {
    let request = v1::RestoreSubmissionRequest { id, caller };
    told(system.client.clone().restore_submission(request).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_taken_back_with_a_reason() {
    let system = System::start_with(1, |_| {}).await;
    let made = system.create(application("a@example.com")).await.unwrap();
    system.update(made.id, "qualified", None).await.unwrap();
    system.delete(made.id).await.unwrap();
    let back = restore(&system, made.id).await.unwrap();
    assert_eq!(
        (back.version, back.status.as_deref()),
        (4, Some("qualified"))
    );
    assert_eq!(back.deleted_at, None);
    assert_eq!(system.get(made.id).await.unwrap(), back);
    let kinds: Vec<_> = system
        .published()
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds[3], "keylight.submission.restored.v1");
    let (actor, why): (String, Option<String>) =
        sqlx::query_as("SELECT actor, cause FROM entity.audit_log ORDER BY id DESC LIMIT 1")
            .fetch_one(&system.pool)
            .await
            .unwrap();
    assert_eq!(
        (actor.as_str(), why.as_deref()),
        ("staff:ada", Some("asked for on the phone"))
    );
    // its address counts again
    assert!(system.create(application("a@example.com")).await.is_err());
    // and once more is no news
    assert_eq!(restore(&system, made.id).await.unwrap(), back);
    assert_eq!(
        restore(&system, 99).await.unwrap_err().code,
        ErrorCode::NotFound
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_has_applied_again_is_in_the_way_unless_it_may() {
    let system = System::start().await;
    let linking = System::on(system.database.clone(), 4, |config| {
        config.duplicates = Duplicates::Link
    })
    .await;
    let old = system.create(application("a@example.com")).await.unwrap();
    system.delete(old.id).await.unwrap();
    let new = system.create(application("a@example.com")).await.unwrap();
    let error = restore(&system, old.id).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    assert!(error.message.contains("delete the newer submission first"));
    assert_eq!(
        system.get(old.id).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    restore(&linking, old.id).await.unwrap();
    assert_eq!(system.get(new.id).await.unwrap().id, new.id);
    let open: i32 = sqlx::query_scalar("SELECT open_submissions FROM entity.users")
        .fetch_one(&system.pool)
        .await
        .unwrap();
    assert_eq!(open, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_of_the_predecessor_without_a_person_count_too() {
    let system = System::start().await;
    sqlx::query(
        "INSERT INTO entity.submissions (id, full_name, email_address, email_key, phone_number, buyer_category,
             financing_plan, land_status, build_budget, construction_timeline, status, legacy, deleted_at)
         SELECT n, 'Twin', 'A@example.com', 'a@example.com', '-', '', '', '', '', '', NULL, true,
             CASE WHEN n > 1 THEN now() END FROM generate_series(1, 3) n",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    assert_eq!(
        restore(&system, 2).await.unwrap_err().code,
        ErrorCode::Conflict
    );
    system.delete(1).await.unwrap();
    restore(&system, 2).await.unwrap();
    assert_eq!(
        restore(&system, 3).await.unwrap_err().code,
        ErrorCode::Conflict
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_comes_first() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    system.delete(made.id).await.unwrap();
    sqlx::query("UPDATE entity.users SET deleted_at = now(), holds_email = false")
        .execute(&system.pool)
        .await
        .unwrap();
    let error = restore(&system, made.id).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    assert!(error.message.contains("restore the person first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_restoration_hears_the_first_answer() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    system.delete(made.id).await.unwrap();
    let caller = || {
        staff().map(|caller| v1::Caller {
            idempotency: key("k", "restore"),
            ..caller
        })
    };
    let first = restore_as(&system, made.id, caller()).await.unwrap();
    system.delete(made.id).await.unwrap();
    assert_eq!(restore_as(&system, made.id, caller()).await.unwrap(), first);
    assert_eq!(
        system.get(made.id).await.unwrap_err().code,
        ErrorCode::NotFound,
        "nothing was done the second time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_on_an_old_version_is_refused() {
    let system = System::start().await;
    let made = system.create(application("a@example.com")).await.unwrap();
    let update = |version| v1::UpdateSubmissionStatusRequest {
        id: made.id,
        status: "reviewed".to_owned(),
        actor: "staff:ada".to_owned(),
        expected_version: Some(version),
        reason: "looks good".to_owned(),
        ..Default::default()
    };
    let delete = |version| v1::DeleteSubmissionRequest {
        id: made.id,
        actor: "staff:ada".to_owned(),
        expected_version: Some(version),
        reason: "a test".to_owned(),
        ..Default::default()
    };
    let mut client = system.client.clone();
    let stale = told(client.update_submission_status(update(7)).await).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    told(client.update_submission_status(update(1)).await).unwrap();
    let stale = told(client.update_submission_status(update(1)).await).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    let stale = told(client.delete_submission(delete(1)).await).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    told(client.delete_submission(delete(2)).await).unwrap();
    let reasons: Vec<(String, Option<String>, Value)> =
        sqlx::query_as("SELECT action, cause, after FROM entity.audit_log ORDER BY id")
            .fetch_all(&system.pool)
            .await
            .unwrap();
    let reasons: Vec<_> = reasons.iter().map(|(_, why, _)| why.as_deref()).collect();
    assert_eq!(reasons, [None, Some("looks good"), Some("a test")]);
}
