//! What a client of ClickUp must never assume, row by row of the table that we hold ourselves to; each row that a client could
//! violate has a test.
//!
//! | never assume | held by |
//! |---|---|
//! | a body of a webhook has its parts, or tells the present state | `a_delivery_needs_nothing_but_its_event`; it has no method that gives a state |
//! | 401 = token dead, 404 = deleted | `a_refusal_is_sorted_by_its_code`, `strange_answers.rs` |
//! | JSON in every error | `strange_answers.rs` |
//! | number or text for ids, times, estimates, values | `numbers_and_text_are_the_same`, unit tests of `model/field_value.rs` |
//! | the answer to a change is the truth | `a_stale_status_is_what_the_answer_said` |
//! | a change sets tags or custom fields | `a_change_has_no_place_for_tags_and_fields` |
//! | a list is complete, absence means deletion | `a_page_tells_what_it_lacks`, `an_answer_that_is_no_page_is_not_an_empty_one` |
//! | `date_updated` is there | `numbers_and_text_are_the_same` |
//! | statuses are the same in two lists | `a_status_goes_out_as_the_list_has_it` |
//! | a drop-down's place is stable | `a_choice_is_read_by_the_options_of_its_own_answer` |
//! | due date and description come back as sent | the client compares nothing; what came is given as it came |
//! | the case of tags is kept | `tags_are_compared_without_case` |
//! | assignees have addresses | `people_may_be_without_address` |
//! | a set that cannot be read is empty | `half_a_set_is_no_set` |
//! | rate headers and `Retry-After` are there | `no_rate_headers_is_no_failure`, unit tests of `rate.rs` |
//! | creation is idempotent | `nothing_is_sent_twice` |
//! | a webhook stays active, its secret valid | `a_webhook_says_when_it_sleeps` |
//! | answers are safe to log | `nothing_shows_what_people_wrote` |
//! | files lie at the API | `files.rs` |
//! | the published file is right | `contract/`, with its errors listed |
//!
//! Rows about what arrives when (webhooks once and in order, clocks, filters strict or not, a budget of our own) are decided by
//! the sync worker, which this crate gives both times and both headers to decide by.
#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Debug;

use keylight_clickup::delivery::Delivery;
use keylight_clickup::{
    Attachment, Checklist, Class, Comment, CreateTask, FieldInput, FieldWrite, ListQuery, Moment,
    NewComment, PeopleChange, Person, Priority, Reading, Sent, StatusKind, Task, UpdateComment,
    UpdateTask, Upload, User, Webhook,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::{answering, raw};

fn read<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_delivery_needs_nothing_but_its_event() {
    for body in [
        json!({"event": "taskUpdated"}),
        json!({"event": "taskUpdated", "task_id": 7, "team_id": null, "history_items": [
            {"id": "1"}, {"id": 2, "user": null, "before": null, "source": "api", "data": []}, {"no": "id"}]}),
    ] {
        let delivery: Delivery = read(body);
        for item in &delivery.history_items {
            assert_eq!((item.user_id(), item.custom_field_id()), (None, None));
        }
    }
}

#[tokio::test]
async fn a_refusal_is_sorted_by_its_code() {
    for (status, body, class) in [
        (
            401,
            r#"{"err":"Token invalid","ECODE":"OAUTH_025"}"#,
            Class::TokenDead,
        ),
        (
            401,
            r#"{"err":"Team not authorized","ECODE":"OAUTH_027"}"#,
            Class::Forbidden,
        ),
        (
            404,
            r#"{"error":"Task not found","ECODE":"ITEM_013"}"#,
            Class::Gone,
        ),
        (404, "404 page not found", Class::Unexpected),
        // v3 has no codes and a frame of its own
        (
            404,
            r#"{"status":404,"message":"not found","trace_id":1,"timestamp":2}"#,
            Class::Forbidden,
        ),
        (
            400,
            r#"{"status":400,"message":"bad","trace_id":null,"timestamp":2}"#,
            Class::OurFault,
        ),
        (
            400,
            r#"{"err":"ClickApp off","ECODE":"TIS_027"}"#,
            Class::PlanLimit,
        ),
        (
            500,
            r#"{"err":"bad order","ECODE":"ITEMV2_003"}"#,
            Class::Retry,
        ),
    ] {
        let server = answering(status, &[], body).await;
        let error = server.client.task("9hx").await.unwrap_err();
        assert_eq!(error.class, class, "{body}");
    }
}

#[test]
fn numbers_and_text_are_the_same() {
    let numbers: Task = read(
        json!({"id": 7, "date_updated": 5, "due_date": 6, "time_estimate": 8, "list": {"id": 901},
        "creator": {"id": 183}, "assignees": [{"id": 183}], "custom_item_id": 1}),
    );
    let texts: Task = read(
        json!({"id": "7", "date_updated": "5", "due_date": "6", "time_estimate": "8", "list": {"id": "901"},
        "creator": {"id": "183"}, "assignees": [{"id": "183"}], "custom_item_id": "1"}),
    );
    assert!(numbers == texts);
    let bare: Task = read(json!({"id": "7"}));
    assert_eq!(
        (bare.date_updated, bare.due_date, bare.time_estimate),
        (None, None, None)
    );
}

#[tokio::test]
async fn a_stale_status_is_what_the_answer_said() {
    let stale = r#"{"id":"9hx","status":{"status":"to do","type":"open"}}"#;
    let server = answering(200, &[], stale).await;
    let update = UpdateTask {
        status: Some("done".into()),
        ..UpdateTask::default()
    };
    let answered = server.client.update_task("9hx", &update).await.unwrap();
    let status = answered.value.status.unwrap();
    assert_eq!(
        (status.name.as_str(), status.kind),
        ("to do", Some(StatusKind::Open))
    );
}

fn full_update() -> UpdateTask {
    let moment = Some(Some(Moment {
        at: 1,
        with_time: true,
    }));
    UpdateTask {
        name: Some("Ann Lee".into()),
        markdown_content: Some("555-123".into()),
        status: Some("done".into()),
        priority: Some(Some(Priority::Low)),
        assignees: Some(PeopleChange::default()),
        start: moment,
        due: moment,
        time_estimate: Some(Some(1)),
        parent: Some("9hv".into()),
        custom_item_id: Some(1),
        archived: Some(false),
    }
}

#[test]
fn a_change_has_no_place_for_tags_and_fields() {
    let body = serde_json::to_value(full_update()).unwrap();
    for key in ["tags", "custom_fields", "watchers", "list"] {
        assert!(body.get(key).is_none(), "{key} would be ignored with 200");
    }
    // people are flat at creation, and added and removed later
    assert_eq!(body["assignees"], json!({"add": [], "rem": []}));
}

#[tokio::test]
async fn a_page_tells_what_it_lacks() {
    let server = answering(200, &[], r#"{"tasks":[{"id":"a"},{"name":"no id"}]}"#).await;
    let page = server
        .client
        .list_tasks("901", &ListQuery::default())
        .await
        .unwrap()
        .value;
    assert_eq!((page.tasks.len(), page.unreadable, page.last), (1, 1, true));
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_not_an_empty_one() {
    for body in ["{}", "null", "[]", r#"{"err":"odd"}"#] {
        let server = answering(200, &[], body).await;
        let client = &server.client;
        let tasks = client.list_tasks("901", &ListQuery::default()).await;
        assert_eq!(tasks.unwrap_err().class, Class::Unexpected, "{body}");
        let comments = client.task_comments("9hx", None).await;
        assert_eq!(comments.unwrap_err().class, Class::Unexpected, "{body}");
        let files = client.attachments("108", "9hx", None).await;
        assert_eq!(files.unwrap_err().class, Class::Unexpected, "{body}");
    }
}

#[tokio::test]
async fn a_status_goes_out_as_the_list_has_it() {
    let server = answering(
        200,
        &[],
        r#"{"id":"901","statuses":[{"status":" In  Progress ","type":"newer"}]}"#,
    )
    .await;
    let list = server.client.list("901").await.unwrap().value;
    let status = &list.statuses[0];
    assert_eq!(status.kind, Some(StatusKind::Other));
    let update = UpdateTask {
        status: Some(status.name.clone()),
        ..UpdateTask::default()
    };
    let _ = server.client.update_task("9hx", &update).await;
    assert_eq!(server.seen()[1].body, r#"{"status":" In  Progress "}"#);
}

#[test]
fn a_choice_is_read_by_the_options_of_its_own_answer() {
    let task = |first: &str, second: &str| -> Task {
        read(
            json!({"id": "9hx", "custom_fields": [{"id": "f", "type": "drop_down", "value": 1, "type_config": {"options": [
            {"id": first, "name": "A", "orderindex": 0}, {"id": second, "name": "B", "orderindex": 1}]}}]}),
        )
    };
    for (task, chosen) in [(task("a", "b"), "b"), (task("b", "a"), "a")] {
        match task.field("f").unwrap().read() {
            Reading::Value(keylight_clickup::FieldValue::Choice(id)) => assert_eq!(id, chosen),
            other => panic!("{other:?}"),
        }
    }
    // and written by id, never by place
    assert_eq!(
        serde_json::to_value(FieldWrite::Choice("b".into())).unwrap(),
        json!({"value": "b"})
    );
}

#[test]
fn tags_are_compared_without_case() {
    let task: Task = read(json!({"id": "9hx", "tags": [{"name": "très urgent"}]}));
    let tags = task.tags.unwrap();
    assert!(tags[0].is_called("Très Urgent") && !tags[0].is_called("urgent"));
}

#[test]
fn people_may_be_without_address() {
    let guest: Person = read(json!({"id": 183, "username": null, "email": null, "role": 4}));
    assert_eq!((guest.id, guest.email), (183, None));
}

#[test]
fn half_a_set_is_no_set() {
    let task: Task = read(
        json!({"id": "9hx", "assignees": [{"id": 1}, {"email": "x"}], "tags": "none",
        "dependencies": [{"task_id": "a"}], "checklists": [{"id": "c", "items": [{"name": "no id"}]}], "attachments": null}),
    );
    assert_eq!(
        (task.assignees, task.tags, task.dependencies),
        (None, None, None)
    );
    assert_eq!(task.checklists.unwrap()[0].items, None);
    assert_eq!(task.attachments, None);
}

#[tokio::test]
async fn no_rate_headers_is_no_failure() {
    let server = answering(200, &[], r#"{"id":"9hx"}"#).await;
    let rate = server.client.task("9hx").await.unwrap().rate;
    assert_eq!((rate.limit, rate.remaining, rate.reset), (None, None, None));
    let server = answering(429, &[], "").await;
    let error = server.client.task("9hx").await.unwrap_err();
    assert_eq!((error.class, error.retry_after), (Class::RateLimited, None));
}

#[tokio::test]
async fn nothing_is_sent_twice() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = answering(status, &[("retry-after", "0")], "").await;
        let client = &server.client;
        let _ = client
            .create_task(
                "901",
                &CreateTask {
                    name: "x".into(),
                    ..CreateTask::default()
                },
            )
            .await;
        let _ = client.create_comment("9hx", &NewComment::default()).await;
        let _ = client.upload("9hx", Upload::of_bytes("a", "b")).await;
        let _ = client.create_task_from_template("901", "t", "x").await;
        assert_eq!(server.seen().len(), 4, "{status}");
    }
    // also when the connection dies, which HTTP clients like to repeat by themselves
    let client = raw(|stream| async move { drop(stream) }).await;
    let error = client
        .create_comment("9hx", &NewComment::default())
        .await
        .unwrap_err();
    assert_eq!((error.class, error.sent), (Class::Retry, Sent::Maybe));
}

#[test]
fn a_webhook_says_when_it_sleeps() {
    let webhook = |health: Value| -> Webhook { read(json!({"id": "w", "health": health})) };
    assert!(webhook(json!({"status": "suspended", "fail_count": 100})).is_suspended());
    for awake in [
        json!({"status": "failing", "fail_count": "7"}),
        json!({"status": "new"}),
        Value::Null,
    ] {
        assert!(!webhook(awake).is_suspended());
    }
}

#[test]
fn nothing_shows_what_people_wrote() {
    let person = json!({"id": 183, "username": "Ann", "email": "Ann@x.example"});
    let task = json!({"id": "9hx", "name": "Ann", "description": "Ann", "text_content": "Ann", "assignees": [person],
        "custom_fields": [{"id": "f", "type": "text", "value": "Ann"}], "checklists": [{"id": "c", "name": "Ann"}],
        "attachments": [{"id": "a", "title": "Ann.pdf", "url": "https://x/Ann"}], "tags": [{"name": "x"}]});
    let shown: Vec<Box<dyn Debug>> = vec![
        Box::new(read::<Task>(task.clone())),
        Box::new(read::<Task>(task).custom_fields[0].read()),
        Box::new(read::<Person>(person.clone())),
        Box::new(read::<User>(person.clone())),
        Box::new(read::<Comment>(
            json!({"id": 1, "comment_text": "Ann", "comment": [{"text": "Ann"}], "user": person}),
        )),
        Box::new(read::<Attachment>(
            json!({"id": "a", "title": "Ann", "url": "https://x/Ann"}),
        )),
        Box::new(read::<Checklist>(
            json!({"id": "c", "name": "Ann", "items": [{"id": "i", "name": "Ann"}]}),
        )),
        Box::new(read::<Webhook>(
            json!({"id": "w", "secret": "Ann", "client_id": "pk_Ann"}),
        )),
        Box::new(full_update()),
        Box::new(CreateTask {
            name: "Ann".into(),
            ..CreateTask::default()
        }),
        Box::new(FieldInput {
            id: "f".into(),
            value: FieldWrite::Text("Ann".into()),
        }),
        Box::new(NewComment {
            comment_text: "Ann".into(),
            ..NewComment::default()
        }),
        Box::new(UpdateComment {
            comment_text: Some("Ann".into()),
            ..UpdateComment::default()
        }),
        Box::new(Upload::of_bytes("Ann.pdf", "Ann")),
    ];
    for value in shown {
        let text = format!("{value:?}");
        assert!(!text.contains("Ann"), "{text}");
    }
}
