//! Plans at 100,000 projects: what staff do all day must not read whole tables.

use crate::{projects_desk::Desk, system::PATIENCE};
use entity_service::projects::search_index;
use keylight_contracts::v1;
use keylight_testkit::wait::wait_until;
use std::time::{Duration, Instant};

async fn plan(desk: &Desk, statement: &'static str) -> String {
    let lines: Vec<String> = sqlx::query_scalar(statement)
        .fetch_all(&desk.system.pool)
        .await
        .unwrap();
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_hundred_thousand_rows_indexes_are_used() {
    let desk = Desk::start().await;
    desk.sql(
        "INSERT INTO entity.users (full_name, email_address, email_key, created_at, updated_at)
         SELECT 'Person ' || n, 'p' || n || '@example.com', 'p' || n || '@example.com', now(), now()
         FROM generate_series(1, 1000) n;
         INSERT INTO entity.projects (name, description, user_id, created_at, updated_at)
         SELECT 'Home for person ' || md5(n::text), repeat('Three bedrooms and a porch ', 8) || md5((n + 1)::text),
                1 + n % 1000, now() - make_interval(secs => n), now()
         FROM generate_series(1, 100000) n;",
    )
    .await;
    wait_until("all are taken in", PATIENCE, || async {
        while search_index::take_in(&desk.system.pool, 64)
            .await
            .unwrap()
            .lots
            > 0
        {}
        match desk.system.count("project_search").await {
            100_000 => Ok(()),
            rows => Err(format!("{rows} rows")),
        }
    })
    .await;
    desk.sql("VACUUM ANALYZE entity.projects").await;
    desk.sql("VACUUM ANALYZE entity.project_search").await;

    let newest = plan(
        &desk,
        "EXPLAIN SELECT p.id FROM entity.projects p WHERE p.archived_at IS NULL AND p.deleted_at IS NULL
             AND (coalesce(p.created_at, '-infinity'), p.id) < (now(), 500)
         ORDER BY coalesce(p.created_at, '-infinity') DESC, p.id DESC LIMIT 21",
    )
    .await;
    assert!(
        newest.contains("projects_by_created") && !newest.contains("Sort"),
        "{newest}"
    );
    let of_person = plan(
        &desk,
        "EXPLAIN SELECT p.id FROM entity.projects p WHERE p.archived_at IS NULL AND p.deleted_at IS NULL
             AND p.id IN (SELECT m.project_id FROM entity.project_members m WHERE m.user_id = 7)",
    )
    .await;
    assert!(
        of_person.contains("projects_owner_id") && !of_person.contains("Seq Scan on projects"),
        "{of_person}"
    );
    let found = plan(
        &desk,
        "EXPLAIN SELECT p.id FROM entity.projects p WHERE p.archived_at IS NULL AND p.deleted_at IS NULL
             AND p.id IN (SELECT x.project_id FROM entity.project_search x WHERE x.text ILIKE '%c4ca4238a0%'
                 UNION ALL SELECT unnest(n.ids) FROM entity.project_search_pending n)
             AND (p.name ILIKE '%c4ca4238a0%' OR p.description ILIKE '%c4ca4238a0%')",
    )
    .await;
    assert!(
        found.contains("project_search_trigrams") && !found.contains("Seq Scan on projects"),
        "{found}"
    );

    // and through the service, with room for a busy machine
    let page = || v1::Page {
        number: 0,
        size: 20,
        after: String::new(),
    };
    let search = v1::ProjectFilter {
        search: Some("C4CA4238A0".to_owned()),
        ..Default::default()
    };
    for (filter, expected) in [
        (v1::ProjectFilter::default(), 100_000),
        (search, 1),
        (
            v1::ProjectFilter {
                user_id: Some(7),
                ..Default::default()
            },
            100,
        ),
    ] {
        let begun = Instant::now();
        let found = desk.list(filter.clone(), "", page()).await.unwrap();
        let took = begun.elapsed();
        assert_eq!(found.total_count, expected, "{filter:?}");
        assert!(
            took < Duration::from_millis(1500),
            "{filter:?} took {took:?}"
        );
        println!("{filter:?}: {took:?}");
    }
}
