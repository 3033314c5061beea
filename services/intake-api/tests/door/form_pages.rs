//! The intake form as a browser without JavaScript sees it.

use crate::support::{Answer, Door, as_form, good, with};
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;
use std::sync::atomic::Ordering;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn apply(door: &Door, fields: &serde_json::Value) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri("/apply")
        .header("accept", BROWSER);
    door.knock(
        request.header("content-type", "application/x-www-form-urlencoded"),
        as_form(fields),
    )
    .await
}

#[tokio::test]
async fn a_browser_gets_the_form_with_every_field() {
    let door = Door::open_alone().await;
    let page = door
        .knock(
            Request::builder().uri("/").header("accept", BROWSER),
            Body::empty(),
        )
        .await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    for field in keylight_domain::intake::Field::ALL {
        assert!(page.text.contains(&format!("name=\"{field}\"")), "{field}");
    }
    for value in [
        "homebuyer",
        "developer",
        "200k_250k",
        "500k_plus",
        "more_than_12_months",
        "need_land",
        "finance_build",
    ] {
        assert!(page.text.contains(&format!("value=\"{value}\"")), "{value}");
    }
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    // nothing from elsewhere, and nothing that the policy would block
    for not_allowed in [
        "http://", "https://", "<style", "style=", "onclick", "<script>",
    ] {
        assert!(!page.text.contains(not_allowed), "{not_allowed}");
    }
}

#[tokio::test]
async fn the_pages_parts_are_served() {
    let door = Door::open_alone().await;
    for (path, kind) in [
        ("/assets/keylight.css", "text/css; charset=utf-8"),
        ("/assets/form.js", "text/javascript; charset=utf-8"),
    ] {
        let part = door.get(path).await;
        assert_eq!(
            (part.status, part.header("content-type")),
            (StatusCode::OK, kind)
        );
        assert!(part.header("cache-control").starts_with("public"));
    }
}

#[tokio::test]
async fn a_good_form_is_thanked_for() {
    let door = Door::open().await;
    let page = apply(&door, &with("full_name", json!("Ada <Probe>"))).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.text);
    assert!(
        page.text.contains("Thank you, Ada &#60;Probe&#62;"),
        "{}",
        page.text
    );
    assert_eq!(door.store.count(), 1);
}

#[tokio::test]
async fn a_form_with_mistakes_comes_back_with_all_that_was_typed() {
    let door = Door::open().await;
    let mut fields = with("email_address", json!("not an address"));
    fields["full_name"] = json!("Ada \"Quote\" <b>");
    fields["lot_address"] = json!("  ");
    fields["project_description"] = json!("Two\nlines");
    fields["interested_in_preferred_lender"] = json!("true");
    let page = apply(&door, &fields).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    for expected in [
        "Please check 2 fields",
        "name@example.com",
        "Please give the address of the land that you own.",
        "value=\"Ada &#34;Quote&#34; &#60;b&#62;\"",
        "value=\"not an address\"",
        "Two\nlines</textarea>",
        "value=\"homebuyer\" checked",
        "name=\"interested_in_preferred_lender\" value=\"true\" checked",
        "aria-describedby=\"email_address-problem\"",
        "href=\"#lot_address\"",
    ] {
        assert!(page.text.contains(expected), "{expected}\n{}", page.text);
    }
    assert!(!page.text.contains("Ada \"Quote\""));
    assert_eq!(door.store.count(), 0);
}

#[tokio::test]
async fn an_empty_form_names_nine_fields() {
    let door = Door::open().await;
    let page = apply(&door, &json!({})).await;
    assert!(page.text.contains("Please check 9 fields"), "{}", page.text);
}

#[tokio::test]
async fn a_known_address_is_explained() {
    let door = Door::open().await;
    door.stored("ada@example.com").await;
    let page = apply(&door, &good()).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.text
            .contains("We already have an application with this e-mail address")
    );
    assert!(page.text.contains("value=\"ada@example.com\""));
}

#[tokio::test]
async fn with_the_database_away_nothing_typed_is_lost() {
    let door = Door::open().await;
    door.store.database_away.store(true, Ordering::SeqCst);
    let page = apply(&door, &good()).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("Nothing that you typed is lost"));
    assert!(page.text.contains("value=\"Ada Probe\""));
}

#[tokio::test]
async fn the_bare_address_leads_to_the_form() {
    let door = Door::open_alone().await;
    let answer = door.get("/apply").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/")
    );
}

#[tokio::test]
async fn what_only_a_program_fills_in_is_put_aside_with_the_usual_thanks() {
    let door = Door::open().await;
    let page = door
        .knock(
            Request::builder().uri("/").header("accept", BROWSER),
            Body::empty(),
        )
        .await;
    // people neither see nor reach it, and browsers do not fill it in
    let trap = page
        .text
        .lines()
        .find(|line| line.contains("name=\"project_reference\""))
        .unwrap();
    assert!(trap.contains("tabindex=\"-1\"") && trap.contains("autocomplete=\"off\""));
    assert!(
        page.text
            .contains("<div class=\"apart\" aria-hidden=\"true\">")
    );

    let caught = apply(&door, &with("project_reference", json!("spam"))).await;
    let stored = apply(&door, &with("project_reference", json!(""))).await;
    assert_eq!(
        (caught.status, caught.text),
        (stored.status, stored.text),
        "nothing tells the two apart"
    );
    assert_eq!(door.store.count(), 1);
    let kept = door.store.put_aside.lock().unwrap().clone().unwrap();
    assert_eq!(kept.email_address, "ada@example.com");
}
