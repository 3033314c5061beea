//! Lists by filter and by place, what stands beside a submission, and the bin.

use crate::system::{System, application, staff, told};
use keylight_contracts::{time::from_wire, v1};
use keylight_domain::error::{DomainError, ErrorCode};

async fn list(
    system: &System,
    request: v1::ListSubmissionsRequest,
) -> Result<v1::SubmissionPage, DomainError> {
    told(system.client.clone().list_submissions(request).await)
}

fn ids(page: &v1::SubmissionPage) -> Vec<i64> {
    page.submissions.iter().map(|row| row.id).collect()
}

async fn matching(system: &System, filter: v1::SubmissionFilter) -> Vec<i64> {
    let request = v1::ListSubmissionsRequest {
        filter: Some(filter.clone()),
        page: 1,
        page_size: 100,
        ..Default::default()
    };
    let page = list(system, request).await.unwrap();
    assert_eq!(
        page.total_count,
        i64::try_from(page.submissions.len()).unwrap(),
        "{filter:?}"
    );
    ids(&page)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_is_applied() {
    let system = System::start_with(1, |_| {}).await;
    let mut one = application("one@example.com");
    one.financing_plan = "finance_build".to_owned();
    let one = system.create(one).await.unwrap();
    let mut two = application("two@example.com");
    two.land_status = "need_land".to_owned();
    let two = system.create(two).await.unwrap();
    let ada = system.assignee().await;
    let assign = v1::BulkChangeRequest {
        ids: vec![two.id],
        assignee: Some(ada.clone()),
        caller: staff(),
        ..Default::default()
    };
    told(system.client.clone().bulk_change(assign).await).unwrap();
    let report = v1::RecordSyncRequest {
        submission_id: one.id,
        sync_state: "failed".to_owned(),
        ..Default::default()
    };
    told(system.client.clone().record_sync(report).await).unwrap();
    let some = |text: &str| Some(text.to_owned());
    let none = v1::SubmissionFilter::default;
    let between = one.created_at;
    let cases = [
        (
            v1::SubmissionFilter {
                financing_plan: some("finance_build"),
                ..none()
            },
            vec![one.id],
        ),
        (
            v1::SubmissionFilter {
                land_status: some("need_land"),
                ..none()
            },
            vec![two.id],
        ),
        (
            v1::SubmissionFilter {
                sync_state: some("failed"),
                ..none()
            },
            vec![one.id],
        ),
        (
            v1::SubmissionFilter {
                sync_state: some("pending"),
                ..none()
            },
            vec![two.id],
        ),
        (
            v1::SubmissionFilter {
                user_id: two.user_id,
                ..none()
            },
            vec![two.id],
        ),
        (
            v1::SubmissionFilter {
                project_id: one.project_id,
                ..none()
            },
            vec![one.id],
        ),
        (
            v1::SubmissionFilter {
                user_email: some(" ONE@Example.com"),
                ..none()
            },
            vec![one.id],
        ),
        (
            v1::SubmissionFilter {
                created_to: between,
                ..none()
            },
            vec![],
        ),
        (
            v1::SubmissionFilter {
                created_from: between,
                ..none()
            },
            vec![two.id, one.id],
        ),
        (
            v1::SubmissionFilter {
                created_from: between,
                created_to: two.created_at,
                ..none()
            },
            vec![one.id],
        ),
        (
            v1::SubmissionFilter {
                assignee: Some(ada.clone()),
                ..none()
            },
            vec![two.id],
        ),
        (
            v1::SubmissionFilter {
                assignee: some("none"),
                ..none()
            },
            vec![one.id],
        ),
        (
            v1::SubmissionFilter {
                assignee: some("none"),
                status: some("new"),
                ..none()
            },
            vec![one.id],
        ),
        (
            v1::SubmissionFilter {
                assignee: some("none"),
                user_id: two.user_id,
                ..none()
            },
            vec![],
        ),
        (
            v1::SubmissionFilter {
                assignee: some("nobody"),
                ..none()
            },
            vec![],
        ),
        (
            v1::SubmissionFilter {
                status: some("new"),
                land_status: some("need_land"),
                ..none()
            },
            vec![two.id],
        ),
        (
            v1::SubmissionFilter {
                status: some("new"),
                user_email: some("x\0"),
                ..none()
            },
            vec![],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(
            matching(&system, filter.clone()).await,
            expected,
            "{filter:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_lead_through_every_row_once_whatever_comes_in() {
    let system = System::start().await;
    sqlx::query(
        "INSERT INTO entity.submissions (full_name, email_address, email_key, phone_number, buyer_category, financing_plan,
             land_status, build_budget, construction_timeline, legacy, created_at, updated_at)
         SELECT 'N', n || '@example.com', n || '@example.com', '5551234567', 'homebuyer', 'x', 'own_land', '500k_plus',
             '3_to_6_months', true,
             CASE WHEN n % 7 = 0 THEN NULL WHEN n = 12 THEN 'infinity' WHEN n = 13 THEN '-infinity'
                  WHEN n = 15 THEN '270000-01-01' WHEN n = 16 THEN '0044-03-15 BC' ELSE now() - (n / 3) * interval '1 s' END,
             'infinity'
         FROM generate_series(1, 40) n",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    let expected: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM entity.submissions ORDER BY created_at DESC NULLS LAST, id DESC",
    )
    .fetch_all(&system.pool)
    .await
    .unwrap();
    for size in [1, 3, 7, 100] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let request = v1::ListSubmissionsRequest {
                page_size: size,
                after: after.clone(),
                ..Default::default()
            };
            let page = list(&system, request).await.unwrap();
            assert!(page.submissions.len() <= usize::try_from(size).unwrap());
            seen.extend(
                page.submissions
                    .into_iter()
                    .filter(|row| expected.contains(&row.id))
                    .map(|row| row.id),
            );
            if size == 3 {
                // whoever comes in now comes in before the place
                let _ = system
                    .create(application(&format!("new{}@example.com", seen.len())))
                    .await;
            }
            after = page.next;
            if after.is_empty() {
                break;
            }
        }
        assert_eq!(seen, expected, "pages of {size}");
    }
    // the same by number, and a numbered page leads on by place
    let numbered = |page| v1::ListSubmissionsRequest {
        filter: Some(v1::SubmissionFilter {
            financing_plan: Some("x".to_owned()),
            ..Default::default()
        }),
        page,
        page_size: 9,
        ..Default::default()
    };
    let mut seen = Vec::new();
    for number in 1..=5 {
        seen.extend(ids(&list(&system, numbered(number)).await.unwrap()));
    }
    assert_eq!(seen, expected);
    let second = list(&system, numbered(2)).await.unwrap();
    let on = v1::ListSubmissionsRequest {
        after: second.next.clone(),
        ..numbered(0)
    };
    assert_eq!(ids(&list(&system, on).await.unwrap()), expected[18..27]);
    // times that no calendar has are shown as none
    let strange = system.get(expected[0]).await.unwrap();
    assert_eq!((strange.created_at, strange.updated_at), (None, None));
    let ancient: i64 =
        sqlx::query_scalar("SELECT id FROM entity.submissions WHERE created_at < '0001-01-01' AND created_at > '-infinity'")
            .fetch_one(&system.pool)
            .await
            .unwrap();
    assert!(
        system
            .get(ancient)
            .await
            .unwrap()
            .created_at
            .unwrap()
            .seconds
            < -60_000_000_000
    );
    // such rows can be changed too
    system.update(expected[0], "reviewed", None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_good_for_its_own_list_only() {
    let system = System::start().await;
    for n in 0..3 {
        system
            .create(application(&format!("n{n}@example.com")))
            .await
            .unwrap();
    }
    let request = |status: &str, after: &str| v1::ListSubmissionsRequest {
        filter: Some(v1::SubmissionFilter {
            status: Some(status.to_owned()),
            ..Default::default()
        }),
        page_size: 1,
        after: after.to_owned(),
        ..Default::default()
    };
    let place = list(&system, request("new", "")).await.unwrap().next;
    assert_eq!(
        list(&system, request("new", &place))
            .await
            .unwrap()
            .submissions
            .len(),
        1
    );
    for (status, after) in [
        ("reviewed", place.as_str()),
        ("new", "nonsense"),
        ("new", "%00"),
    ] {
        let error = list(&system, request(status, after)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn person_and_project_come_along_when_asked_for() {
    let system = System::start_with(1, |_| {}).await;
    let made = system.create(application("ada@example.com")).await.unwrap();
    sqlx::query("UPDATE entity.users SET full_name = 'Ada Lovelace'")
        .execute(&system.pool)
        .await
        .unwrap();
    let get = |with_user, with_project| v1::GetSubmissionRequest {
        id: made.id,
        with_user,
        with_project,
        ..Default::default()
    };
    let mut client = system.client.clone();
    let bare = told(client.get_submission(get(false, false)).await).unwrap();
    assert_eq!((&bare.user, &bare.project), (&None, &None));
    let full = told(client.get_submission(get(true, true)).await).unwrap();
    let (user, project) = (full.user.clone().unwrap(), full.project.clone().unwrap());
    assert_eq!(
        (Some(user.id), user.full_name.as_str()),
        (made.user_id, "Ada Lovelace")
    );
    assert_eq!(
        (Some(project.id), project.user_id),
        (made.project_id, made.user_id)
    );
    assert_eq!(project.status.as_deref(), Some("planning"));
    let listed = v1::ListSubmissionsRequest {
        page: 1,
        page_size: 10,
        with_user: true,
        with_project: true,
        ..Default::default()
    };
    assert_eq!(list(&system, listed).await.unwrap().submissions, [full]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bin_holds_what_was_deleted() {
    let system = System::start().await;
    let kept = system
        .create(application("kept@example.com"))
        .await
        .unwrap();
    let gone = system
        .create(application("gone@example.com"))
        .await
        .unwrap();
    system.delete(gone.id).await.unwrap();
    let bin = v1::ListSubmissionsRequest {
        page: 1,
        page_size: 10,
        deleted: true,
        ..Default::default()
    };
    let page = list(&system, bin).await.unwrap();
    assert_eq!((page.total_count, ids(&page)), (1, vec![gone.id]));
    assert!(page.submissions[0].deleted_at.is_some());
    let get = |id| v1::GetSubmissionRequest {
        id,
        include_deleted: true,
        ..Default::default()
    };
    let mut client = system.client.clone();
    let shown = told(client.get_submission(get(gone.id)).await).unwrap();
    assert!(from_wire(&shown.deleted_at.unwrap()) >= from_wire(&gone.created_at.unwrap()));
    assert_eq!(
        told(client.get_submission(get(kept.id)).await).unwrap(),
        kept
    );
}
