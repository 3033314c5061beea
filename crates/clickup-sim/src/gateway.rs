//! What stands before every API call: faults, token, rate limit, request log.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::auth::identify;
use crate::clock::Who;
use crate::connection::Wire;
use crate::errors::ApiError;
use crate::faults::spec::FaultKind;
use crate::faults::{Hit, Subject};
use crate::query::Query;
use crate::rate::{Edges, Taken};
use crate::requests::Running;
use crate::sim::Sim;
use crate::state::World;

/// How long the answer of a write waits for its deliveries under `webhook_before_response`.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(5);

/// The middleware. Paths outside the API pass untouched.
pub(crate) async fn gateway(State(sim): State<Sim>, mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api") {
        return next.run(request).await;
    }
    let wire = request
        .extensions()
        .get::<ConnectInfo<Wire>>()
        .map(|info| info.0.clone());
    let body_bytes = text(request.headers(), &header::CONTENT_LENGTH)
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let path = request
        .uri()
        .path_and_query()
        .map_or_else(String::new, |path| path.as_str().to_owned());
    let mut running = Running::begin(&sim, request.method().as_str(), &path, body_bytes);
    let authorization = text(request.headers(), &header::AUTHORIZATION);
    let identified = sim.read(|world| identify(world, authorization));
    let user = identified.as_ref().ok().map(|caller| caller.actor.user);
    if let Some(user) = user {
        running.user(user);
    }

    let plan = sim.faults().plan(Subject {
        method: request.method().as_str(),
        path: &path,
        user,
        event: None,
    });
    // Held until the answer, so that virtual time does not move on under a request at work.
    let mut _awake = None;
    if plan.delay_ms > 0 {
        let delay = Duration::from_millis(plan.delay_ms);
        _awake = Some(sim.clock().sleep(Who::Request, delay).await);
    }
    // Faults on the way in: the request never reaches the service, so it costs no budget.
    if let Some(hit) = &plan.before {
        running.fault(hit.spec.kind.as_str());
        match hit.spec.kind {
            FaultKind::Refuse => return cut(wire.as_ref()),
            FaultKind::Hang => hang(&sim, hit, wire.as_ref()).await,
            _ => {}
        }
    }

    let mut caller = match identified {
        Ok(caller) => caller,
        Err(error) => {
            running.answered(error.status);
            return error.into_response();
        }
    };
    let now = sim.now_ms();
    let options = sim.options();
    let taken = {
        let mut rates = sim.rates();
        rates.set_edges(Edges {
            aligned: options.aligned_windows,
            round_up: options.rate_reset_rounds_up,
        });
        rates.take(&caller.token, now)
    };
    running.rate_remaining(taken.remaining);
    if let Some(hit) = plan.before.filter(|hit| hit.spec.kind == FaultKind::Status) {
        let response = fault_answer(&hit, taken, now, options.rate_headers);
        running.answered(response.status().as_u16());
        return response;
    }
    if !taken.allowed {
        running.answered(429);
        let wait = options
            .retry_after
            .then(|| (taken.reset - now / 1000).max(1).unsigned_abs());
        let response = ApiError::RATE_LIMIT.into_response();
        return with_rate(response, taken, wait, options.rate_headers);
    }

    let by_custom_id = |query: &str| query.contains("custom_task_ids");
    if request.uri().query().is_some_and(by_custom_id)
        && let Some(uri) = sim.read(|world| real_task_uri(world, request.uri()))
    {
        *request.uri_mut() = uri;
    }
    caller.stale = plan.stale;
    request.extensions_mut().insert(caller.actor);
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    if plan.webhooks_first {
        sim.deliveries()
            .wait_for_first_attempts(DELIVERY_PATIENCE)
            .await;
    }
    let response = with_rate(response, taken, None, options.rate_headers);
    let Some(hit) = plan.after else {
        running.answered(response.status().as_u16());
        return response;
    };
    running.fault(hit.spec.kind.as_str());
    match hit.spec.kind {
        FaultKind::SucceedThenHang => {
            hang(&sim, &hit, wire.as_ref()).await;
            running.answered(response.status().as_u16());
            response
        }
        FaultKind::CutBody => {
            running.answered(response.status().as_u16());
            cut_body(response).await
        }
        _ => {
            let response = fault_answer(&hit, taken, now, options.rate_headers);
            running.answered(response.status().as_u16());
            response
        }
    }
}

/// The path with the task's own id, when the caller named the task by its custom id. That counts
/// only with both parameters that the real service asks for.
fn real_task_uri(world: &World, uri: &Uri) -> Option<Uri> {
    let query = Query::parse(uri.query()).ok()?;
    let asked = query.flag("custom_task_ids")
        && query.first("team_id") == Some(world.workspace.id.as_str());
    let rest = uri.path().strip_prefix("/api/v2/task/").filter(|_| asked)?;
    let (custom, rest) = rest
        .split_once('/')
        .map_or((rest, None), |(id, rest)| (id, Some(rest)));
    let task = world.task_by_custom_id(custom)?;
    let rest = rest.map(|rest| format!("/{rest}")).unwrap_or_default();
    let path = format!("/api/v2/task/{}{rest}?{}", task.id, uri.query()?);
    path.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Waits until the fault is lifted. The caller may hang up, which drops this future.
async fn hang(sim: &Sim, hit: &Hit, wire: Option<&Wire>) {
    match wire {
        Some(wire) => tokio::select! {
            () = sim.faults().lifted(hit.rule) => {}
            () = wire.stopped() => {}
        },
        None => sim.faults().lifted(hit.rule).await,
    }
}

/// Ends the connection without an answer. Without a handle on it (a router served by others) a
/// 502 is the nearest thing.
fn cut(wire: Option<&Wire>) -> Response {
    match wire {
        Some(wire) => {
            wire.cut();
            StatusCode::OK.into_response()
        }
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The error answer a rule asks for. A 429 says that the window ends when the rule tells, after
/// one second when it does not.
fn fault_answer(hit: &Hit, taken: Taken, now_ms: i64, rate_headers: bool) -> Response {
    let spec = &hit.spec;
    let status = StatusCode::from_u16(spec.status.unwrap_or(500))
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = match &spec.body {
        Some(Value::String(text)) => (status, text.clone()).into_response(),
        Some(body) => (status, Json(body.clone())).into_response(),
        None if status == StatusCode::TOO_MANY_REQUESTS => ApiError::RATE_LIMIT.into_response(),
        // Gateways answer in HTML, the service in JSON.
        None if matches!(status.as_u16(), 502..=504) => (
            status,
            [(header::CONTENT_TYPE, "text/html")],
            format!("<html><head><title>{status}</title></head><body>{status}</body></html>"),
        )
            .into_response(),
        None => {
            let mut error = ApiError::new(500, "SIM_001", "Internal server error");
            error.status = status.as_u16();
            error.into_response()
        }
    };
    let mut taken = taken;
    if status == StatusCode::TOO_MANY_REQUESTS {
        taken.remaining = 0;
        let wait = i64::try_from(spec.retry_after.unwrap_or(1)).unwrap_or(60);
        taken.reset = (now_ms / 1000).saturating_add(wait);
    }
    with_rate(response, taken, spec.retry_after, rate_headers)
}

fn with_rate(
    mut response: Response,
    taken: Taken,
    retry_after: Option<u64>,
    rate_headers: bool,
) -> Response {
    let headers = response.headers_mut();
    if rate_headers {
        headers.insert("x-ratelimit-limit", HeaderValue::from(taken.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(taken.remaining));
        headers.insert("x-ratelimit-reset", HeaderValue::from(taken.reset));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Promises the whole body, sends half of it and breaks off.
async fn cut_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, 64 * 1024 * 1024).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    parts.headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(whole.len().max(1)),
    );
    let pieces = futures::stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok::<Bytes, std::io::Error>(half), None));
        }
        // Lets the first half out before the connection breaks.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Err(std::io::ErrorKind::ConnectionReset.into()), None))
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}
