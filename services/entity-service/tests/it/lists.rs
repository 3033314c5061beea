//! What people look for.

use crate::system::{System, application};
use keylight_contracts::v1;
use keylight_domain::error::ErrorCode;
use keylight_rpc::status::error_of;

async fn list(
    system: &System,
    filter: v1::SubmissionFilter,
    page: i64,
    page_size: i32,
) -> v1::SubmissionPage {
    let request = v1::ListSubmissionsRequest {
        filter: Some(filter),
        page,
        page_size,
        ..Default::default()
    };
    system
        .client
        .clone()
        .list_submissions(request)
        .await
        .unwrap()
        .into_inner()
}

async fn search(system: &System, term: &str) -> Vec<i64> {
    let request = v1::SearchSubmissionsRequest {
        term: term.to_owned(),
        page: 1,
        page_size: 100,
    };
    let page = system
        .client
        .clone()
        .search_submissions(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        page.total_count,
        i64::try_from(page.submissions.len()).unwrap()
    );
    page.submissions.into_iter().map(|row| row.id).collect()
}

fn ids(rows: &[v1::Submission]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_first_without_a_time_last_and_pages_do_not_overlap() {
    let system = System::start_with(1, |_| {}).await;
    let mut expected = Vec::new();
    for n in 0..7 {
        expected.push(
            system
                .create(application(&format!("n{n}@example.com")))
                .await
                .unwrap()
                .id,
        );
    }
    // equal times must not make pages overlap; rows of the predecessor may have none
    sqlx::query("UPDATE entity.submissions SET created_at = (SELECT max(created_at) FROM entity.submissions) WHERE id <> $1")
        .bind(expected[3])
        .execute(&system.pool)
        .await
        .unwrap();
    sqlx::query("UPDATE entity.submissions SET created_at = NULL WHERE id = $1")
        .bind(expected[3])
        .execute(&system.pool)
        .await
        .unwrap();
    let timeless = expected.remove(3);
    expected.reverse();
    expected.push(timeless);
    let mut seen = Vec::new();
    for page in 1..=4 {
        let answer = list(&system, v1::SubmissionFilter::default(), page, 2).await;
        assert_eq!(answer.total_count, 7);
        seen.extend(ids(&answer.submissions));
    }
    assert_eq!(seen, expected);
    let past = list(&system, v1::SubmissionFilter::default(), 9, 2).await;
    assert_eq!((past.total_count, past.submissions.len()), (7, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_exact_and_combined() {
    let system = System::start().await;
    let mut developer = application("d@example.com");
    developer.buyer_category = "developer".to_owned();
    developer.construction_timeline = "less_than_3_months".to_owned();
    let developer = system.create(developer).await.unwrap().id;
    let home = system
        .create(application("h@example.com"))
        .await
        .unwrap()
        .id;
    system.update(home, "qualified", None).await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    let cases = [
        (
            v1::SubmissionFilter {
                status: some("qualified"),
                ..Default::default()
            },
            vec![home],
        ),
        (
            v1::SubmissionFilter {
                buyer_category: some("developer"),
                ..Default::default()
            },
            vec![developer],
        ),
        (
            v1::SubmissionFilter {
                construction_timeline: some("less_than_3_months"),
                ..Default::default()
            },
            vec![developer],
        ),
        (
            v1::SubmissionFilter {
                build_budget: some("350k_400k"),
                status: some("new"),
                ..Default::default()
            },
            vec![developer],
        ),
        (
            v1::SubmissionFilter {
                status: some("bogus"),
                ..Default::default()
            },
            vec![],
        ),
        (
            v1::SubmissionFilter {
                status: some("a\0"),
                ..Default::default()
            },
            vec![],
        ),
        (
            v1::SubmissionFilter {
                status: some(""),
                ..Default::default()
            },
            vec![home, developer],
        ),
    ];
    for (filter, expected) in cases {
        let answer = list(&system, filter.clone(), 1, 100).await;
        assert_eq!(ids(&answer.submissions), expected, "{filter:?}");
        assert_eq!(answer.total_count, i64::try_from(expected.len()).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_takes_plain_text_in_four_fields() {
    let system = System::start().await;
    let mut first = application("grace@example.com");
    first.full_name = "Grace Hopper".to_owned();
    first.company_name = Some("100% Homes_Ltd".to_owned());
    first.project_description = "Cabin by the \\lake".to_owned();
    let first = system.create(first).await.unwrap().id;
    let mut second = application("ada@example.com");
    second.lot_address = Some("Hidden Street".to_owned());
    let second = system.create(second).await.unwrap().id;
    system
        .update(second, "reviewed", Some("secret notes"))
        .await
        .unwrap();

    for (term, expected) in [
        ("HOPPER", vec![first]),
        ("example.com", vec![second, first]),
        ("100%", vec![first]),
        ("s_l", vec![first]),
        ("e_a", vec![]),
        ("%%", vec![]),
        ("the \\l", vec![first]),
        ("small HOUSE", vec![second]),
        ("Hidden", vec![]),
        ("secret", vec![]),
        ("555-123", vec![]),
    ] {
        assert_eq!(search(&system, term).await, expected, "{term}");
    }
    let short = v1::SearchSubmissionsRequest {
        term: " a ".to_owned(),
        page: 1,
        page_size: 10,
    };
    let error = error_of(
        &system
            .client
            .clone()
            .search_submissions(short)
            .await
            .unwrap_err(),
    );
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            ErrorCode::InvalidInput,
            "Search term must be at least 2 characters"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn recent_ones_are_bounded_by_days_then_by_number() {
    let system = System::start().await;
    let mut made = Vec::new();
    for n in 0..5 {
        made.push(
            system
                .create(application(&format!("n{n}@example.com")))
                .await
                .unwrap()
                .id,
        );
    }
    sqlx::query(
        "UPDATE entity.submissions SET created_at = now() - interval '3 days' WHERE id = $1",
    )
    .bind(made[0])
    .execute(&system.pool)
    .await
    .unwrap();
    sqlx::query("UPDATE entity.submissions SET created_at = NULL WHERE id = $1")
        .bind(made[1])
        .execute(&system.pool)
        .await
        .unwrap();
    let recent = |days, limit| {
        let mut client = system.client.clone();
        async move {
            ids(&client
                .recent_submissions(v1::RecentSubmissionsRequest { days, limit })
                .await
                .unwrap()
                .into_inner()
                .submissions)
        }
    };
    assert_eq!(recent(2, 10).await, [made[4], made[3], made[2]]);
    assert_eq!(recent(7, 10).await, [made[4], made[3], made[2], made[0]]);
    assert_eq!(recent(7, 2).await, [made[4], made[3]]);
    assert_eq!(recent(0, 10).await, Vec::<i64>::new());
    assert_eq!(recent(i32::MAX, 0).await, [made[4]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_exact_at_once() {
    let system = System::start().await;
    let mut developer = application("d@example.com");
    developer.buyer_category = "developer".to_owned();
    let developer = system.create(developer).await.unwrap().id;
    let home = system
        .create(application("h@example.com"))
        .await
        .unwrap()
        .id;
    system.create(application("i@example.com")).await.unwrap();
    system.update(developer, "contacted", None).await.unwrap();
    let report = v1::RecordSyncRequest {
        submission_id: home,
        clickup_task_id: None,
        clickup_url: None,
        sync_state: "failed".to_owned(),
        synced_version: 0,
    };
    system.client.clone().record_sync(report).await.unwrap();
    sqlx::query(
        "UPDATE entity.submissions SET created_at = now() - interval '8 days' WHERE id = $1",
    )
    .bind(home)
    .execute(&system.pool)
    .await
    .unwrap();
    let stats = system
        .client
        .clone()
        .submission_stats(v1::SubmissionStatsRequest {})
        .await
        .unwrap()
        .into_inner();
    let expected = v1::SubmissionStatsReply {
        total: 3,
        new_count: 2,
        contacted_count: 1,
        homebuyer_count: 2,
        developer_count: 1,
        recent_count: 2,
        sync_pending_count: 2,
        sync_failed_count: 1,
        ..Default::default()
    };
    assert_eq!(stats, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_tells_its_version() {
    let system = System::start().await;
    let answer = system
        .client
        .clone()
        .check_database(v1::CheckDatabaseRequest {})
        .await
        .unwrap()
        .into_inner();
    assert!(answer.postgres_version.starts_with("PostgreSQL"));
    assert!(answer.timestamp.is_some() && answer.pool_total >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_without_the_token_stay_outside() {
    let system = System::start().await;
    let address = system.address.clone();
    let channel = tonic::transport::Endpoint::from_shared(address)
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut stranger = v1::entity_service_client::EntityServiceClient::new(channel);
    let status = stranger
        .submission_stats(v1::SubmissionStatsRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unauthenticated);
}
