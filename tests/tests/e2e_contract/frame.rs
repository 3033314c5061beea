//! Headers, CORS, errors, routing, health (sections 1.1 to 1.4).

use crate::{
    Case,
    answers::{Answer, is_time, same},
    api::{Api, ORIGIN, SECOND_ORIGIN, SUBMISSIONS},
    cases,
};
use anyhow::ensure;
use serde_json::{Value, json};

pub const CASES: &[Case] = cases! {
    "headers.nosniff_and_frame" => nosniff_and_frame,
    "headers.hsts_in_production" => hsts_in_production,
    "headers.content_type" => content_type,
    "headers.personal_data_is_not_cached" => personal_data_is_not_cached,
    "health.shape" => health_shape,
    "health.head" => health_head,
    "get.head" => get_head,
    "root.info" => root_info,
    "testdb.ok" => testdb_ok,
    "cors.allowed_origin" => cors_allowed_origin,
    "cors.foreign_origin" => cors_foreign_origin,
    "cors.actual_responses" => cors_actual_responses,
    "cors.preflight" => cors_preflight,
    "cors.preflight_admin_methods" => cors_preflight_admin_methods,
    "f35 every origin of the list" => every_origin_of_the_list,
    "errors.path_has_the_query" => path_has_the_query,
    "notfound.shape" => notfound_shape,
    "notfound.double_slash" => notfound_double_slash,
    "wrong_method" => wrong_method,
    "list.trailing_slash" => list_trailing_slash,
    "errors.request_id" => errors_request_id,
};

/// One answer of each kind: fine, created, refused, without credentials, no such path, no such row.
async fn every_kind(api: &Api, headers: &[(&str, &str)]) -> anyhow::Result<Vec<Answer>> {
    let json = [headers, &[("content-type", "application/json")]].concat();
    Ok(vec![
        api.send("GET", "/health", headers, "").await?.status(200)?,
        api.send(
            "POST",
            SUBMISSIONS,
            &json,
            api.application(json!({})).to_string(),
        )
        .await?
        .status(201)?,
        api.send("POST", SUBMISSIONS, &json, "{}")
            .await?
            .status(400)?,
        api.send("GET", SUBMISSIONS, headers, "")
            .await?
            .status(401)?,
        api.send("GET", "/api/nothing", headers, "")
            .await?
            .status(404)?,
    ])
}

async fn nosniff_and_frame(api: &Api) -> anyhow::Result<()> {
    for answer in every_kind(api, &[]).await? {
        same(
            "nosniff",
            answer.header("x-content-type-options"),
            "nosniff",
        )?;
        same("frame", answer.header("x-frame-options"), "DENY")?;
    }
    Ok(())
}

async fn hsts_in_production(api: &Api) -> anyhow::Result<()> {
    for answer in every_kind(api, &[]).await? {
        let hsts = answer.header("strict-transport-security");
        ensure!(
            hsts.starts_with("max-age=31536000"),
            "{}: {hsts:?}",
            answer.path
        );
    }
    Ok(())
}

async fn content_type(api: &Api) -> anyhow::Result<()> {
    for answer in every_kind(api, &[]).await? {
        same(
            "content type",
            answer
                .header("content-type")
                .to_lowercase()
                .replace(' ', "")
                .as_str(),
            "application/json;charset=utf-8",
        )?;
        ensure!(answer.json.is_object(), "{} is no object", answer.text);
    }
    Ok(())
}

async fn personal_data_is_not_cached(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    for path in [
        SUBMISSIONS.to_owned(),
        format!("{SUBMISSIONS}/{id}"),
        format!("{SUBMISSIONS}/search?q=ada"),
    ] {
        let answer = api.get(&path).await?.status(200)?;
        ensure!(
            answer.header("cache-control").contains("no-store"),
            "{path}: {:?}",
            answer.header("cache-control")
        );
    }
    Ok(())
}

async fn health_shape(api: &Api) -> anyhow::Result<()> {
    let answer = api.open("/health").await?.status(200)?;
    same("status", &answer.json["status"], &json!("OK"))?;
    is_time(&answer.json["timestamp"])?;
    for key in ["environment", "version"] {
        ensure!(
            answer.json[key].is_string(),
            "{key} is no text: {}",
            answer.text
        );
    }
    ensure!(
        answer.json["uptime"]
            .as_f64()
            .is_some_and(|seconds| seconds >= 0.0),
        "uptime: {}",
        answer.text
    );
    Ok(())
}

async fn health_head(api: &Api) -> anyhow::Result<()> {
    let answer = api.send("HEAD", "/health", &[], "").await?.status(200)?;
    same("body", answer.text.as_str(), "")
}

async fn get_head(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    for path in [
        format!("{SUBMISSIONS}/{id}"),
        SUBMISSIONS.to_owned(),
        format!("{SUBMISSIONS}/stats"),
    ] {
        same(
            "body",
            api.admin("HEAD", &path, None)
                .await?
                .status(200)?
                .text
                .as_str(),
            "",
        )?;
    }
    api.send("HEAD", SUBMISSIONS, &[], "").await?.status(401)?;
    Ok(())
}

async fn root_info(api: &Api) -> anyhow::Result<()> {
    for accept in ["application/json", "*/*"] {
        let answer = api
            .send("GET", "/", &[("accept", accept)], "")
            .await?
            .status(200)?;
        ensure!(
            answer.json["message"].is_string() && answer.json["version"].is_string(),
            "{}",
            answer.text
        );
        ensure!(answer.json["endpoints"].is_object(), "{}", answer.text);
    }
    let page = api
        .send(
            "GET",
            "/",
            &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
            "",
        )
        .await?
        .status(200)?;
    ensure!(
        page.header("content-type").starts_with("text/html"),
        "a browser gets {}",
        page.header("content-type")
    );
    Ok(())
}

async fn testdb_ok(api: &Api) -> anyhow::Result<()> {
    let answer = api.get("/api/test-db").await?.status(200)?;
    same(
        "status",
        &answer.json["status"],
        &json!("Database connected successfully"),
    )?;
    is_time(&answer.json["timestamp"])
}

async fn cors_allowed_origin(api: &Api) -> anyhow::Result<()> {
    let answer = api
        .send("GET", "/health", &[("origin", ORIGIN)], "")
        .await?
        .status(200)?;
    same(
        "origin",
        answer.header("access-control-allow-origin"),
        ORIGIN,
    )?;
    same(
        "credentials",
        answer.header("access-control-allow-credentials"),
        "true",
    )?;
    varies_by_origin(&answer)
}

fn varies_by_origin(answer: &Answer) -> anyhow::Result<()> {
    let vary: Vec<&str> = answer
        .headers
        .get_all("vary")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    ensure!(
        vary.join(",").to_lowercase().contains("origin"),
        "{}: vary is {vary:?}",
        answer.path
    );
    Ok(())
}

async fn cors_foreign_origin(api: &Api) -> anyhow::Result<()> {
    for origin in [
        "https://evil.example.net",
        "null",
        "http://www.example.com",
        "https://www.example.com.evil.example.net",
    ] {
        let answer = api
            .send("GET", "/health", &[("origin", origin)], "")
            .await?
            .status(200)?;
        same(origin, answer.header("access-control-allow-origin"), "")?;
        same("status", &answer.json["status"], &json!("OK"))?;
    }
    Ok(())
}

async fn cors_actual_responses(api: &Api) -> anyhow::Result<()> {
    for answer in every_kind(api, &[("origin", ORIGIN)]).await? {
        same(
            &answer.path,
            answer.header("access-control-allow-origin"),
            ORIGIN,
        )?;
        varies_by_origin(&answer)?;
    }
    Ok(())
}

async fn preflight(api: &Api, path: &str, method: &str, wanted: &str) -> anyhow::Result<Answer> {
    let headers = [
        ("origin", ORIGIN),
        ("access-control-request-method", method),
        ("access-control-request-headers", wanted),
    ];
    let answer = api
        .send("OPTIONS", path, &headers, "")
        .await?
        .status_in(&[200, 204])?;
    same(
        "origin",
        answer.header("access-control-allow-origin"),
        ORIGIN,
    )?;
    same(
        "credentials",
        answer.header("access-control-allow-credentials"),
        "true",
    )?;
    let methods = answer.header("access-control-allow-methods").to_uppercase();
    ensure!(
        methods.split(',').any(|allowed| allowed.trim() == method),
        "{method} is not among {methods:?}"
    );
    let allowed = answer.header("access-control-allow-headers").to_lowercase();
    for header in wanted.split(',').map(str::trim) {
        ensure!(
            allowed.split(',').any(|name| name.trim() == header),
            "{header} is not among {allowed:?}"
        );
    }
    Ok(answer)
}

async fn cors_preflight(api: &Api) -> anyhow::Result<()> {
    preflight(api, SUBMISSIONS, "POST", "content-type").await?;
    // without CORS headers it is still answered
    api.send("OPTIONS", "/health", &[], "")
        .await?
        .status_in(&[200, 204])?;
    Ok(())
}

async fn cors_preflight_admin_methods(api: &Api) -> anyhow::Result<()> {
    for (path, method) in [
        ("/api/submissions/1/status", "PUT"),
        ("/api/submissions/1", "DELETE"),
        (SUBMISSIONS, "GET"),
    ] {
        preflight(api, path, method, "authorization, content-type").await?;
    }
    Ok(())
}

async fn every_origin_of_the_list(api: &Api) -> anyhow::Result<()> {
    let answer = api
        .send("GET", "/health", &[("origin", SECOND_ORIGIN)], "")
        .await?;
    same(
        "origin",
        answer.header("access-control-allow-origin"),
        SECOND_ORIGIN,
    )
}

async fn path_has_the_query(api: &Api) -> anyhow::Result<()> {
    // Answer::framed compares the path with what was asked, query included
    api.get("/api/submissions/abc?x=1&y=%C3%A9")
        .await?
        .sentence("Invalid submission ID")
}

async fn notfound_shape(api: &Api) -> anyhow::Result<()> {
    for (method, path) in [
        ("GET", "/api/nothing"),
        ("GET", "/nothing?a=b"),
        ("POST", "/api"),
        ("DELETE", "/api/submissions/1/notes"),
    ] {
        let answer = api.send(method, path, &[], "").await?.status(404)?;
        answer.framed()?;
        same("error", &answer.json["error"], &json!("Route not found"))?;
    }
    Ok(())
}

async fn notfound_double_slash(api: &Api) -> anyhow::Result<()> {
    same(
        "error",
        &api.raw("GET", "//api//submissions")
            .await?
            .status(404)?
            .json["error"],
        &json!("Route not found"),
    )
}

async fn wrong_method(api: &Api) -> anyhow::Result<()> {
    for (method, path) in [
        ("PATCH", "/api/submissions/1/status"),
        ("POST", "/api/submissions/1/status"),
        ("PUT", "/api/submissions/1"),
        ("DELETE", SUBMISSIONS),
        ("POST", "/health"),
    ] {
        api.admin(method, path, Some(json!({ "status": "new" })))
            .await?
            .status_in(&[404, 405])?
            .framed()?;
    }
    Ok(())
}

async fn list_trailing_slash(api: &Api) -> anyhow::Result<()> {
    api.get("/api/submissions/").await?.status(200)?.rows()?;
    Ok(())
}

async fn errors_request_id(api: &Api) -> anyhow::Result<()> {
    let answer = api.send("GET", "/api/nothing", &[], "").await?;
    let id = answer.json["request_id"].as_str().unwrap_or_default();
    ensure!(!id.is_empty(), "no request id: {}", answer.text);
    same("header", answer.header("x-request-id"), id)?;
    ensure!(
        answer.json["code"] != Value::Null,
        "no code: {}",
        answer.text
    );
    Ok(())
}
