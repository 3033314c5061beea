//! One program of ours, started with a clean environment; it can be stopped, killed and started again.

use keylight_testkit::daemon::{Signal, signal_process};
use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// A program that was built beside the tests.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the test program knows its own path");
    // target/debug/deps/e2e_embedded-0123 -> target/debug/NAME
    let path = tests
        .ancestors()
        .nth(2)
        .expect("test programs lie two folders below the target folder")
        .join(name);
    assert!(
        path.is_file(),
        "{} is not built: run `cargo build --workspace --all-targets`, or `scripts/test e2e` which does",
        path.display()
    );
    path
}

/// A program of ours. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// Not started yet. Its log and pid file go to `folder`, under `name`.
    #[must_use]
    pub fn new(name: &str, program_name: &str, folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: program(program_name),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: folder.to_owned(),
            child: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable. Nothing of the tests' own environment reaches the program.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// A command with the environment and the arguments, for programs that end by themselves.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::var_os("HOME").unwrap_or_default())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts it, also after it ended.
    ///
    /// # Panics
    /// When it runs already or cannot be started.
    pub fn start(&mut self) {
        assert!(!self.is_running(), "{} runs already", self.name);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("the log file can be written");
        let child = self
            .command()
            .stdout(log.try_clone().expect("the log file can be shared"))
            .stderr(log)
            // so that an interrupt from the keyboard reaches only the tests
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.name));
        fs::write(
            self.folder.join(format!("{}.pid", self.name)),
            child.id().to_string(),
        )
        .expect("the pid file can be written");
        self.child = Some(child);
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Process id, if it was started.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it as the system's out-of-memory killer would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop, as Ctrl-C does, and waits.
    ///
    /// # Panics
    /// When it does not run, or does not end within `patience`.
    pub fn stop(&mut self, patience: Duration) -> ExitStatus {
        let mut child = self
            .child
            .take()
            .unwrap_or_else(|| panic!("{} does not run", self.name));
        signal_process(child.id(), Signal::Interrupt);
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = child.try_wait().expect("the process can be waited for") {
                return status;
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                panic!(
                    "{} did not end within {} s; its log ends with:\n{}",
                    self.name,
                    patience.as_secs(),
                    self.last_words(30)
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The last lines of its log.
    #[must_use]
    pub fn last_words(&self, lines: usize) -> String {
        let log = self.log();
        let all: Vec<_> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- {} said last:\n{}", self.name, self.last_words(25));
        }
    }
}
