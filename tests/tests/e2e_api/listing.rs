//! `/api/users` as a list.

use crate::system::System;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_filtered_sorted_and_paged() {
    let system = System::start().await;
    for (name, email) in [
        ("Carl", "carl@example.com"),
        ("Ada", "ada@example.com"),
        ("Bea", "bea@example.com"),
    ] {
        system.user(name, email).await;
    }
    let list = async |query: &str| system.get(&format!("/api/users?{query}")).await;
    assert_eq!(list("sort=full_name").await.expect(200).ids(), [2, 3, 1]);
    assert_eq!(list("sort=-full_name&pageSize=2").await.ids(), [1, 3]);
    assert_eq!(list("search=BEA").await.ids(), [3]);
    assert_eq!(list("email=Ada@Example.com").await.ids(), [2]);
    assert_eq!(list("hasCompany=true").await.ids(), [0; 0]);
    assert_eq!(
        list("createdFrom=2000-01-01&createdTo=2000-02-01")
            .await
            .ids(),
        [0; 0]
    );
    let page = list("sort=full_name&pageSize=2&page=2").await;
    assert_eq!(page.ids(), [1]);
    assert_eq!(
        (
            &page.json["pagination"]["totalCount"],
            &page.json["pagination"]["hasPrev"]
        ),
        (&json!(3), &json!(true))
    );
    let mut seen = Vec::new();
    let mut after = String::new();
    for _ in 0..5 {
        let page = list(&format!("sort=full_name&pageSize=2&after={after}"))
            .await
            .expect(200);
        seen.extend(page.ids());
        match page.json["pagination"]["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    assert_eq!(seen, [2, 3, 1]);
    for (query, name) in [
        ("sort=odd", "sort"),
        ("page=0", "page"),
        ("pageSize=101", "pageSize"),
        ("hasCompany=1", "hasCompany"),
        ("createdTo=x", "createdTo"),
    ] {
        let refused = list(query).await.expect(400);
        assert!(
            refused.json["details"][0]
                .as_str()
                .unwrap()
                .starts_with(name),
            "{}",
            refused.json
        );
    }
    list("after=odd").await.expect(400);
}
