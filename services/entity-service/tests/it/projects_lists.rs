//! Lists of projects.

use crate::{projects_desk::Desk, system::PATIENCE};
use entity_service::projects::search_index;
use keylight_contracts::v1;
use keylight_domain::error::ErrorCode;
use keylight_testkit::wait::wait_until;
use std::collections::HashSet;

fn searching(term: &str) -> v1::ProjectFilter {
    v1::ProjectFilter {
        search: Some(term.to_owned()),
        ..Default::default()
    }
}

async fn settled(desk: &Desk) {
    wait_until("every project is in the search table", PATIENCE, || async {
        search_index::take_in(&desk.system.pool, 64).await.unwrap();
        match desk.system.count("project_search_pending").await {
            0 => Ok(()),
            rows => Err(format!("{rows} rows wait")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_filters() {
    let desk = Desk::with_connections(1).await;
    let (ada, bob) = (
        desk.person("ada@example.com").await,
        desk.person("bob@example.com").await,
    );
    let plain = desk.project(ada, "A plain one").await.id;
    let rich = desk.project(bob, "B rich one").await.id;
    let fields = v1::ProjectFields {
        buyer_category: Some("developer".to_owned()),
        build_budget: Some("500k_plus".to_owned()),
        construction_timeline: Some("3_to_6_months".to_owned()),
        land_status: Some("own_land".to_owned()),
        financing_plan: Some("finance_build".to_owned()),
        ..Default::default()
    };
    desk.update(rich, fields, None).await.unwrap();
    desk.change(rich, "activate").await.unwrap();
    desk.add(rich, ada, "contact").await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    let none = v1::ProjectFilter::default;
    for filter in [
        v1::ProjectFilter {
            status: some("active"),
            ..none()
        },
        v1::ProjectFilter {
            buyer_category: some("developer"),
            ..none()
        },
        v1::ProjectFilter {
            build_budget: some("500k_plus"),
            ..none()
        },
        v1::ProjectFilter {
            construction_timeline: some("3_to_6_months"),
            ..none()
        },
        v1::ProjectFilter {
            land_status: some("own_land"),
            ..none()
        },
        v1::ProjectFilter {
            financing_plan: some("finance_build"),
            ..none()
        },
        v1::ProjectFilter {
            user_id: Some(bob),
            ..none()
        },
        searching("RICH"),
    ] {
        assert_eq!(desk.matching(filter.clone()).await, [rich], "{filter:?}");
    }
    assert_eq!(desk.matching(none()).await, [plain, rich]);
    assert_eq!(
        desk.matching(v1::ProjectFilter {
            user_id: Some(ada),
            ..none()
        })
        .await,
        [plain, rich],
        "in any role"
    );
    for nothing in [
        v1::ProjectFilter {
            status: some("bogus"),
            ..none()
        },
        v1::ProjectFilter {
            land_status: some("a\0"),
            ..none()
        },
        searching("a\0"),
        v1::ProjectFilter {
            user_id: Some(4242),
            ..none()
        },
    ] {
        assert_eq!(desk.matching(nothing).await, Vec::<i64>::new());
    }
    desk.sql("UPDATE entity.projects SET created_at = '2020-05-05 10:00Z' WHERE name LIKE 'A%'")
        .await;
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let at = 1_588_672_800;
    let between = |from, to| v1::ProjectFilter {
        created_from: from,
        created_to: to,
        ..none()
    };
    assert_eq!(
        desk.matching(between(time(at), time(at + 1))).await,
        [plain]
    );
    assert_eq!(
        desk.matching(between(None, time(at))).await,
        Vec::<i64>::new(),
        "the end is outside"
    );
    assert_eq!(desk.matching(between(time(at + 1), None)).await, [rich]);

    // archived ones are out of the way unless asked for
    desk.change(plain, "cancel").await.unwrap();
    desk.change(plain, "archive").await.unwrap();
    let archived = |wanted| v1::ProjectFilter {
        archived: wanted,
        ..none()
    };
    assert_eq!(desk.matching(archived(None)).await, [rich]);
    assert_eq!(desk.matching(archived(Some(false))).await, [rich]);
    assert_eq!(desk.matching(archived(Some(true))).await, [plain]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_is_walked_once_from_end_to_end_both_ways() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    for n in 0..23 {
        desk.project(owner, &format!("House {}", n % 5)).await;
    }
    // what the predecessor left behind: no time, no such time, no status
    desk.sql(
        "UPDATE entity.projects SET legacy = true WHERE id % 4 = 0;
         UPDATE entity.projects SET created_at = NULL, updated_at = 'infinity' WHERE id % 8 = 0;
         UPDATE entity.projects SET created_at = '-infinity', updated_at = NULL WHERE id % 8 = 4;
         UPDATE entity.projects SET created_at = '0044-03-15 12:00 BC' WHERE id % 5 = 1;
         UPDATE entity.projects SET created_at = 'infinity' WHERE id % 7 = 1;
         ALTER TABLE entity.projects DISABLE TRIGGER status_machine;
         UPDATE entity.projects SET status = NULL WHERE id % 8 = 0;",
    )
    .await;
    for key in ["created_at", "updated_at", "name", "status"] {
        let up = walk(&desk, key).await;
        let down = walk(&desk, &format!("-{key}")).await;
        assert_eq!(up.len(), 23, "{key}");
        assert_eq!(up.iter().collect::<HashSet<_>>().len(), 23, "{key}: {up:?}");
        assert_eq!(up, down.iter().rev().copied().collect::<Vec<_>>(), "{key}");
        let mut by_offset = Vec::new();
        for number in 1..=5 {
            let page = v1::Page {
                number,
                size: 5,
                after: String::new(),
            };
            let page = desk
                .list(v1::ProjectFilter::default(), key, page)
                .await
                .unwrap();
            assert_eq!(page.total_count, 23);
            by_offset.extend(page.projects.iter().map(|project| project.id));
        }
        assert_eq!(by_offset, up, "{key}");
    }
}

/// Ids in this order, page by page.
async fn walk(desk: &Desk, sort: &str) -> Vec<i64> {
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = v1::Page {
            number: 0,
            size: 4,
            after,
        };
        let page = desk
            .list(v1::ProjectFilter::default(), sort, page)
            .await
            .unwrap();
        assert!(page.projects.len() <= 4);
        seen.extend(page.projects.iter().map(|project| project.id));
        after = page.next;
        if after.is_empty() {
            return seen;
        }
        assert!(seen.len() < 100, "it never ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_good_for_its_own_list_only() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    for n in 0..3 {
        desk.project(owner, &format!("House {n}")).await;
    }
    let page = |after: &str| v1::Page {
        number: 0,
        size: 1,
        after: after.to_owned(),
    };
    let first = desk
        .list(v1::ProjectFilter::default(), "name", page(""))
        .await
        .unwrap();
    assert!(!first.next.is_empty());
    for (filter, sort, after) in [
        (v1::ProjectFilter::default(), "-name", first.next.as_str()),
        (searching("House"), "name", first.next.as_str()),
        (v1::ProjectFilter::default(), "name", "nonsense"),
    ] {
        let refused = desk.list(filter, sort, page(after)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidInput);
    }
    let refused = desk
        .list(v1::ProjectFilter::default(), "id", page(""))
        .await
        .unwrap_err();
    assert!(
        refused
            .message
            .contains("created_at, updated_at, name, status"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_found_at_once_and_after_it_was_taken_in() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    let id = desk.project(owner, "Villa 50%_a").await.id;
    let other = desk.project(owner, "Hut").await.id;
    let describe = v1::ProjectFields {
        description: Some("With a Turret".to_owned()),
        ..Default::default()
    };
    desk.update(other, describe, None).await.unwrap();
    for round in 0..2 {
        assert_eq!(
            desk.matching(searching("villa")).await,
            [id],
            "round {round}"
        );
        assert_eq!(desk.matching(searching(" 50%_A ")).await, [id]);
        assert_eq!(desk.matching(searching("0%a")).await, Vec::<i64>::new());
        assert_eq!(desk.matching(searching("turret")).await, [other]);
        assert_eq!(desk.matching(searching("ut")).await, [other], "two letters");
        settled(&desk).await;
    }
    // a text that is changed, and a row of the predecessor with a low id
    desk.update(
        id,
        v1::ProjectFields {
            name: Some("Castle".to_owned()),
            ..Default::default()
        },
        None,
    )
    .await
    .unwrap();
    desk.sql("INSERT INTO entity.projects (id, name, legacy) VALUES (-5, 'Old mill', true)")
        .await;
    assert_eq!(desk.matching(searching("mill")).await, [-5]);
    settled(&desk).await;
    assert_eq!(desk.matching(searching("villa")).await, Vec::<i64>::new());
    assert_eq!(desk.matching(searching("castle")).await, [id]);
    assert_eq!(desk.matching(searching("mill")).await, [-5]);
    // and it is the search table that answers by now
    desk.sql("UPDATE entity.project_search SET text = 'nothing'")
        .await;
    assert_eq!(desk.matching(searching("castle")).await, Vec::<i64>::new());
}

/// An id that was given out earlier may be committed later: it must not be passed by.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_not_passed_by() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    let mut late = desk.system.pool.begin().await.unwrap();
    let id: i64 =
        sqlx::query_scalar("INSERT INTO entity.projects (name) VALUES ('Latecomer') RETURNING id")
            .fetch_one(&mut *late)
            .await
            .unwrap();
    let later = desk.project(owner, "Early bird").await.id;
    assert!(later > id);
    settled(&desk).await;
    late.commit().await.unwrap();
    assert_eq!(desk.matching(searching("latecomer")).await, [id]);
    settled(&desk).await;
    assert_eq!(desk.matching(searching("latecomer")).await, [id]);
    assert_eq!(desk.matching(searching("bird")).await, [later]);
}
