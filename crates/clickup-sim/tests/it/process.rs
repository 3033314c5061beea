//! The program itself: start, stop, kill, and what it says when it cannot start.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::support::{LIST, SERVICE};

struct Program {
    child: Child,
    base: String,
    _out: Lines<BufReader<ChildStdout>>,
}

async fn start(state: &Path) -> Program {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_clickup-sim"))
        .args(["--addr", "127.0.0.1:0", "--state"])
        .arg(state)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = out.next_line().await.unwrap().unwrap();
    let base = line
        .split_whitespace()
        .find(|word| word.starts_with("http"))
        .unwrap();
    let base = base
        .trim_end_matches(',')
        .trim_end_matches("/api")
        .to_owned();
    Program {
        child,
        base,
        _out: out,
    }
}

impl Program {
    async fn create(&self, name: &str) -> String {
        let answer = reqwest::Client::new()
            .post(format!("{}/api/v2/list/{LIST}/task", self.base))
            .header("authorization", SERVICE)
            .json(&json!({"name": name}))
            .send()
            .await
            .unwrap();
        answer.json::<Value>().await.unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn ids(&self) -> Vec<String> {
        let answer = reqwest::get(format!("{}/_sim/tasks", self.base))
            .await
            .unwrap();
        let tasks = answer.json::<Value>().await.unwrap();
        let tasks = tasks["tasks"].as_array().unwrap().iter();
        tasks
            .map(|task| task["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("sim.state");
    let mut answered = Vec::new();
    for round in 0..3 {
        let mut program = start(&state).await;
        assert_eq!(program.ids().await, answered);
        for n in 0..5 {
            answered.push(program.create(&format!("T{round}{n}")).await);
        }
        // SIGKILL, at once after the last answer.
        program.child.kill().await.unwrap();
    }
    let program = start(&state).await;
    assert_eq!(program.ids().await, answered);
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_stops_it_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut program = start(&folder.path().join("sim.state")).await;
        program.create("A").await;
        let pid = program.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(program.child.wait().await.unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_port_in_use_is_said_in_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_clickup-sim"))
        .args(["--addr", &addr.to_string()])
        .output()
        .await
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(said.trim().lines().count(), 1);
    assert!(said.contains(&format!("port {} is in use", addr.port())) && said.contains("--addr"));
}
