//! The admin endpoints of the predecessor (contract 4).

use crate::support::{Door, with};
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

async fn with_three() -> Door {
    let door = Door::open().await;
    for email in ["a@example.com", "b@example.com"] {
        door.stored(email).await;
    }
    let mut third = with("email_address", json!("c@example.com"));
    third["buyer_category"] = json!("developer");
    third["full_name"] = json!("Grace Wild%Card");
    third["construction_timeline"] = json!("3_to_6_months");
    assert_eq!(door.post(&third).await.status, StatusCode::CREATED);
    door
}

fn ids(answer: &crate::support::Answer) -> Vec<i64> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn list() {
    let door = with_three().await;
    let answer = door.admin("GET", "/api/submissions", None).await;
    assert_eq!(ids(&answer), [3, 2, 1]);
    let json = answer.json();
    let pagination = json!({"page":1,"pageSize":20,"totalCount":3,"totalPages":1,"hasNext":false,"hasPrev":false,"next":null});
    assert_eq!(json["pagination"], pagination);
    assert_eq!(json["filters"], json!({}));
    let stats = json!({"total":"3","new_count":"3","reviewed_count":"0","qualified_count":"0","disqualified_count":"0",
        "contacted_count":"0","homebuyer_count":"2","developer_count":"1","recent_count":"3"});
    assert_eq!(json["stats"], stats);
    assert_eq!(json["data"][0].as_object().unwrap().len(), 28);
}

#[tokio::test]
async fn list_pages_and_filters() {
    let door = with_three().await;
    let get = async |query: &str| {
        door.admin("GET", &format!("/api/submissions?{query}"), None)
            .await
    };
    assert_eq!(ids(&get("page=2&pageSize=2").await), [1]);
    let past = get("page=9").await;
    assert_eq!(
        (ids(&past), &past.json()["pagination"]["page"]),
        (vec![], &json!(9))
    );
    assert_eq!(
        get("page=99999999999999999999&pageSize=-1").await.json()["pagination"]["pageSize"],
        1
    );
    assert_eq!(
        ids(&get("buyer_category=developer&status=new&build_budget=").await),
        [3]
    );
    let timeline = get("construction_timeline=3_to_6_months").await;
    assert_eq!(ids(&timeline), [3]);
    assert_eq!(
        timeline.json()["filters"],
        json!({"construction_timeline": "3_to_6_months"})
    );
    assert_eq!(timeline.json()["stats"]["total"], "3");
    assert_eq!(ids(&get("construction_timeline=bogus").await), [0_i64; 0]);
    assert_eq!(ids(&get("status=new&status=qualified").await), [0_i64; 0]);
    assert_eq!(ids(&get("status[a]=b").await), [3, 2, 1]);
    assert_eq!(ids(&get("status=%00").await), [0_i64; 0]);
}

#[tokio::test]
async fn stats() {
    let door = with_three().await;
    door.admin(
        "PUT",
        "/api/submissions/1/status",
        Some(json!({"status": "qualified"})),
    )
    .await;
    let json = door
        .admin("GET", "/api/submissions/stats/", None)
        .await
        .json();
    assert_eq!(
        (&json["success"], &json["data"]["total"]),
        (&json!(true), &json!("3"))
    );
    let shares = [
        "new_percentage",
        "qualified_percentage",
        "homebuyer_percentage",
        "developer_percentage",
    ];
    assert_eq!(
        shares.map(|name| json["data"][name].as_i64().unwrap()),
        [67, 33, 67, 33]
    );
}

#[tokio::test]
async fn search() {
    let door = with_three().await;
    let get = async |query: &str| {
        door.admin("GET", &format!("/api/submissions/search?{query}"), None)
            .await
    };
    let found = get("q=%20gRaCe%20&pageSize=1").await;
    assert_eq!(ids(&found), [3]);
    assert_eq!(
        (
            &found.json()["searchTerm"],
            &found.json()["pagination"]["totalCount"]
        ),
        (&json!("gRaCe"), &json!(1))
    );
    for (query, message) in [
        ("", "Search term (q) is required"),
        ("q=", "Search term (q) is required"),
        ("q[]=abc", "Search term (q) is required"),
        ("q=%20a%20", "Search term must be at least 2 characters"),
    ] {
        let answer = get(query).await;
        assert_eq!(
            (answer.status, answer.message()),
            (StatusCode::BAD_REQUEST, message.to_owned())
        );
        assert_eq!(answer.json()["details"], Value::Null);
    }
    assert_eq!(get("q=%00%00").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(ids(&get("q=a&q=wild%25card").await), [3]);
}

#[tokio::test]
async fn recent() {
    let door = with_three().await;
    let get = async |query: &str| {
        door.admin("GET", &format!("/api/submissions/recent?{query}"), None)
            .await
    };
    let two = get("limit=2").await;
    assert_eq!(ids(&two), [3, 2]);
    assert_eq!(
        (&two.json()["count"], &two.json()["days"]),
        (&json!(2), &json!(7))
    );
    assert_eq!(ids(&get("limit=abc&days=abc").await), [3, 2, 1]);
    let none = get("days=0").await;
    assert_eq!((ids(&none), &none.json()["days"]), (vec![], &json!(0)));
}

#[tokio::test]
async fn by_status() {
    let door = with_three().await;
    let answer = door
        .admin("GET", "/api/submissions/status/new?pageSize=1", None)
        .await;
    assert_eq!(ids(&answer), [3]);
    let json = answer.json();
    assert_eq!(
        (&json["status"], &json["pagination"]["totalPages"]),
        (&json!("new"), &json!(3))
    );
    assert!(json["stats"]["total"].is_string());
    for bad in ["bogus", "New", "%FF"] {
        let answer = door
            .admin("GET", &format!("/api/submissions/status/{bad}"), None)
            .await;
        let message =
            "Invalid status. Must be one of: new, reviewed, qualified, disqualified, contacted";
        assert_eq!(
            (answer.status, answer.message()),
            (StatusCode::BAD_REQUEST, message.to_owned())
        );
    }
}

#[tokio::test]
async fn ids_are_digits_only() {
    let door = with_three().await;
    let one = door.admin("GET", "/api/submissions/2", None).await;
    assert_eq!(
        (one.status, &one.json()["data"]["id"]),
        (StatusCode::OK, &json!(2))
    );
    for bad in [
        "abc", "1abc", "1.9", "1e3", "1'", "1,2", "1%2F2", "2;drop", "0x1", "-1", "%00", "%FF",
        "status",
    ] {
        for method in ["GET", "DELETE"] {
            let answer = door
                .admin(method, &format!("/api/submissions/{bad}"), None)
                .await;
            assert_eq!(
                (answer.status, answer.message()),
                (StatusCode::BAD_REQUEST, "Invalid submission ID".to_owned()),
                "{bad}"
            );
        }
    }
    for absent in ["0", "4", "2147483648", "99999999999999999999"] {
        let answer = door
            .admin("GET", &format!("/api/submissions/{absent}"), None)
            .await;
        assert_eq!(
            (answer.status, answer.message()),
            (StatusCode::NOT_FOUND, "Submission not found".to_owned())
        );
        assert_eq!(
            (&answer.json()["error"], answer.json().get("details")),
            (&json!("Not found"), None)
        );
    }
    assert_eq!(door.store.count(), 3);
}

#[tokio::test]
async fn a_change_of_status() {
    let door = with_three().await;
    let put = async |body: Value| {
        door.admin("PUT", "/api/submissions/1/status", Some(body))
            .await
    };
    let answer = put(json!({"status": "reviewed", "admin_notes": "Called back.", "id": 3})).await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = answer.json();
    assert_eq!(json["message"], "Submission status updated to reviewed");
    assert_eq!(
        (
            &json["data"]["id"],
            &json["data"]["status"],
            &json["data"]["admin_notes"]
        ),
        (&json!(1), &json!("reviewed"), &json!("Called back."))
    );
    let update = door.store.last_update.lock().unwrap().clone().unwrap();
    assert_eq!(update.actor, "admin-token");
    assert!(uuid::Uuid::parse_str(&update.correlation_id).is_ok());
    for nothing in [
        json!({"status": "new"}),
        json!({"status": "new", "admin_notes": null}),
        json!({"status": "new", "admin_notes": ""}),
    ] {
        assert_eq!(
            put(nothing).await.json()["data"]["admin_notes"],
            "Called back."
        );
    }
}

#[tokio::test]
async fn refusals_of_a_change_come_in_order() {
    let door = with_three().await;
    let unknown = "Status must be one of: new, reviewed, qualified, disqualified, contacted";
    let cases = [
        ("abc", json!({}), 400, "Status is required"),
        ("9", json!({"status": ""}), 400, "Status is required"),
        ("1", json!([]), 400, "Status is required"),
        (
            "abc",
            json!({"status": "bogus"}),
            400,
            "Invalid submission ID",
        ),
        ("9", json!({"status": "bogus"}), 404, "Submission not found"),
        ("9", json!({"status": "new"}), 404, "Submission not found"),
        ("1", json!({"status": "bogus"}), 400, unknown),
        ("1", json!({"status": "New"}), 400, unknown),
        ("1", json!({"status": ["new"]}), 400, unknown),
        (
            "1",
            json!({"status": "new", "admin_notes": ["a"]}),
            400,
            "admin_notes must be text",
        ),
        (
            "9",
            json!({"status": "new", "admin_notes": ["a"]}),
            404,
            "Submission not found",
        ),
        (
            "1",
            json!({"status": "new", "admin_notes": "a\0"}),
            400,
            "admin_notes must not contain NUL characters",
        ),
    ];
    for (id, body, status, message) in cases {
        let answer = door
            .admin(
                "PUT",
                &format!("/api/submissions/{id}/status"),
                Some(body.clone()),
            )
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.message()),
            (status, message.to_owned()),
            "{id} {body}"
        );
    }
    let nothing = door.admin("PUT", "/api/submissions/1/status", None).await;
    assert_eq!(nothing.message(), "Status is required");
    assert!(
        door.store
            .last_update
            .lock()
            .unwrap()
            .as_ref()
            .is_none_or(|update| update.id != 1)
    );
}

#[tokio::test]
async fn delete() {
    let door = with_three().await;
    let answer = door.admin("DELETE", "/api/submissions/2", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = answer.json();
    assert_eq!(
        (&json["message"], &json["data"]["id"]),
        (&json!("Submission deleted successfully"), &json!(2))
    );
    assert_eq!(
        door.admin("DELETE", "/api/submissions/2", None)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(door.store.count(), 2);
}

#[tokio::test]
async fn a_filter_that_cannot_match_asks_only_for_counts() {
    let door = with_three().await;
    let before = door.store.calls.load(Ordering::SeqCst);
    door.admin("GET", "/api/submissions?status=%00", None).await;
    assert_eq!(door.store.calls.load(Ordering::SeqCst) - before, 1);
}
