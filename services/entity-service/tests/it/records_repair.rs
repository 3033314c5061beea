//! Mending: in batches, with what is left, twice, and while others work.

use crate::{
    projects_desk::{Desk, keyed, outcome},
    records_rules::{repair, report},
    system::application,
};
use keylight_contracts::v1::{self, records_service_client::RecordsServiceClient};
use keylight_domain::error::ErrorCode;

#[tokio::test(flavor = "multi_thread")]
async fn many_cases_are_mended_in_several_calls_and_each_is_told() {
    let desk = Desk::start().await;
    desk.sql(
        "INSERT INTO entity.users (full_name, email_address, email_key, open_submissions, created_at, updated_at)
         SELECT 'Somebody', n || '@example.com', n || '@example.com', 2, now(), now() FROM generate_series(1, 1050) n",
    )
    .await;
    let rule = "user_open_submissions_miscounted";
    let preview = repair(&desk, rule, true).await.unwrap();
    assert_eq!(
        (preview.count, preview.unseen, preview.repaired.len()),
        (1000, 50, 1000)
    );
    let first = repair(&desk, rule, false).await.unwrap();
    assert_eq!((first.count, first.unseen, first.left.len()), (1000, 50, 0));
    let second = repair(&desk, rule, false).await.unwrap();
    assert_eq!((second.count, second.unseen), (50, 0));
    assert!(report(&desk).await.is_empty());
    let told: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT entity_id) FROM entity.audit_log
         WHERE entity = 'user' AND before = '{\"open_submissions\": 2}' AND after = '{\"open_submissions\": 0}'
           AND cause = 'rule user_open_submissions_miscounted: spring cleaning' AND actor = 'staff:ada'",
    )
    .fetch_one(&desk.system.pool)
    .await
    .unwrap();
    assert_eq!(told, 1050);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_to_be_decided_is_left() {
    let desk = Desk::with_connections(1).await;
    let ada = desk.applied("ada@example.com").await;
    let bob = desk.applied("bob@example.com").await;
    desk.sql(
        "UPDATE entity.submissions SET user_id = NULL;
         UPDATE entity.users SET holds_email = false, open_submissions = 0 WHERE email_key LIKE 'bob%'",
    )
    .await;
    let rule = "submission_without_person";
    let request = |ids: Vec<i64>, caller| v1::RepairRecordsRequest {
        rule: rule.to_owned(),
        entity_ids: ids,
        preview: false,
        caller,
    };
    let mut client = RecordsServiceClient::new(desk.system.channel.clone());
    let named = outcome(client.repair_records(request(vec![bob.id], None)).await).unwrap();
    assert_eq!((named.count, named.left.len()), (0, 1));
    assert_eq!(named.left[0].remedy, "");
    let done = outcome(
        client
            .repair_records(request(Vec::new(), keyed("k", "f")))
            .await,
    )
    .unwrap();
    assert_eq!((done.count, done.repaired[0].entity_id), (1, ada.id));
    assert_eq!(done.left[0].entity_id, bob.id);
    // the same request is the same answer, not another repair
    let again = outcome(
        client
            .repair_records(request(Vec::new(), keyed("k", "f")))
            .await,
    )
    .unwrap();
    assert_eq!(again, done);
    let fresh = outcome(client.repair_records(request(Vec::new(), None)).await).unwrap();
    assert_eq!((fresh.count, fresh.left.len()), (0, 1));
    let told = desk.system.published().await;
    let linked = told
        .iter()
        .filter(|event| event.data["version"] == 2 && event.submission_id() == Some(ada.id));
    assert_eq!(linked.count(), 1, "the others hear of it");

    let unknown = repair(&desk, "no_such_rule", false).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::InvalidInput);
    assert!(
        unknown.message.contains("submission_without_person"),
        "{unknown}"
    );
    let many = outcome(
        client
            .repair_records(request((0..1001).collect(), None))
            .await,
    )
    .unwrap_err();
    assert_eq!(many.code, ErrorCode::InvalidInput);
}

/// Counting again must not lose an application that comes in at that moment.
#[tokio::test(flavor = "multi_thread")]
async fn counts_are_right_though_people_apply_meanwhile() {
    let desk = Desk::start().await;
    for n in 0..40 {
        desk.applied(&format!("p{n}@example.com")).await;
    }
    for round in 0..3 {
        desk.sql("UPDATE entity.users SET open_submissions = 5 WHERE id % 2 = 0")
            .await;
        let mut running = Vec::new();
        for n in 0..40 {
            let mut client = desk.system.client.clone();
            let request = application(&format!("r{round}n{n}@example.com"));
            running.push(tokio::spawn(async move {
                client.create_submission(request).await
            }));
        }
        let (a, b) = tokio::join!(
            repair(&desk, "user_open_submissions_miscounted", false),
            repair(&desk, "user_open_submissions_miscounted", false)
        );
        assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
        for answer in running {
            answer.await.unwrap().unwrap();
        }
    }
    assert!(report(&desk).await.is_empty());
    let told: i64 =
        sqlx::query_scalar("SELECT count(*) FROM entity.audit_log WHERE action = 'repaired'")
            .fetch_one(&desk.system.pool)
            .await
            .unwrap();
    let people: i64 =
        sqlx::query_scalar("SELECT count(*) FROM entity.users WHERE open_submissions = 1")
            .fetch_one(&desk.system.pool)
            .await
            .unwrap();
    assert_eq!(people, 160);
    assert!(told >= 60, "each case once, whoever mended it: {told}");
}

/// A check that takes minutes is never made.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_of_each_are_checked_in_seconds() {
    let desk = Desk::start().await;
    desk.sql(
        "INSERT INTO entity.users (id, full_name, email_address, email_key, open_submissions, created_at, updated_at)
         SELECT n, 'Person', n || '@example.com', n || '@example.com', 1, now(), now() FROM generate_series(1, 100000) n;
         INSERT INTO entity.projects (id, name, user_id, created_at, updated_at)
         SELECT n, 'Home', n, now(), now() FROM generate_series(1, 100000) n;
         INSERT INTO entity.submissions (id, full_name, email_address, email_key, phone_number, buyer_category,
             financing_plan, land_status, build_budget, construction_timeline, status, user_id, project_id, created_at, updated_at)
         SELECT n, 'Person', n || '@example.com', n || '@example.com', '555-123-4567', 'homebuyer', 'self_funding', 'need_land',
             '500k_plus', '3_to_6_months', 'new', CASE WHEN n % 100 <> 0 THEN n END, n, now(), now()
         FROM generate_series(1, 100000) n;
         ANALYZE entity.users; ANALYZE entity.projects; ANALYZE entity.submissions;",
    )
    .await;
    let begun = std::time::Instant::now();
    let found = report(&desk).await;
    let took = begun.elapsed();
    println!("checked in {took:?}");
    assert_eq!(found["submission_without_person"].count, 1000);
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
    let begun = std::time::Instant::now();
    let done = repair(&desk, "submission_without_person", false)
        .await
        .unwrap();
    println!("{} mended in {:?}", done.count, begun.elapsed());
    assert_eq!((done.count, done.unseen), (1000, 0));
}
