//! Lists, searches and suggestions among 100,000 people: by their indexes.

use crate::{
    people_system::{ask, page},
    system::System,
};
use entity_service::people::{indexer, list::explain};
use keylight_contracts::v1;
use keylight_testkit::wait::wait_until;
use std::time::{Duration, Instant};

const PEOPLE: i64 = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_people_are_found_by_indexes() {
    let system = System::start().await;
    let began = Instant::now();
    system
        .run("INSERT INTO entity.users (full_name, email_address, email_key, phone_number, company_name, open_submissions, created_at, updated_at)
              SELECT initcap(translate(substr(md5('f' || n % 3000), 1, 6), '0123456789', 'aeioulnrst')) || ' '
                         || initcap(translate(substr(md5('l' || n % 49999), 1, 8), '0123456789', 'aeioulnrst')),
                     'p' || n || '@example' || n % 50 || '.com', 'p' || n || '@example' || n % 50 || '.com',
                     '555-' || lpad(((n - (n % 100 = 0)::int) % 997)::text, 3, '0')
                         || '-' || lpad(((n - (n % 100 = 0)::int) * 7919 % 10007)::text, 5, '0'),
                     CASE WHEN n % 5 = 0 THEN 'Company ' || n % 500 END, 0,
                     '2020-01-01'::timestamptz + n * interval '1 minute', '2020-01-01'::timestamptz + n * interval '1 minute'
              FROM generate_series(1, 100000) n")
        .await;
    println!("inserted in {:?}", began.elapsed());
    let began = Instant::now();
    let patience = Duration::from_secs(300);
    wait_until("everybody is indexed", patience, || async {
        // as fast as it goes: the task of the service rests in between
        while indexer::index_pending(&system.pool, 64).await.unwrap().lots > 0 {}
        match system.count("people_pending").await {
            0 => Ok(()),
            waiting => Err(format!("{waiting} wait")),
        }
    })
    .await;
    println!("indexed in {:?}", began.elapsed());
    system.run("ANALYZE entity.users").await;
    system.run("ANALYZE entity.people_search").await;
    system.run("ANALYZE entity.duplicate_keys").await;
    system.run("ANALYZE entity.duplicate_pairs").await;
    assert_eq!(system.count("people_search").await, PEOPLE);

    for (sort, search, index) in [
        ("-created_at", "", "users_by_created"),
        ("updated_at", "", "users_by_updated"),
        ("full_name", "", "users_by_name"),
        ("-email_address", "", "users_by_email"),
        ("-created_at", "p4711@", "people_search_trigrams"),
        // so many people share each piece of a number that the narrow table may be read as a whole
        ("full_name", "555-042-0", "people_search"),
    ] {
        let filter = v1::PersonFilter {
            search: Some(search.to_owned()).filter(|text| !text.is_empty()),
            ..Default::default()
        };
        let request = v1::ListPeopleRequest {
            filter: Some(filter.clone()),
            sort: sort.to_owned(),
            page: Some(page(1, 20)),
        };
        let plan = explain(&mut system.pool.acquire().await.unwrap(), &request)
            .await
            .unwrap();
        assert!(plan.contains(index), "{sort} {search}: {plan}");
        assert!(
            !plan.contains("Seq Scan on users"),
            "{sort} {search}: {plan}"
        );
        let began = Instant::now();
        let first = system
            .list_people(sort, filter.clone(), page(1, 20))
            .await
            .unwrap();
        let (one, began) = (began.elapsed(), Instant::now());
        assert!(!first.people.is_empty());
        system
            .list_people(sort, filter, page(first.total_count / 20, 20))
            .await
            .unwrap();
        println!(
            "list by {sort} {search:?}: first page {one:?}, last {:?}",
            began.elapsed()
        );
    }

    let began = Instant::now();
    let all = ask!(
        system,
        suggest_duplicates,
        v1::SuggestDuplicatesRequest {
            person_id: 0,
            limit: 100
        }
    )
    .unwrap();
    println!(
        "{} pairs of everybody in {:?}",
        all.duplicates.len(),
        began.elapsed()
    );
    assert_eq!(all.duplicates.len(), 100);
    let began = Instant::now();
    let one = ask!(
        system,
        suggest_duplicates,
        v1::SuggestDuplicatesRequest {
            person_id: 4800,
            limit: 20
        }
    )
    .unwrap();
    println!(
        "{} pairs of one person in {:?}",
        one.duplicates.len(),
        began.elapsed()
    );
    assert!(!one.duplicates.is_empty());
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT d.first_id, d.second_id FROM entity.duplicate_pairs d
         JOIN entity.users a ON a.id = d.first_id JOIN entity.users b ON b.id = d.second_id
         WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL ORDER BY d.score DESC, d.first_id, d.second_id LIMIT 100",
    )
    .fetch_all(&system.pool)
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(
        plan.contains("duplicate_pairs_best") && !plan.contains("Seq Scan"),
        "{plan}"
    );
}
