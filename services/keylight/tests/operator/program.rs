//! The built program: running in the background, and called as an operator does.

use keylight_contracts::v1::access_service_client::AccessServiceClient;
use keylight_rpc::client::Channel;
use keylight_testkit::{free_port, wait::wait_until};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

const START: Duration = Duration::from_secs(90);

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keylight"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", std::env::var_os("HOME").unwrap_or_default())
        .env("KEYLIGHT_DATA_DIR", folder.join("data"))
        .current_dir(folder);
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn done(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        self
    }

    /// Refused with one message.
    pub fn refused(&self) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(1), ""), "{self:?}");
        self.err.trim_end()
    }
}

/// A `keylight up` with a folder of its own.
pub struct Up {
    folder: tempfile::TempDir,
    http: u16,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
}

impl Up {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            http: free_port(),
            settings: Vec::new(),
            child: None,
        }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("up.log")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    pub fn begin(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let child = program(self.folder.path())
            .env("KEYLIGHT_HTTP_ADDR", format!("127.0.0.1:{}", self.http))
            .env(
                "KEYLIGHT_CLICKUP_SIM_ADDR",
                format!("127.0.0.1:{}", free_port()),
            )
            .env("KEYLIGHT_LOG_FORMAT", "json")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    pub async fn start(&mut self) {
        let before = self.log().len();
        self.begin();
        wait_until("it is up", START, || {
            let said = self.log()[before..].to_owned();
            async move {
                if said.contains("Keylight is up") {
                    Ok(())
                } else {
                    Err(said)
                }
            }
        })
        .await;
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        let mut code = None;
        wait_until("it has ended", START, || {
            let status = child.try_wait().unwrap();
            code = status.and_then(|status| status.code());
            async move { status.map(|_| ()).ok_or("it runs".to_owned()) }
        })
        .await;
        code
    }

    pub async fn stop(&mut self) {
        let pid = self.child.as_ref().unwrap().id();
        keylight_testkit::daemon::signal_process(pid, keylight_testkit::daemon::Signal::Interrupt);
        assert_eq!(self.ended().await, Some(0), "{}", self.log());
    }

    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Runs a command, with something on its standard input.
    pub fn run_with(&self, words: &[&str], input: &str) -> Ended {
        let mut child = program(self.folder.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // who is refused before reading has closed it
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    pub fn run(&self, words: &[&str]) -> Ended {
        self.run_with(words, "")
    }

    /// A channel to one of its services, with the token that the command line finds.
    pub fn channel(&self, service: &str) -> Channel {
        let text = fs::read_to_string(self.data().join("running.json")).unwrap();
        let running: Value = serde_json::from_str(&text).unwrap();
        let rpc = keylight_rpc::config::Config {
            token: running["service_token"].as_str().unwrap().into(),
            deadline: Duration::from_secs(30),
        };
        let url = running[service].as_str().unwrap().parse().unwrap();
        keylight_rpc::client::channel(&url, &rpc).unwrap()
    }

    /// Who may come in.
    pub fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel("entity"))
    }

    /// The status of an API call with a token.
    pub async fn api(&self, path: &str, token: &str) -> u16 {
        let url = format!("http://127.0.0.1:{}{path}", self.http);
        let answer = client().get(url).bearer_auth(token).send().await.unwrap();
        answer.status().as_u16()
    }

    /// The answer to an API call with a token, which must succeed.
    pub async fn json(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.http);
        let mut request = client()
            .request(method.parse().unwrap(), url)
            .bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The status of a public POST.
    pub async fn post(&self, path: &str, body: &Value) -> u16 {
        let url = format!("http://127.0.0.1:{}{path}", self.http);
        let answer = client().post(url).json(body).send().await.unwrap();
        answer.status().as_u16()
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl Drop for Up {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let last: Vec<_> = log.lines().rev().take(25).collect();
            eprintln!("--- it said last, newest first:\n{}", last.join("\n"));
        }
    }
}

pub fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}
