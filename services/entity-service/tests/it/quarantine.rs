//! Applications that the honeypot caught.

use crate::system::{System, application, key, staff, told};
use chrono::{TimeDelta, Utc};
use entity_service::{submissions::quarantine, sweep};
use keylight_contracts::v1;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    intake::VALIDATION_FAILED,
    submissions::Duplicates,
};

async fn put(
    system: &System,
    application: v1::CreateSubmissionRequest,
) -> Result<v1::QuarantinedApplication, DomainError> {
    let request = v1::QuarantineRequest {
        application: Some(application),
        reason: "the hidden field was filled in".to_owned(),
    };
    told(system.client.clone().quarantine(request).await)
}

async fn list(system: &System, size: i32, after: &str, settled: bool) -> v1::QuarantinePage {
    let page = Some(v1::Page {
        number: 0,
        size,
        after: after.to_owned(),
    });
    let request = v1::ListQuarantineRequest { page, settled };
    told(system.client.clone().list_quarantine(request).await).unwrap()
}

async fn settle(
    system: &System,
    id: &str,
    release: bool,
) -> Result<v1::QuarantinedApplication, DomainError> {
    let request = v1::SettleQuarantineRequest {
        id: id.to_owned(),
        release,
        caller: staff(),
    };
    told(system.client.clone().settle_quarantine(request).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caught_application_is_nobodys_submission_until_it_is_released() {
    let system = System::start_with(1, |_| {}).await;
    let caught = put(&system, application("Caught@Example.com"))
        .await
        .unwrap();
    assert_eq!(caught.state, "waiting");
    assert_eq!(
        (
            system.count("submissions").await,
            system.count("users").await
        ),
        (0, 0)
    );
    let shown = list(&system, 10, "", false).await;
    assert_eq!(shown.waiting_count, 1);
    assert_eq!(shown.applications, std::slice::from_ref(&caught));
    let kept = shown.applications[0].application.clone().unwrap();
    assert_eq!(kept.email_address, "Caught@Example.com", "as it came");

    let released = settle(&system, &caught.id, true).await.unwrap();
    assert_eq!(released.state, "released");
    let submission = system.get(released.submission_id.unwrap()).await.unwrap();
    assert_eq!(submission.email_address, "caught@example.com");
    assert_eq!(system.published().await.len(), 1);
    let again = settle(&system, &caught.id, true).await.unwrap_err();
    assert_eq!(
        (again.code, again.message.as_str()),
        (ErrorCode::Conflict, "The application was released already")
    );
    assert_eq!(list(&system, 10, "", false).await.waiting_count, 0);
    let trail: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "SELECT actor, action, cause FROM entity.audit_log WHERE entity = 'quarantine' AND record_id = $1 ORDER BY id",
    )
    .bind(&caught.id)
    .fetch_all(&system.pool)
    .await
    .unwrap();
    let trail: Vec<_> = trail
        .iter()
        .map(|(actor, action, why)| (actor.as_str(), action.as_str(), why.as_deref()))
        .collect();
    assert_eq!(
        trail,
        [
            (
                "public",
                "quarantined",
                Some("the hidden field was filled in")
            ),
            ("staff:ada", "settled", Some("asked for on the phone"))
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_applied_meanwhile_keeps_it_waiting() {
    let system = System::start().await;
    let caught = put(&system, application("a@example.com")).await.unwrap();
    system.create(application("a@example.com")).await.unwrap();
    let error = settle(&system, &caught.id, true).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    assert!(error.message.contains("stays in quarantine"), "{error}");
    assert_eq!(list(&system, 10, "", false).await.waiting_count, 1);
    let linking = System::on(system.database.clone(), 4, |config| {
        config.duplicates = Duplicates::Link
    })
    .await;
    settle(&linking, &caught.id, true).await.unwrap();
    assert_eq!(system.count("submissions").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_one_is_kept_for_a_while_and_then_gone() {
    let system = System::start().await;
    let caught = put(&system, application("a@example.com")).await.unwrap();
    let waiting = put(&system, application("b@example.com")).await.unwrap();
    let dismissed = settle(&system, &caught.id, false).await.unwrap();
    assert_eq!(
        (dismissed.state.as_str(), dismissed.submission_id),
        ("dismissed", None)
    );
    assert_eq!(
        settle(&system, &caught.id, true).await.unwrap_err().code,
        ErrorCode::Conflict
    );
    let now = Utc::now();
    sweep::sweep(&system.pool, now + quarantine::KEPT - TimeDelta::minutes(1))
        .await
        .unwrap();
    assert_eq!(list(&system, 10, "", true).await.applications.len(), 2);
    sweep::sweep(&system.pool, now + quarantine::KEPT + TimeDelta::minutes(1))
        .await
        .unwrap();
    let left = list(&system, 10, "", true).await.applications;
    assert_eq!(left, [waiting], "what waits is never swept");
    for id in [caught.id.as_str(), "nonsense"] {
        assert_eq!(
            settle(&system, id, true).await.unwrap_err().code,
            ErrorCode::NotFound
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_a_repeated_post_is_kept_once() {
    let system = System::start().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        let request = v1::CreateSubmissionRequest {
            idempotency: key(&format!("k{n}"), "r"),
            ..application(&format!("n{n}@example.com"))
        };
        let first = put(&system, request.clone()).await.unwrap();
        assert_eq!(put(&system, request).await.unwrap().id, first.id);
        expected.insert(0, first.id);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = list(&system, 2, &after, false).await;
        assert_eq!(page.waiting_count, 5);
        seen.extend(page.applications.into_iter().map(|one| one.id));
        after = page.next;
        if after.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_like_anywhere_else() {
    let system = System::start().await;
    let mut request = application("a@example.com");
    request.full_name = String::new();
    let error = put(&system, request).await.unwrap_err();
    assert_eq!(error.message, VALIDATION_FAILED);
    assert_eq!(error.details, ["full_name is required"]);
}
