//! The same request twice has one effect and one answer.

use crate::system::{System, application};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_makes_a_repeated_post_the_same_post() {
    let system = System::start().await;
    let (path, key) = ("/api/submissions", [("idempotency-key", "first-try")]);
    let first = system
        .with("POST", path, &key, Some(&application()))
        .await
        .expect(201);
    let again = system
        .with("POST", path, &key, Some(&application()))
        .await
        .expect(201);
    assert_eq!(first.json, again.json);
    assert_eq!(system.get(path).await.ids().len(), 1);
    let mut other = application();
    other["full_name"] = json!("Somebody Else");
    let reused = system
        .with("POST", path, &key, Some(&other))
        .await
        .expect(409);
    assert_eq!(reused.told().0, "idempotency_key_reused");
    // without a key it is the duplicate that it is
    system.post(path, application()).await.expect(400);
    for bad in ["", "a b", &"x".repeat(256)] {
        let refused = system
            .with(
                "POST",
                path,
                &[("idempotency-key", bad)],
                Some(&application()),
            )
            .await;
        assert!(refused.expect(400).told().1.contains("Idempotency-Key"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_with_every_other_post() {
    let system = System::start().await;
    let person = json!({"full_name": "Ada", "email_address": "ada@example.com"});
    let key = [("idempotency-key", "k1")];
    let first = system
        .with("POST", "/api/users", &key, Some(&person))
        .await
        .expect(201);
    let again = system
        .with("POST", "/api/users", &key, Some(&person))
        .await
        .expect(201);
    assert_eq!(first.json, again.json);
    system.post("/api/users", person).await.expect(409);
    let project = json!({"name": "Lake house", "user_id": first.data()["id"]});
    let key = [("idempotency-key", "k2")];
    let first = system
        .with("POST", "/api/projects", &key, Some(&project))
        .await
        .expect(201);
    let again = system
        .with("POST", "/api/projects", &key, Some(&project))
        .await
        .expect(201);
    assert_eq!(first.json, again.json);
    let step = format!("/api/projects/{}/activate", first.data()["id"]);
    let key = [("idempotency-key", "k3")];
    let first = system.with("POST", &step, &key, None).await.expect(200);
    let again = system.with("POST", &step, &key, None).await.expect(200);
    assert_eq!(
        (first.json, first.headers.get("etag")),
        (again.json, again.headers.get("etag"))
    );
    // another path with the same key is another request
    let other = system
        .with(
            "POST",
            "/api/users",
            &key,
            Some(&json!({"full_name": "B", "email_address": "b@example.com"})),
        )
        .await;
    assert_eq!(other.expect(409).told().0, "idempotency_key_reused");
}
