//! Many who ask at the same time: each gets the answer to its own question.

use crate::support::Door;
use futures::future::join_all;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_their_own_answer() {
    let door = Door::open().await;
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        door.stored(email).await;
    }
    let asked = (0..60_usize).map(|n| {
        let paths = [
            "/1",
            "/2",
            "/3",
            "/9999",
            "/stats",
            "",
            "?pageSize=1",
            "/1?embed=user",
        ];
        let path = paths[n % paths.len()];
        let door = &door;
        async move {
            let answer = door
                .admin("GET", &format!("/api/submissions{path}"), None)
                .await;
            (path, answer)
        }
    });
    for (path, answer) in join_all(asked).await {
        let (status, json) = (answer.status.as_u16(), answer.json());
        let found = match path {
            "/9999" => (status, json["message"].clone()),
            "/stats" => (status, json["data"]["total"].clone()),
            "" | "?pageSize=1" => (status, json!(json["data"].as_array().unwrap().len())),
            _ => (status, json["data"]["id"].clone()),
        };
        let wanted = match path {
            "/9999" => (404, json!("Submission not found")),
            "/stats" => (200, json!("3")),
            "" => (200, json!(3)),
            "?pageSize=1" => (200, json!(1)),
            id => (200, json!(id[1..2].parse::<i64>().unwrap())),
        };
        assert_eq!(found, wanted, "{path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_reads_what_they_wrote() {
    let door = Door::open().await;
    door.stored("a@example.com").await;
    let readers = (0..8).map(|_| async {
        for _ in 0..40 {
            let answer = door.admin("GET", "/api/submissions/1", None).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        }
    });
    let writer = async {
        for n in 0..20 {
            let status = ["reviewed", "qualified"][n % 2];
            let wish = json!({ "status": status });
            let path = "/api/submissions/1/status";
            let answer = door.admin("PUT", path, Some(wish)).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
            let seen = door.admin("GET", "/api/submissions/1", None).await.json();
            assert_eq!(seen["data"]["status"], status);
        }
    };
    futures::future::join(join_all(readers), writer).await;
}
