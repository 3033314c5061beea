//! What came to submissions after the predecessor: versions, filters, embedding, bulk changes, return from the bin.

use crate::system::System;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_guard_changes() {
    let system = System::start().await;
    system.applied("ada@example.com").await;
    let first = system.get("/api/submissions/1").await.expect(200);
    let tag = first.header("etag").to_owned();
    let known = system
        .with(
            "GET",
            "/api/submissions/1",
            &[("if-none-match", &tag)],
            None,
        )
        .await
        .expect(304);
    assert_eq!(
        (known.header("etag"), &known.json),
        (tag.as_str(), &json!(null))
    );

    let status = "/api/submissions/1/status";
    let reviewed = json!({"status": "reviewed"});
    let changed = system
        .with("PUT", status, &[("if-match", &tag)], Some(&reviewed))
        .await
        .expect(200);
    assert_ne!(changed.header("etag"), tag);
    let stale = system
        .with(
            "PUT",
            status,
            &[("if-match", &tag)],
            Some(&json!({"status": "qualified"})),
        )
        .await
        .expect(412);
    assert_eq!(stale.told().0, "precondition_failed");
    assert_eq!(stale.json["current"]["status"], "reviewed");
    let version = changed.data()["version"].as_i64().unwrap();
    let by_body = system
        .put(
            status,
            json!({"status": "qualified", "version": version - 1}),
        )
        .await
        .expect(409);
    assert_eq!(
        (by_body.told().0, &by_body.json["current"]["version"]),
        ("conflict", &json!(version))
    );
    system
        .put(status, json!({"status": "qualified", "version": version}))
        .await
        .expect(200);

    system
        .with("DELETE", "/api/submissions/1", &[("if-match", &tag)], None)
        .await
        .expect(412);
    system
        .with(
            "GET",
            "/api/submissions/1",
            &[("if-none-match", &tag)],
            None,
        )
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_embedding_and_pages() {
    let system = System::start().await;
    for name in ["a", "b", "c"] {
        system.applied(&format!("{name}@example.com")).await;
    }
    let list = async |query: &str| system.get(&format!("/api/submissions?{query}")).await;
    assert_eq!(list("userEmail=B@Example.com").await.expect(200).ids(), [2]);
    let of_three = system
        .get("/api/submissions/3")
        .await
        .expect(200)
        .data()
        .clone();
    let (user, project) = (&of_three["user_id"], &of_three["project_id"]);
    assert_eq!(list(&format!("userId={user}")).await.ids(), [3]);
    assert_eq!(list(&format!("projectId={project}")).await.ids(), [3]);
    assert_eq!(
        list("syncState=pending&financing_plan=self_funding&land_status=own_land")
            .await
            .ids(),
        [3, 2, 1]
    );
    assert_eq!(list("financing_plan=bogus").await.expect(200).ids(), [0; 0]);
    assert_eq!(list("assignee=none").await.ids(), [3, 2, 1]);
    assert_eq!(
        list("createdFrom=2000-01-01&createdTo=2000-01-02")
            .await
            .ids(),
        [0; 0]
    );
    assert_eq!(list("createdFrom=2000-01-01").await.ids(), [3, 2, 1]);
    for (query, name) in [
        ("userId=x", "userId"),
        ("projectId=-1", "projectId"),
        ("syncState=odd", "syncState"),
        ("assignee=ada", "assignee"),
        ("createdFrom=yesterday", "createdFrom"),
        ("createdTo=2026-13-01", "createdTo"),
        ("embed=everything", "embed"),
    ] {
        let refused = list(query).await.expect(400);
        let line = refused.json["details"][0].as_str().unwrap();
        assert!(line.starts_with(name), "{query}: {line}");
    }
    let embedded = list("embed=user,project&pageSize=1").await.expect(200);
    let row = &embedded.data()[0];
    assert_eq!((&row["user"]["id"], &row["project"]["id"]), (user, project));
    assert_eq!(row["user"]["email_address"], "c@example.com");

    assert_eq!(
        system
            .get(&format!("/api/submissions/user/{user}"))
            .await
            .expect(200)
            .ids(),
        [3]
    );
    assert_eq!(
        system
            .get(&format!("/api/submissions/project/{project}"))
            .await
            .expect(200)
            .ids(),
        [3]
    );

    // from place to place
    let mut seen = Vec::new();
    let mut after = String::new();
    for _ in 0..5 {
        let page = list(&format!("pageSize=2&after={after}")).await.expect(200);
        seen.extend(page.ids());
        match page.json["pagination"]["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    assert_eq!(seen, [3, 2, 1]);
    list("after=no-place").await.expect(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_with_a_preview() {
    let system = System::start().await;
    for name in ["a", "b", "c"] {
        system.applied(&format!("{name}@example.com")).await;
    }
    let bulk = async |body| system.post("/api/submissions/bulk", body).await;
    let preview = bulk(json!({"ids": [1, 2, 99], "status": "reviewed", "preview": true}))
        .await
        .expect(200);
    assert_eq!(
        (&preview.data()["changed"], &preview.data()["failed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        system.get("/api/submissions/1").await.data()["status"],
        "new"
    );
    let done =
        bulk(json!({"filter": {"status": "new"}, "status": "reviewed", "reason": "all of them"}))
            .await
            .expect(200);
    assert_eq!(done.data()["changed"], 3);
    assert_eq!(
        system.get("/api/submissions/3").await.data()["status"],
        "reviewed"
    );
    for wrong in [
        json!({"status": "reviewed"}),
        json!({"ids": [1]}),
        json!({"ids": [1], "filter": {"status": "new"}, "status": "reviewed"}),
        json!({"filter": {}, "status": "reviewed"}),
        json!({"filter": {"odd": 1}, "status": "reviewed"}),
        json!({"ids": [], "status": "reviewed"}),
        json!({"ids": ["1"], "status": "reviewed"}),
        json!({"ids": [1], "status": "odd"}),
        json!({"ids": [1], "status": "reviewed", "odd": 1}),
    ] {
        let refused = bulk(wrong.clone()).await.expect(400);
        assert!(refused.json["details"][0].is_string(), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_is_taken_back() {
    let system = System::start().await;
    system.applied("ada@example.com").await;
    system
        .delete("/api/submissions/1?reason=by%20mistake")
        .await
        .expect(200);
    system.get("/api/submissions/1").await.expect(404);
    assert_eq!(system.get("/api/submissions?deleted=true").await.ids(), [1]);
    let kept = system
        .get("/api/submissions/1?deleted=true")
        .await
        .expect(200);
    assert!(kept.data()["deleted_at"].is_string());
    system
        .post("/api/submissions/1/restore", json!({}))
        .await
        .expect(200);
    assert!(system.get("/api/submissions/1").await.expect(200).data()["deleted_at"].is_null());
    let audit = system.get("/api/submissions/1/audit").await.expect(200);
    let actions: Vec<_> = audit
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions.len(), 3, "{actions:?}");
    assert!(audit.data()[1]["why"] == "by mistake" && audit.data()[1]["actor"] == "admin-token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_keeps_to_the_person() {
    let system = System::start().await;
    let one = system.applied("one@example.com").await;
    let two = system.applied("two@example.com").await;
    let path = format!("/api/submissions/{}/project", one["id"]);
    system
        .patch(&path, json!({"project_id": two["project_id"]}))
        .await;
    let unlinked = system
        .patch(&path, json!({"project_id": null}))
        .await
        .expect(200);
    assert!(unlinked.data()["project_id"].is_null());
    let back = system
        .patch(&path, json!({"project_id": one["project_id"]}))
        .await
        .expect(200);
    assert_eq!(back.data()["project_id"], one["project_id"]);
    system.patch(&path, json!({})).await.expect(400);
    system
        .patch(&path, json!({"project_id": 99}))
        .await
        .expect(404);
}
