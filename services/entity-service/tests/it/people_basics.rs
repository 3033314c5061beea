//! Making, reading, changing and listing people.

use crate::{
    people_system::{after, ask, caller, code, keyed, newcomer, page},
    system::{System, application},
};
use futures::future::join_all;
use keylight_contracts::v1;
use keylight_domain::error::ErrorCode;
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_made_once_read_and_changed() {
    let system = System::start().await;
    let request = v1::CreatePersonRequest {
        phone_number: Some(" 555-123-4567 ".to_owned()),
        company_name: Some("  ".to_owned()),
        ..newcomer("  Ada Probe ", " Ada@Example.com ")
    };
    let ada = ask!(system, create_person, request).unwrap();
    assert_eq!(
        (ada.full_name.as_str(), ada.email_address.as_str()),
        ("Ada Probe", "ada@example.com")
    );
    assert_eq!(
        (ada.phone_number.as_deref(), ada.company_name.as_deref()),
        (Some("555-123-4567"), None)
    );
    assert_eq!(
        (ada.version, ada.submission_count, ada.project_count),
        (1, 0, 0)
    );
    assert_eq!(system.look(ada.id).await.unwrap().person.unwrap(), ada);

    let again = ask!(system, create_person, newcomer("Other", "ADA@example.com"));
    let error = again.unwrap_err();
    assert_eq!(error.code, ErrorCode::AlreadyExists);
    assert!(
        error.message.contains(&format!("person {}", ada.id)),
        "{error}"
    );
    assert!(!error.message.contains('@'), "{error}");

    let wrong = ask!(system, create_person, newcomer("", "nobody")).unwrap_err();
    assert_eq!(wrong.code, ErrorCode::InvalidInput);
    assert_eq!(
        wrong.details,
        [
            "full_name is required",
            "email_address must be a valid email"
        ]
    );

    let update = |change: v1::UpdatePersonRequest| {
        let request = v1::UpdatePersonRequest {
            id: ada.id,
            caller: caller(),
            ..change
        };
        let system = &system;
        async move { ask!(*system, update_person, request) }
    };
    let changed = update(v1::UpdatePersonRequest {
        full_name: Some("Ada King".to_owned()),
        phone_number: Some(String::new()),
        expected_version: Some(1),
        ..Default::default()
    })
    .await
    .unwrap();
    assert_eq!(
        (
            changed.full_name.as_str(),
            changed.phone_number.as_deref(),
            changed.version
        ),
        ("Ada King", None, 2)
    );
    let stale = update(v1::UpdatePersonRequest {
        expected_version: Some(1),
        ..Default::default()
    })
    .await;
    assert_eq!(code(stale), ErrorCode::Conflict);
    // nothing differs, so nothing is written
    let same = update(v1::UpdatePersonRequest {
        full_name: Some(" Ada King".to_owned()),
        email_address: Some("ADA@example.com".to_owned()),
        ..Default::default()
    })
    .await
    .unwrap();
    assert_eq!(same, changed);
    assert_eq!(system.actions("user", ada.id).await, ["created", "updated"]);
    let (before, after): (serde_json::Value, serde_json::Value) =
        sqlx::query_as("SELECT before, after FROM entity.audit_log WHERE action = 'updated'")
            .fetch_one(&system.pool)
            .await
            .unwrap();
    assert_eq!(
        before,
        serde_json::json!({"full_name": "Ada Probe", "phone_number": "555-123-4567"})
    );
    assert_eq!(
        after,
        serde_json::json!({"full_name": "Ada King", "phone_number": null})
    );
    assert_eq!(code(system.look(999).await), ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_who_write_down_the_same_address_one_succeeds() {
    let system = System::start().await;
    let answers = join_all((0..16).map(|n| {
        let system = &system;
        async move {
            ask!(
                *system,
                create_person,
                newcomer(&format!("Person {n}"), "a@example.com")
            )
        }
    }))
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 15));
    assert!(
        refused
            .into_iter()
            .all(|answer| code(answer) == ErrorCode::AlreadyExists)
    );
    assert_eq!(system.count("users").await, 1);

    // the same request sixteen times is one request
    let answers = join_all((0..16).map(|_| {
        let request = v1::CreatePersonRequest {
            caller: keyed("k-1"),
            ..newcomer("Bo", "b@example.com")
        };
        let system = &system;
        async move { ask!(*system, create_person, request).unwrap() }
    }))
    .await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(system.count("users").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_takes_its_open_submissions_and_leaves_the_old_one_free() {
    let system = System::start().await;
    let ada = system
        .applicant("Ada Probe", "ada@example.com")
        .await
        .user_id
        .unwrap();
    // somebody of the predecessor who has the same address and does not answer for it
    system
        .run("INSERT INTO entity.users (id, full_name, email_address, email_key, holds_email, legacy)
              VALUES (5000, 'Twin', 'Ada@example.com', 'ada@example.com', false, true)")
        .await;
    let update = |id: i64, email: &str| {
        let request = v1::UpdatePersonRequest {
            id,
            email_address: Some(email.to_owned()),
            caller: caller(),
            ..Default::default()
        };
        let system = &system;
        async move { ask!(*system, update_person, request) }
    };
    update(ada, "ada@new.example.com").await.unwrap();
    // the twin answers for the old address, with the submission that is open there
    let holder: (i64, i32) = sqlx::query_as("SELECT id, open_submissions FROM entity.users WHERE email_key = 'ada@example.com' AND holds_email")
        .fetch_one(&system.pool)
        .await
        .unwrap();
    assert_eq!(holder, (5000, 1));
    assert!(system.create(application("ada@example.com")).await.is_err());
    system
        .create(application("ada@new.example.com"))
        .await
        .unwrap();
    system.assert_counts_are_right().await;

    let bo = system.person("Bo", "bo@example.com").await;
    assert_eq!(
        code(update(bo.id, "ADA@new.example.com").await),
        ErrorCode::AlreadyExists
    );
    assert_eq!(
        code(update(bo.id, "nonsense").await),
        ErrorCode::InvalidInput
    );
    // two who want the same free address at once
    let (one, other) = tokio::join!(
        update(bo.id, "free@example.com"),
        update(ada, "free@example.com")
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    system.assert_counts_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_paged_both_ways() {
    let system = System::start().await;
    // rows of the predecessor may have any time or none
    system
        .run("INSERT INTO entity.users (full_name, email_address, email_key, phone_number, company_name, created_at, updated_at)
              SELECT (ARRAY['ada', 'Bo', 'Émile', 'ada'])[n % 4 + 1] || ' ' || n / 4, 'p' || n || '@example.com', 'p' || n || '@example.com',
                  '555-000-' || lpad(n::text, 4, '0'), CASE WHEN n % 3 = 0 THEN 'Company ' || n END,
                  CASE n % 10 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '0044-03-15 BC'::timestamptz
                      ELSE '2026-01-01'::timestamptz + n / 7 * interval '1 day' END, NULL
              FROM generate_series(0, 59) n")
        .await;
    for sort in [
        "",
        "created_at",
        "-created_at",
        "updated_at",
        "-updated_at",
        "full_name",
        "-full_name",
        "email_address",
        "-email_address",
    ] {
        let mut by_place = Vec::new();
        let mut next = String::new();
        loop {
            let found = system
                .list_people(sort, v1::PersonFilter::default(), after(&next, 7))
                .await
                .unwrap();
            assert_eq!(found.total_count, 60);
            by_place.extend(found.people.into_iter().map(|person| person.id));
            next = found.next;
            if next.is_empty() {
                break;
            }
        }
        let mut by_number = Vec::new();
        for number in 1..=9 {
            let found = system
                .list_people(sort, v1::PersonFilter::default(), page(number, 7))
                .await
                .unwrap();
            by_number.extend(found.people.into_iter().map(|person| person.id));
        }
        assert_eq!(by_place, by_number, "{sort}");
        assert_eq!(by_place.iter().collect::<HashSet<_>>().len(), 60, "{sort}");
        let turned = if let Some(way) = sort.strip_prefix('-') {
            way.to_owned()
        } else {
            format!("-{sort}")
        };
        if !sort.is_empty() {
            let mut back: Vec<_> = system
                .list_people(&turned, v1::PersonFilter::default(), page(1, 100))
                .await
                .unwrap()
                .people;
            back.reverse();
            assert_eq!(
                back.iter().map(|person| person.id).collect::<Vec<_>>(),
                by_place,
                "{turned}"
            );
        }
    }
    // a place belongs to its order and its filter
    let first = system
        .list_people("full_name", v1::PersonFilter::default(), page(1, 5))
        .await
        .unwrap();
    for (sort, filter) in [
        ("-full_name", v1::PersonFilter::default()),
        (
            "full_name",
            v1::PersonFilter {
                has_company: Some(true),
                ..Default::default()
            },
        ),
    ] {
        assert_eq!(
            code(
                system
                    .list_people(sort, filter, after(&first.next, 5))
                    .await
            ),
            ErrorCode::InvalidInput
        );
    }
    assert_eq!(
        code(
            system
                .list_people("full_name", v1::PersonFilter::default(), after("00ff", 5))
                .await
        ),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(
            system
                .list_people("id", v1::PersonFilter::default(), page(1, 5))
                .await
        ),
        ErrorCode::InvalidInput
    );

    let total = |filter: v1::PersonFilter| {
        let system = &system;
        async move {
            system
                .list_people("", filter, page(1, 1))
                .await
                .unwrap()
                .total_count
        }
    };
    assert_eq!(
        total(v1::PersonFilter {
            has_company: Some(true),
            ..Default::default()
        })
        .await,
        20
    );
    assert_eq!(
        total(v1::PersonFilter {
            has_company: Some(false),
            ..Default::default()
        })
        .await,
        40
    );
    assert_eq!(
        total(v1::PersonFilter {
            email: Some(" P7@Example.com".to_owned()),
            ..Default::default()
        })
        .await,
        1
    );
    let day = |text: &str| {
        let time: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
        Some(keylight_contracts::time::to_wire(time))
    };
    let since = v1::PersonFilter {
        created_from: day("2026-01-01T00:00:00Z"),
        created_to: day("2026-01-02T00:00:00Z"),
        ..Default::default()
    };
    assert_eq!(total(since).await, 3, "4, 5 and 6");
    let before = v1::PersonFilter {
        created_to: day("2000-01-01T00:00:00Z"),
        ..Default::default()
    };
    assert_eq!(
        total(before).await,
        12,
        "those of the year 44 BC and before all time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_parts_of_every_field_at_once_and_after_indexing() {
    let system = System::start().await;
    for (name, email, phone, company) in [
        (
            "Ada Probe",
            "ada@example.com",
            "(555) 123-4567",
            Some("Probe & Söhne"),
        ),
        ("Bo 100%_sure", "bo@elsewhere.org", "555.987.6543", None),
        ("ÉMILE Zola", "z@example.com", "555-000-0000", None),
    ] {
        let request = v1::CreatePersonRequest {
            phone_number: Some(phone.to_owned()),
            company_name: company.map(str::to_owned),
            ..newcomer(name, email)
        };
        ask!(system, create_person, request).unwrap();
    }
    for indexed in [false, true] {
        if indexed {
            system.indexed().await;
        }
        assert_eq!(system.found("PROBE").await, ["Ada Probe"], "{indexed}");
        assert_eq!(system.found("söhNE").await, ["Ada Probe"]);
        assert_eq!(system.found("émile").await, ["ÉMILE Zola"]);
        assert_eq!(system.found("@example").await, ["Ada Probe", "ÉMILE Zola"]);
        assert_eq!(system.found("%_").await, ["Bo 100%_sure"]);
        assert_eq!(system.found("5551234567").await, ["Ada Probe"]);
        assert_eq!(system.found("555-123").await, ["Ada Probe"]);
        assert_eq!(system.found("nobody").await, Vec::<String>::new());
        assert_eq!(system.found(" ").await.len(), 3);
    }
    // a name that changed is found by the new one at once, and no more by the old one
    let ada = system
        .list_people("full_name", v1::PersonFilter::default(), page(1, 1))
        .await
        .unwrap()
        .people
        .remove(0);
    let request = v1::UpdatePersonRequest {
        id: ada.id,
        full_name: Some("Augusta King".to_owned()),
        caller: caller(),
        ..Default::default()
    };
    ask!(system, update_person, request).unwrap();
    assert_eq!(system.found("augusta").await, ["Augusta King"]);
    assert_eq!(system.found("ada probe").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_shown_with_what_belongs_to_them() {
    let system = System::start_with(1, |_| {}).await;
    let submission = system.applicant("Ada Probe", "ada@example.com").await;
    let ada = submission.user_id.unwrap();
    let other = system.applicant("Bo Other", "bo@example.com").await;
    sqlx::query("INSERT INTO entity.project_people (project_id, user_id, role, added_at) VALUES ($1, $2, 'co_buyer', now()), ($1, $2, 'contact', now()), ($3, $2, 'contact', now())")
        .bind(other.project_id)
        .bind(ada)
        .bind(submission.project_id)
        .execute(&system.pool)
        .await
        .unwrap();
    let view = system.look(ada).await.unwrap();
    let person = view.person.unwrap();
    assert_eq!((person.submission_count, person.project_count), (1, 2));
    assert_eq!(
        view.submissions
            .iter()
            .map(|one| one.id)
            .collect::<Vec<_>>(),
        [submission.id]
    );
    let projects: Vec<_> = view
        .projects
        .into_iter()
        .map(|one| (one.project.unwrap().id, one.roles))
        .collect();
    let roles = |roles: &[&str]| {
        roles
            .iter()
            .map(|role| (*role).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        projects,
        [
            (other.project_id.unwrap(), roles(&["co_buyer", "contact"])),
            (submission.project_id.unwrap(), roles(&["owner", "contact"])),
        ]
    );
    let listed = system
        .list_people("full_name", v1::PersonFilter::default(), page(1, 10))
        .await
        .unwrap();
    assert_eq!(listed.people[0], person);
    system.delete(submission.id).await.unwrap();
    let view = system.look(ada).await.unwrap();
    assert_eq!(
        (
            view.person.unwrap().submission_count,
            view.submissions.len()
        ),
        (0, 0)
    );
}
