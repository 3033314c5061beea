//! What `scripts/cluster` starts.

use super::{Part, QUICK, Settings};
use crate::{process::program, simulator::Simulator, web::Web};
use keylight_testkit::{
    daemon::{Signal, read_pid, signal_process},
    guard::Guard,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/cluster");

pub(super) struct Cluster {
    folder: PathBuf,
    settings: Vec<(String, String)>,
    // for the case that this process is killed; otherwise `down` ends them
    _servers: Guard,
}

impl Cluster {
    pub(super) async fn start(folder: &Path, settings: Settings<'_>) -> (Self, Web, Simulator) {
        // says what to do if the programs are not built
        let _ = (program("intake-api"), program("keylight-servers"));
        let servers = folder.join("servers");
        fs::create_dir_all(&servers).expect("the folder can be made");
        let this = Self {
            folder: folder.to_owned(),
            settings: QUICK
                .iter()
                .chain(settings)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            _servers: Guard::over(&servers).expect("a shell is there"),
        };
        let (web, simulator) = this.up().await;
        (this, web, simulator)
    }

    pub(super) async fn up(&self) -> (Web, Simulator) {
        self.done(&["up", "--no-build", "--fast"]).await;
        let env =
            fs::read_to_string(self.folder.join("env")).expect("the script writes a file env");
        let value = |name: &str| {
            env.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                .unwrap_or_else(|| panic!("{name} is not in the file env"))
                .to_owned()
        };
        (
            Web::new(value("KEYLIGHT_URL"), value("KEYLIGHT_ADMIN_TOKEN")),
            Simulator::new(value("CLICKUP_SIM_URL")),
        )
    }

    /// Runs the script and gives what became of it.
    pub(super) async fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new("bash");
        command
            .arg(SCRIPT)
            .args(words)
            .arg(&self.folder)
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env_remove("CLICKUP_TOKEN")
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("waiting for the script does not panic")
            .expect("bash is there")
    }

    async fn done(&self, words: &[&str]) {
        let output = self.run(words).await;
        assert!(
            output.status.success(),
            "scripts/cluster {words:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub(super) fn parts() -> Vec<Part> {
        vec![
            Part::IntakeApi,
            Part::WebhookGateway,
            Part::Analytics,
            Part::ClickupSync(0),
            Part::ClickupSync(1),
            Part::EntityService,
        ]
    }

    pub(super) fn kill(&self, part: Part) {
        let file = self.folder.join(format!("{}.pid", name(part)));
        let pid = read_pid(&file).unwrap_or_else(|| panic!("no process id in {}", file.display()));
        signal_process(pid, Signal::Kill);
    }

    pub(super) async fn revive(&self, part: Part) {
        self.done(&["restart", name(part)]).await;
    }

    pub(super) fn stop(&self) -> ExitStatus {
        Command::new("bash")
            .arg(SCRIPT)
            .arg("down")
            .arg(&self.folder)
            .stdin(Stdio::null())
            .status()
            .expect("bash is there")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn name(part: Part) -> &'static str {
    match part {
        Part::IntakeApi => "intake-api",
        Part::WebhookGateway => "webhook-gateway",
        Part::Analytics => "analytics",
        Part::ClickupSync(0) => "clickup-sync-1",
        Part::ClickupSync(_) => "clickup-sync-2",
        Part::EntityService => "entity-service",
        Part::Everything | Part::Broker => panic!("{part:?} is no process of the script"),
    }
}
