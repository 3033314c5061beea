//! Applications become tasks.

use super::{AMPLE, wait_for_task, wait_until_all_have_tasks};
use crate::{System, applications, web::Web};
use futures::{StreamExt as _, stream};
use reqwest::{Method, StatusCode, header};
use std::collections::BTreeSet;
use std::time::Instant;

/// The form and the API both lead to a task with equal fields.
pub async fn form_and_json_lead_to_tasks(system: &mut System) {
    let began = Instant::now();
    let id = system.web.submit(&applications::next()).await;
    let (submission, _) = wait_for_task(system, id).await;
    println!(
        "posted, and its task there after {} ms",
        began.elapsed().as_millis()
    );
    assert!(
        submission["user_id"].is_i64() && submission["project_id"].is_i64(),
        "{submission}"
    );

    // as a browser without JavaScript sends it
    let mut application = applications::next();
    let email = application["email_address"]
        .as_str()
        .expect("applications have an e-mail")
        .to_owned();
    let fields: Vec<(String, String)> = application
        .as_object_mut()
        .expect("an application is an object")
        .iter()
        .filter(|(_, value)| !value.is_null() && value != &&serde_json::Value::Bool(false))
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| "on".to_owned(), str::to_owned);
            (name.clone(), text)
        })
        .collect();
    let form = encoded(&fields);
    let answer = Web::send(
        system
            .web
            .request(Method::POST, "/apply")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html")
            .body(form),
    )
    .await;
    assert!(
        answer.status.is_success() || answer.status == StatusCode::SEE_OTHER,
        "{} {}",
        answer.status,
        answer.text
    );
    let all = system.web.submissions().await.expect("the list is given");
    let posted = all
        .iter()
        .find(|submission| submission["email_address"] == email.as_str())
        .unwrap_or_else(|| {
            panic!(
                "the form was answered, but {} submissions hold nothing of it",
                all.len()
            )
        });
    wait_for_task(system, posted["id"].as_i64().expect("ids are numbers")).await;
}

fn encoded(fields: &[(String, String)]) -> String {
    let mut url = reqwest::Url::parse("http://form.invalid/").expect("a constant URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// Two hundred applications at once: one task each, equal in every field.
pub async fn two_hundred_applications(system: &mut System) {
    const COUNT: usize = 200;
    system.simulator.rate_limit(AMPLE).await;
    let web = &system.web;
    let began = Instant::now();
    let ids: BTreeSet<i64> = stream::iter(0..COUNT)
        .map(|_| async move { web.submit(&applications::next()).await })
        .buffer_unordered(8)
        .collect()
        .await;
    assert_eq!(ids.len(), COUNT, "every application has an id of its own");
    println!("{COUNT} answered within {} ms", began.elapsed().as_millis());
    let all = wait_until_all_have_tasks(system, COUNT).await;
    println!("{COUNT} tasks after {} ms", began.elapsed().as_millis());
    assert_eq!(all.len(), COUNT);

    // the same e-mail again is refused, and makes no task
    let mut again = applications::next();
    again["email_address"] = all[0]["email_address"].clone();
    let answer = system.web.post(&again).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    assert_eq!(system.simulator.tasks().await.len(), COUNT);

    // creating took one call each: nothing was looked for, nothing written twice
    let calls = system.simulator.task_calls().await;
    assert_eq!(
        calls.len(),
        COUNT,
        "calls about tasks: {:?}",
        calls.iter().take(5).collect::<Vec<_>>()
    );
}
