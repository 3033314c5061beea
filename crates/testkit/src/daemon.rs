//! One server process: started in a process group of its own, with a log file and a pid file.

use crate::account::Account;
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How a server process is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Orderly (RabbitMQ).
    Terminate,
    /// Orderly and without waiting for clients (PostgreSQL).
    Interrupt,
    /// At once, nothing is finished.
    Kill,
    /// Stops running, keeps its connections.
    Freeze,
    /// Runs again after [`Signal::Freeze`].
    Thaw,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Kill => "KILL",
            Self::Freeze => "STOP",
            Self::Thaw => "CONT",
        }
    }
}

/// A server process that this process started.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command` under `account`; its output goes to `log`, its process id to `pid_file`.
    ///
    /// # Errors
    /// When a file cannot be written or the program does not start.
    pub fn start(
        mut command: Command,
        account: Account,
        log: &Path,
        pid_file: &Path,
    ) -> Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        account.apply(&mut command);
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("cannot share the log file")?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        fs::write(pid_file, child.id().to_string())
            .with_context(|| format!("cannot write {}", pid_file.display()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    /// When the process ends before, or is not ready in time; with the end of its log.
    pub fn wait_ready(&mut self, within: Duration, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            if ready() {
                return Ok(());
            }
            if let Some(status) = self
                .child
                .try_wait()
                .context("cannot look after the process")?
            {
                bail!("the server ended with {status}: {}", self.last_words());
            }
            if Instant::now() > deadline {
                bail!(
                    "the server was not ready within {} s: {}",
                    within.as_secs(),
                    self.last_words()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends `signal` to the process.
    pub fn signal(&self, signal: Signal) {
        signal_process(self.pid(), signal);
    }

    /// Asks the process to end with `signal`, and kills it if that takes longer than 20 s.
    pub fn end(&mut self, signal: Signal) {
        self.signal(signal);
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn last_words(&self) -> String {
        last_lines(&self.log, 8)
    }
}

/// The last `count` lines of a log that are not empty, in one line; nothing if it cannot be read.
pub(crate) fn last_lines(log: &Path, count: usize) -> String {
    let log = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join(" | ")
}

/// Sends `signal` to the process `pid`; nothing happens if there is none.
pub fn signal_process(pid: u32, signal: Signal) {
    // the shell's own kill: no program of that name is needed
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -{} {pid}", signal.name())])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Whether a process `pid` exists and is not only waiting to be collected.
#[must_use]
pub fn is_running(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // the state follows the program's name, which may itself hold anything in parentheses
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.starts_with('Z'))
}

/// The process id in a file that [`Daemon::start`] wrote.
#[must_use]
pub fn read_pid(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}
