//! One application is one trace: from the HTTP request through gRPC and the message bus into the call to ClickUp.
#![allow(clippy::unwrap_used)]

use keylight_e2e::{
    System, applications,
    collector::{Collector, Span, SpanKind},
    scenarios::{self, PATIENCE},
    web::Web,
};
use keylight_testkit::{free_port, wait::wait_until};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Spans leave the processes this often, in milliseconds; a test should not wait for the usual five seconds.
const SOON: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "200");
/// What a stop may take longer because of a collector that does not answer, for one process.
const FLUSH: Duration = Duration::from_secs(8);

/// The trace of a caller of ours: trace id and span id.
fn begin() -> (String, String) {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let span = id[..16].to_owned();
    (id, span)
}

/// Posts an application as part of a caller's trace.
async fn post(web: &Web, application: &Value, (trace, span): &(String, String)) -> i64 {
    let request = web
        .request(Method::POST, "/api/submissions")
        .header("traceparent", format!("00-{trace}-{span}-01"))
        .json(application);
    let answer = Web::send(request).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.json()["data"]["id"].as_i64().unwrap()
}

/// The span that `wanted` names, or what is missing.
fn one<'a>(
    spans: &'a [Span],
    what: &str,
    wanted: impl Fn(&Span) -> bool,
) -> Result<&'a Span, String> {
    spans
        .iter()
        .find(|span| wanted(span))
        .ok_or_else(|| format!("{what} is missing among {} spans", spans.len()))
}

/// Whether `below` hangs under `above` in the same trace, at any depth.
fn under(spans: &[Span], below: &Span, above: &Span) -> bool {
    let mut at = below;
    while at.trace == above.trace {
        if at.parent == above.id {
            return true;
        }
        match spans
            .iter()
            .find(|span| span.trace == at.trace && span.id == at.parent)
        {
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}

/// Programs of the door, the system of record and the sync worker.
type Programs = [&'static str; 3];
const APART: Programs = ["intake-api", "entity-service", "clickup-sync"];
const TOGETHER: Programs = ["keylight"; 3];

/// Follows one application from the caller's span to the call that made the task. Says what is missing.
fn follow(
    spans: &[Span],
    [at_door, of_record, at_sync]: Programs,
    (trace, caller): &(String, String),
) -> Result<(), String> {
    let door = one(spans, "the request at the door", |span| {
        span.service == at_door
            && span.kind == SpanKind::Server
            && span.name == "POST /api/submissions"
            && (&span.trace, &span.parent) == (trace, caller)
    })?;
    let record = one(spans, "the call to the system of record", |span| {
        span.service == of_record
            && span.kind == SpanKind::Server
            && span.name == "keylight.v1.EntityService/CreateSubmission"
            && span.follows(door)
            && span.trace == *trace
    })?;
    one(spans, "the consumer of the message", |span| {
        span.service == at_sync
            && span.kind == SpanKind::Consumer
            && span.text("queue") == Some("clickup-sync.changes")
            && span.follows(record)
    })?;
    // a link may be worked on more than once: put off for want of budget, looked at again after an echo
    let works: Vec<&Span> = spans
        .iter()
        .filter(|span| {
            span.service == at_sync
                && span.name == "sync"
                && span.follows(record)
                && span.trace == *trace
        })
        .collect();
    if works.is_empty() {
        return Err(format!(
            "the work on the link is missing among {} spans",
            spans.len()
        ));
    }
    let of_the_work = |span: &Span| works.iter().any(|work| under(spans, span, work));
    one(spans, "the call that makes the task", |span| {
        span.service == at_sync
            && span.kind == SpanKind::Client
            && span.name == "POST /v2/list/{list}/task"
            && of_the_work(span)
    })?;
    one(spans, "the report to the system of record", |span| {
        span.service == of_record
            && span.kind == SpanKind::Server
            && span.name == "keylight.v1.EntityService/RecordSync"
            && of_the_work(span)
    })?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_application_is_one_trace_and_tells_nothing_personal() {
    let collector = Collector::start().await;
    let settings = [("KEYLIGHT_OTLP_ENDPOINT", collector.url()), SOON];
    let mut system = System::distributed_with(&settings).await;

    let (application, trace) = (applications::next(), begin());
    let id = post(&system.web, &application, &trace).await;
    scenarios::wait_for_task(&system, id).await;
    wait_until("the trace is whole", PATIENCE, || async {
        follow(&collector.spans(), APART, &trace)
    })
    .await;

    let stranger = follow(&collector.spans(), APART, &begin());
    assert!(stranger.is_err(), "nobody else's trace is taken for it");

    // many at a time: they share commits and messages, not traces
    let traces: Vec<_> = (0..40).map(|_| begin()).collect();
    let web = &system.web;
    futures::future::join_all(traces.iter().map(|trace| async move {
        post(web, &applications::next(), trace).await;
    }))
    .await;
    wait_until("every trace is whole", PATIENCE, || async {
        let spans = collector.spans();
        traces
            .iter()
            .try_for_each(|trace| follow(&spans, APART, trace))
    })
    .await;

    // what is flushed at the end is looked at too
    for (name, status) in system.stop() {
        assert!(status.success(), "{name} ended with {status}");
    }
    let everything = collector.everything();
    assert!(
        everything.contains("POST /api/submissions"),
        "a search in this text finds what is there"
    );
    let upkeep = collector
        .spans()
        .iter()
        .filter(|span| span.name.contains("grpc.health"))
        .count();
    assert_eq!(upkeep, 0, "nobody caused health checks");
    let personal = ["full_name", "email_address", "phone_number", "lot_address"];
    let secrets = [
        "pk_1_SERVICE",
        "end-to-end-admin-token",
        "end-to-end-service-token",
    ];
    let personal = personal
        .iter()
        .map(|key| application[*key].as_str().unwrap_or("Elm Street"))
        .chain(["Ada Probe", "@example.com", "three* rooms", "Near the lake"]);
    for private in personal.chain(secrets) {
        assert!(
            !everything.contains(private),
            "a span holds {private:?}, which is nobody's business"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_in_one_process_too() {
    let collector = Collector::start().await;
    let system = System::embedded_with(&[("KEYLIGHT_OTLP_ENDPOINT", collector.url()), SOON]).await;
    let trace = begin();
    let id = post(&system.web, &applications::next(), &trace).await;
    scenarios::wait_for_task(&system, id).await;
    wait_until("the trace is whole", PATIENCE, || async {
        follow(&collector.spans(), TOGETHER, &trace)
    })
    .await;
}

/// Posts, waits for the task, stops everything.
async fn works_without_collector(endpoint: &str) {
    let mut system = System::distributed_with(&[("KEYLIGHT_OTLP_ENDPOINT", endpoint), SOON]).await;
    let id = post(&system.web, &applications::next(), &begin()).await;
    scenarios::wait_for_task(&system, id).await;
    let began = Instant::now();
    let ends = system.stop();
    for (name, status) in &ends {
        assert!(status.success(), "{name} ended with {status}");
    }
    let most = FLUSH * u32::try_from(ends.len()).unwrap();
    assert!(
        began.elapsed() < most,
        "stopping took {:?}, the collector held it up",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_changes_nothing() {
    works_without_collector(&format!("http://127.0.0.1:{}", free_port())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_hangs_changes_nothing() {
    // connections are taken by the kernel, and nobody ever answers
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    works_without_collector(&format!("http://{}", silent.local_addr().unwrap())).await;
}
