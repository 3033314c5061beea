//! Many at once.

use crate::system::{System, application, key, staff, told};
use futures::future::join_all;
use keylight_contracts::v1;
use keylight_domain::error::{DomainError, ErrorCode};
use serde_json::{Value, json};

async fn change(
    system: &System,
    request: v1::BulkChangeRequest,
) -> Result<v1::BulkChangeReply, DomainError> {
    told(system.client.clone().bulk_change(request).await)
}

fn to_status(ids: &[i64], status: &str) -> v1::BulkChangeRequest {
    v1::BulkChangeRequest {
        ids: ids.to_vec(),
        status: Some(status.to_owned()),
        caller: staff(),
        ..Default::default()
    }
}

async fn made(system: &System, number: usize) -> Vec<i64> {
    let requests = (0..number).map(|n| system.create(application(&format!("n{n}@example.com"))));
    let mut ids: Vec<i64> = join_all(requests)
        .await
        .into_iter()
        .map(|made| made.unwrap().id)
        .collect();
    ids.sort_unstable();
    ids
}

fn results(reply: &v1::BulkChangeReply) -> Vec<(i64, &str, &str)> {
    reply
        .outcomes
        .iter()
        .map(|one| (one.id, one.result.as_str(), one.code.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_changed_for_itself_and_told() {
    let system = System::start_with(1, |_| {}).await;
    let ids = made(&system, 4).await;
    system.update(ids[1], "reviewed", None).await.unwrap();
    system.delete(ids[2]).await.unwrap();
    let wanted = [ids[3], ids[0], ids[1], ids[2], 99, ids[0]];
    let preview = v1::BulkChangeRequest {
        preview: true,
        ..to_status(&wanted, "reviewed")
    };
    let foreseen = change(&system, preview).await.unwrap();
    assert_eq!(
        system.get(ids[0]).await.unwrap().version,
        1,
        "a preview changes nothing"
    );
    let events = system.count("events").await;
    let done = change(&system, to_status(&wanted, "reviewed"))
        .await
        .unwrap();
    assert_eq!(done, foreseen);
    assert_eq!(
        results(&done),
        [
            (ids[3], "changed", ""),
            (ids[0], "changed", ""),
            (ids[1], "unchanged", ""),
            (ids[2], "failed", "not_found"),
            (99, "failed", "not_found"),
        ]
    );
    assert_eq!(
        (done.changed, done.unchanged, done.failed, done.left),
        (2, 1, 2, 0)
    );
    assert_eq!(
        (
            done.outcomes[0].from_status.as_str(),
            done.outcomes[0].to_status.as_str()
        ),
        ("new", "reviewed")
    );
    assert_eq!(system.count("events").await, events + 2);
    let now = system.get(ids[0]).await.unwrap();
    assert_eq!((now.version, now.status.as_deref()), (2, Some("reviewed")));
    let audit: (String, Value, Value, Option<String>) = sqlx::query_as(
        "SELECT actor, before, after, cause FROM entity.audit_log WHERE entity_id = $1 ORDER BY id DESC LIMIT 1",
    )
    .bind(ids[0])
    .fetch_one(&system.pool)
    .await
    .unwrap();
    assert_eq!(
        audit,
        (
            "staff:ada".to_owned(),
            json!({"status": "new"}),
            json!({"status": "reviewed"}),
            Some("asked for on the phone".to_owned())
        )
    );
    let told = system.published().await;
    let last = told
        .iter()
        .rfind(|event| event.submission_id() == Some(ids[0]))
        .unwrap();
    assert_eq!(
        (&last.data["previous_status"], &last.data["version"]),
        (&json!("new"), &json!(2))
    );
    // again: nothing left to do
    let again = change(&system, to_status(&ids[..2], "reviewed"))
        .await
        .unwrap();
    assert_eq!((again.changed, again.unchanged), (0, 2));
    assert_eq!(system.count("events").await, events + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn assignment_by_filter_takes_a_thousand_and_says_what_is_left() {
    let system = System::start().await;
    made(&system, 3).await;
    sqlx::query(
        "INSERT INTO entity.submissions (full_name, email_address, email_key, phone_number, buyer_category, financing_plan,
             land_status, build_budget, construction_timeline, status, created_at, updated_at)
         SELECT 'N', 'm' || n || '@example.com', 'm' || n || '@example.com', '5551234567', 'developer', 'self_funding',
             'own_land', '500k_plus', '3_to_6_months', 'new', now(), now() FROM generate_series(1, 1030) n",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    let ada = system.assignee().await;
    let request = |assignee: &str| v1::BulkChangeRequest {
        filter: Some(v1::SubmissionFilter {
            buyer_category: Some("developer".to_owned()),
            assignee: Some("none".to_owned()),
            ..Default::default()
        }),
        assignee: Some(assignee.to_owned()),
        caller: staff(),
        ..Default::default()
    };
    let done = change(&system, request(&ada)).await.unwrap();
    assert_eq!((done.changed, done.failed, done.left), (1000, 0, 30));
    assert_eq!(done.outcomes[0].to_assignee, ada);
    let done = change(&system, request(&ada)).await.unwrap();
    assert_eq!((done.changed, done.left), (30, 0));
    let id = done.outcomes[0].id;
    assert_eq!(system.get(id).await.unwrap().assignee, Some(ada));
    let back = v1::BulkChangeRequest {
        ids: vec![id],
        assignee: Some(String::new()),
        caller: staff(),
        ..Default::default()
    };
    change(&system, back).await.unwrap();
    assert_eq!(system.get(id).await.unwrap().assignee, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_database_refuses_or_somebody_holds_hinders_no_other() {
    let system = System::start().await;
    let ids = made(&system, 30).await;
    let unlucky = format!(
        "ALTER TABLE entity.submissions ADD CONSTRAINT unlucky CHECK (id <> {} OR status = 'new')",
        ids[7]
    );
    sqlx::query(sqlx::AssertSqlSafe(unlucky))
        .execute(&system.pool)
        .await
        .unwrap();
    let mut holder = system.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM entity.submissions WHERE id = $1 FOR UPDATE")
        .bind(ids[3])
        .execute(&mut *holder)
        .await
        .unwrap();
    let done = change(&system, to_status(&ids, "contacted")).await.unwrap();
    holder.rollback().await.unwrap();
    let failed: Vec<_> = results(&done)
        .into_iter()
        .filter(|(_, result, _)| *result == "failed")
        .collect();
    assert_eq!(
        failed,
        [
            (ids[3], "failed", "unavailable"),
            (ids[7], "failed", "conflict")
        ]
    );
    assert_eq!(done.changed, 28);
    assert_eq!(
        system.get(ids[29]).await.unwrap().status.as_deref(),
        Some("contacted")
    );
    assert_eq!(system.get(ids[3]).await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_hears_the_first_answer() {
    let system = System::start().await;
    let ids = made(&system, 2).await;
    let request = |status: &str, fingerprint: &str| v1::BulkChangeRequest {
        caller: staff().map(|caller| v1::Caller {
            idempotency: key("k", fingerprint),
            ..caller
        }),
        ..to_status(&ids, status)
    };
    let first = change(&system, request("reviewed", "one")).await.unwrap();
    system.update(ids[0], "new", None).await.unwrap();
    assert_eq!(
        change(&system, request("reviewed", "one")).await.unwrap(),
        first
    );
    assert_eq!(
        system.get(ids[0]).await.unwrap().status.as_deref(),
        Some("new")
    );
    let other = change(&system, request("contacted", "other"))
        .await
        .unwrap_err();
    assert_eq!(other.code, ErrorCode::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense_are_refused_as_a_whole() {
    let system = System::start().await;
    let filter = Some(v1::SubmissionFilter {
        status: Some("new".to_owned()),
        ..Default::default()
    });
    let bad = [
        to_status(&[], "reviewed"),
        to_status(&[1], "bogus"),
        to_status(&[1], ""),
        to_status(&(1..=1001).collect::<Vec<_>>(), "reviewed"),
        v1::BulkChangeRequest {
            filter: filter.clone(),
            ..to_status(&[1], "reviewed")
        },
        v1::BulkChangeRequest {
            filter: Some(v1::SubmissionFilter::default()),
            ..to_status(&[], "reviewed")
        },
        v1::BulkChangeRequest {
            ids: vec![1],
            assignee: Some("ada".to_owned()),
            ..Default::default()
        },
        v1::BulkChangeRequest {
            ids: vec![1],
            assignee: Some("00000000-0000-7000-8000-000000000000".to_owned()),
            ..Default::default()
        },
        v1::BulkChangeRequest {
            admin_notes: Some("a\0".to_owned()),
            ..to_status(&[1], "reviewed")
        },
    ];
    for request in bad {
        let error = change(&system, request.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{request:?}");
    }
}
