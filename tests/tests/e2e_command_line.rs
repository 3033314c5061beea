//! What a person reads who starts a program the wrong way.
#![allow(clippy::unwrap_used)]

use keylight_e2e::process::Process;
use keylight_testkit::{free_port, wait::wait_until};
use std::{
    net::TcpListener,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

const SERVICES: [&str; 5] = [
    "intake-api",
    "entity-service",
    "clickup-sync",
    "webhook-gateway",
    "analytics",
];

/// Runs a program that ends by itself.
fn run(process: &Process) -> Output {
    process
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a person was told: the lines that are no log records.
fn told(output: &Output) -> Vec<String> {
    text(&output.stderr)
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('{'))
        .map(str::to_owned)
        .collect()
}

fn keylight(folder: &Path) -> Process {
    Process::new("keylight", "keylight", folder)
        .env("KEYLIGHT_HTTP_ADDR", format!("127.0.0.1:{}", free_port()))
        .env(
            "KEYLIGHT_CLICKUP_SIM_ADDR",
            format!("127.0.0.1:{}", free_port()),
        )
        .env(
            "KEYLIGHT_DATA_DIR",
            folder.join("data").display().to_string(),
        )
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for variable in ["KEYLIGHT_HTTP_ADDR", "KEYLIGHT_CLICKUP_SIM_ADDR"] {
        let output = run(&keylight(folder.path()).env(variable, &address));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = told(&output);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains(&address) && told[0].contains(variable),
            "{told:?}"
        );
    }
    assert!(
        !folder.path().join("data").exists(),
        "nothing is touched before the ports are free"
    );
}

#[test]
fn wrong_variables_are_all_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&keylight(folder.path())
        .env("KEYLIGHT_HTTP_ADDR", "nowhere")
        .env("KEYLIGHT_SHUTDOWN_GRACE", "soon"));
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    let told = told(&output);
    assert_eq!(told.len(), 2, "{told:?}");
    for variable in ["KEYLIGHT_HTTP_ADDR", "KEYLIGHT_SHUTDOWN_GRACE"] {
        assert!(
            told.iter().any(|line| line.starts_with(variable)),
            "{told:?}"
        );
    }
    for service in SERVICES {
        let output =
            run(&Process::new(service, service, folder.path())
                .env("KEYLIGHT_SHUTDOWN_GRACE", "soon"));
        assert_eq!(output.status.code(), Some(64), "{service}: {output:?}");
        assert!(
            text(&output.stderr).contains("KEYLIGHT_SHUTDOWN_GRACE"),
            "{service}: {output:?}"
        );
    }
}

#[tokio::test]
async fn a_data_folder_in_use_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = keylight(folder.path());
    first.start();
    let log = || first.log();
    wait_until("the first one is up", Duration::from_secs(60), || {
        let log = log();
        async move {
            if log.contains("Keylight is up") {
                Ok(())
            } else {
                Err(log)
            }
        }
    })
    .await;
    let second = keylight(folder.path());
    let output = tokio::task::spawn_blocking(move || run(&second))
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = told(&output);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("in use") && told[0].contains("KEYLIGHT_DATA_DIR"),
        "{told:?}"
    );

    // the token is shown at the first start only, and only its owner can read it
    let token = std::fs::read_to_string(folder.path().join("data/admin-token")).unwrap();
    assert!(first.log().contains(token.trim()));
    assert!(first.stop(Duration::from_secs(30)).success());
    let length = first.log().len();
    first.start();
    wait_until("it is up again", Duration::from_secs(60), || {
        let log = first.log()[length..].to_owned();
        async move {
            if log.contains("Keylight is up") {
                Ok(())
            } else {
                Err(log)
            }
        }
    })
    .await;
    assert!(!first.log()[length..].contains(token.trim()));
    assert!(first.stop(Duration::from_secs(30)).success());
}

#[test]
fn help_is_on_everything() {
    let folder = tempfile::tempdir().unwrap();
    for program in SERVICES
        .into_iter()
        .chain(["keylight", "clickup-sim", "keylight-servers"])
    {
        let output = run(&Process::new(program, program, folder.path()).arg("--help"));
        assert!(output.status.success(), "{program}: {output:?}");
        assert!(
            text(&output.stdout).contains("sage:"),
            "{program}: {output:?}"
        );
    }
    for words in [
        &["up"][..],
        &["clickup-sim"],
        &["staff"],
        &["staff", "add"],
        &["token"],
        &["token", "create"],
        &["seal"],
        &["seal", "rotate"],
        &["config"],
        &["config", "check"],
    ] {
        let mut process = Process::new("keylight", "keylight", folder.path());
        for word in words.iter().chain(&["--help"]) {
            process = process.arg(*word);
        }
        let output = run(&process);
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
    let output = run(&Process::new("keylight", "keylight", folder.path()).arg("nonsense"));
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn settings_can_be_checked_and_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let config = |word: &str| {
        keylight(folder.path())
            .env("KEYLIGHT_ADMIN_TOKEN", "a-secret-that-nobody-sees")
            .arg("config")
            .arg(word)
    };
    assert!(run(&config("check")).status.success());
    let shown = run(&config("print"));
    assert!(shown.status.success(), "{shown:?}");
    assert!(text(&shown.stdout).contains("http.addr"));
    assert!(
        !text(&shown.stdout).contains("nobody-sees")
            && !text(&shown.stderr).contains("nobody-sees")
    );
    let reference = run(&config("reference"));
    assert!(
        text(&reference.stdout).contains("KEYLIGHT_HTTP_ADDR"),
        "{reference:?}"
    );
}
