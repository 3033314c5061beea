//! What a door does that nobody has configured, and that has nothing behind it.

use crate::api::{Api, SUBMISSIONS};
use anyhow::ensure;
use futures::future::BoxFuture;
use keylight_e2e::process::Process;
use keylight_testkit::{free_port, wait::wait_until};
use serde_json::json;
use std::{path::Path, time::Duration};

const TOKEN: &str = "a-token-for-a-lonely-door";

/// Some behaviour, and how to ask for it.
pub struct Case {
    pub label: &'static str,
    pub ask: for<'a> fn(&'a Path) -> BoxFuture<'a, anyhow::Result<()>>,
}

macro_rules! cases {
    ($($label:literal => $function:path),* $(,)?) => {
        &[$(Case { label: $label, ask: |folder| Box::pin($function(folder)) }),*]
    };
}

pub const CASES: &[Case] = cases! {
    "f22 rate limit" => f22_rate_limit,
    "f30 safe by default" => f30,
    "f31 no default secret" => f31,
    "f35 a missing list of origins is told" => f35,
};

/// The door with nothing but what it must be told; the entity service is nowhere.
fn door(folder: &Path, name: &str) -> (Process, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let process = Process::new(name, "intake-api", folder)
        .env("KEYLIGHT_HTTP_ADDR", &address)
        .env("KEYLIGHT_SERVICE_TOKEN", "a-service-token-of-a-test")
        .env(
            "KEYLIGHT_ENTITY_URL",
            format!("http://127.0.0.1:{}", free_port()),
        )
        .env(
            "KEYLIGHT_ANALYTICS_URL",
            format!("http://127.0.0.1:{}", free_port()),
        );
    (process, format!("http://{address}"))
}

async fn started(process: &mut Process, base: &str) -> Api {
    process.start();
    let api = Api::new(base, TOKEN);
    wait_until("the door answers", Duration::from_secs(30), || async {
        match api.open("/health").await {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    api
}

async fn f22_rate_limit(folder: &Path) -> anyhow::Result<()> {
    let (process, base) = door(folder, "limited");
    let mut process = process
        .env("KEYLIGHT_ADMIN_TOKEN", TOKEN)
        .env("KEYLIGHT_HTTP_APPLY_LIMIT", "3");
    let api = started(&mut process, &base).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let answer = api.post(&api.application(json!({}))).await?;
        answer.framed()?;
        if answer.status == 429 {
            ensure!(
                answer.header("retry-after").parse::<u32>().is_ok(),
                "no Retry-After"
            );
        }
        statuses.push(answer.status);
    }
    // nothing is behind the door, so those that come through find nobody
    ensure!(
        statuses == [503, 503, 503, 429, 429, 429],
        "six applications within a second: {statuses:?}"
    );
    Ok(())
}

async fn f30(folder: &Path) -> anyhow::Result<()> {
    let (process, base) = door(folder, "default");
    let mut process = process.env("KEYLIGHT_ADMIN_TOKEN", TOKEN);
    let api = started(&mut process, &base).await;
    let health = api.open("/health").await?.status(200)?;
    ensure!(
        health
            .header("strict-transport-security")
            .contains("max-age="),
        "HTTPS is not insisted on"
    );
    ensure!(
        health.json["environment"] == "production",
        "environment: {}",
        health.json["environment"]
    );
    // something goes wrong inside: the entity service is away
    let failed = api.get(SUBMISSIONS).await?.status(503)?;
    failed.framed()?;
    for internal in ["127.0.0.1", "tcp", "connect", "transport", "grpc"] {
        ensure!(
            !failed.text.to_lowercase().contains(internal),
            "{internal} is told: {}",
            failed.text
        );
    }
    for origin in ["http://localhost:3000", "http://127.0.0.1:5500"] {
        let answer = api
            .send("GET", "/health", &[("origin", origin)], "")
            .await?;
        ensure!(
            answer.header("access-control-allow-origin").is_empty(),
            "{origin} may call"
        );
    }
    Ok(())
}

async fn f31(folder: &Path) -> anyhow::Result<()> {
    let (mut process, base) = door(folder, "no-secret");
    process.start();
    let api = Api::new(&base, "");
    let began = std::time::Instant::now();
    loop {
        if !process.is_running() {
            let words = process.last_words(20);
            ensure!(
                words.contains("KEYLIGHT_ADMIN_TOKEN"),
                "it does not say what is missing: {words}"
            );
            return Ok(());
        }
        if api
            .open("/health")
            .await
            .is_ok_and(|answer| answer.status == 200)
        {
            break;
        }
        ensure!(
            began.elapsed() < Duration::from_secs(30),
            "it neither starts nor ends"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // it works without: then nothing that one could guess opens it
    for guess in [
        "Bearer ",
        "Bearer admin123",
        "Bearer admin",
        "Bearer password",
        "Bearer changeme",
        "Basic YWRtaW46YWRtaW4xMjM=",
    ] {
        let answer = api
            .send("GET", SUBMISSIONS, &[("authorization", guess)], "")
            .await?;
        // with nobody behind the door a token cannot be looked up either
        answer.status_in(&[401, 503])?.framed()?;
    }
    Ok(())
}

async fn f35(folder: &Path) -> anyhow::Result<()> {
    let (process, base) = door(folder, "no-origins");
    let mut process = process.env("KEYLIGHT_ADMIN_TOKEN", TOKEN);
    started(&mut process, &base).await;
    ensure!(
        process.log().contains("FRONTEND_URL"),
        "nobody is told that no site may call: {}",
        process.last_words(20)
    );
    Ok(())
}
