//! Private servers for scripts: `up` starts them in a folder and leaves them running, `down` ends them.

use crate::{
    daemon::{self, Signal, is_running, read_pid},
    postgres::{self, Durability},
    rabbit,
};
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// File in the folder that tells scripts where the servers are, as lines `NAME=value`.
pub const ENV_FILE: &str = "env";

/// Pid files by server, with the signal that ends it in good order.
const SERVERS: [(&str, Signal); 2] = [
    ("rabbitmq", Signal::Terminate),
    ("postgres", Signal::Interrupt),
];

/// Starts PostgreSQL and RabbitMQ in `dir` and writes the file [`ENV_FILE`].
///
/// # Errors
/// When they run there already, or one does not start; then none is left running.
pub fn up(dir: &Path, durability: Durability) -> Result<String> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let dir = dir
        .canonicalize()
        .with_context(|| format!("cannot find {}", dir.display()))?;
    if let Some((name, pid)) = running(&dir)
        .into_iter()
        .find_map(|(name, pid)| Some((name, pid?)))
    {
        bail!(
            "{name} already runs in {} (process {pid}); run `keylight-servers down` first",
            dir.display()
        );
    }
    let started = start_both(&dir, durability);
    if started.is_err() {
        down(&dir)?;
    }
    started
}

fn start_both(dir: &Path, durability: Durability) -> Result<String> {
    // side by side: the broker takes its time
    let (postgres, rabbit) = std::thread::scope(|scope| {
        let rabbit = scope.spawn(|| rabbit::Server::start(dir));
        (postgres::Server::start(dir, durability), rabbit.join())
    });
    let postgres = postgres?;
    let rabbit = rabbit.map_err(|_| anyhow::anyhow!("starting RabbitMQ panicked"))??;
    create_database(&postgres, "keylight")?;

    let mut env = String::new();
    for (name, value) in [
        ("DATABASE_URL", postgres.url("keylight")),
        ("AMQP_URL", rabbit.url()),
        (postgres::TEST_URL, postgres.url("postgres")),
        (rabbit::TEST_URL, rabbit.url()),
        ("POSTGRES_BIN", postgres.bin().display().to_string()),
        ("POSTGRES_PID", postgres.pid().to_string()),
        ("RABBITMQ_PID", rabbit.pid().unwrap_or_default().to_string()),
    ] {
        let _ = writeln!(env, "{name}={value}");
    }
    let file = dir.join(ENV_FILE);
    fs::write(&file, &env).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(env)
}

/// [`up`] for servers whose data nobody needs afterwards: PostgreSQL does not sync, and the broker keeps its files in a
/// [`quick_folder`]. [`discard`] ends and removes them.
///
/// # Errors
/// As [`up`].
pub fn up_for_a_while(dir: &Path) -> Result<String> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    keep_broker_in_memory(dir)?;
    let started = up(dir, Durability::Process);
    if started.is_err() {
        let _ = remove_memory(dir);
    }
    started
}

/// Lets the broker's folder in `dir` lead to one of [`quick_folder`].
fn keep_broker_in_memory(dir: &Path) -> Result<()> {
    let link = dir.join("rabbitmq");
    if link.symlink_metadata().is_ok() {
        return Ok(()); // of an earlier start
    }
    let folder = quick_folder("broker")?;
    std::os::unix::fs::symlink(&folder, &link)
        .with_context(|| format!("cannot make {}", link.display()))
}

/// Ends the servers of `dir` and removes it with all data.
///
/// # Errors
/// When one does not end, or something cannot be removed.
pub fn discard(dir: &Path) -> Result<()> {
    down(dir)?;
    remove_memory(dir)?;
    fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))
}

fn remove_memory(dir: &Path) -> Result<()> {
    let link = dir.join("rabbitmq");
    if let Ok(elsewhere) = fs::read_link(&link) {
        fs::remove_dir_all(&elsewhere)
            .with_context(|| format!("cannot remove {}", elsewhere.display()))?;
        fs::remove_file(&link).with_context(|| format!("cannot remove {}", link.display()))?;
    }
    Ok(())
}

fn create_database(server: &postgres::Server, name: &str) -> Result<()> {
    let psql = |sql: &str| {
        Command::new(server.bin().join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-d",
                &server.url("postgres"),
                "-c",
                sql,
            ])
            .stdin(Stdio::null())
            .output()
            .context("psql did not start")
    };
    let found = psql(&format!(
        "SELECT 1 FROM pg_database WHERE datname = '{name}'"
    ))?;
    if found.stdout.trim_ascii().is_empty() {
        let created = psql(&format!("CREATE DATABASE {name}"))?;
        if !created.status.success() {
            bail!(
                "cannot create the database {name}: {}",
                String::from_utf8_lossy(&created.stderr).trim()
            );
        }
    }
    Ok(())
}

/// Ends the servers that [`up`] started in `dir`. Their data stays.
///
/// # Errors
/// When one does not end.
pub fn down(dir: &Path) -> Result<()> {
    for (name, signal) in SERVERS {
        let pid_file = dir.join(format!("{name}.pid"));
        let Some(pid) = read_pid(&pid_file) else {
            continue;
        };
        if runs_as(name, pid) {
            daemon::signal_process(pid, signal);
            if !ends_within(pid, Duration::from_secs(20)) {
                daemon::signal_process(pid, Signal::Kill);
                if !ends_within(pid, Duration::from_secs(5)) {
                    bail!("{name} (process {pid}) does not end");
                }
            }
        }
        fs::remove_file(&pid_file)
            .with_context(|| format!("cannot remove {}", pid_file.display()))?;
    }
    let _ = fs::remove_file(dir.join(ENV_FILE));
    Ok(())
}

/// Process id by server, `None` where it does not run.
#[must_use]
pub fn running(dir: &Path) -> Vec<(&'static str, Option<u32>)> {
    SERVERS
        .iter()
        .map(|(name, _)| {
            let pid = read_pid(&dir.join(format!("{name}.pid"))).filter(|pid| runs_as(name, *pid));
            (*name, pid)
        })
        .collect()
}

/// Whether process `pid` is that server: after a restart of the machine its number may belong to anything.
fn runs_as(name: &str, pid: u32) -> bool {
    let program = match name {
        "rabbitmq" => "beam",
        other => other,
    };
    let started_as = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    is_running(pid) && String::from_utf8_lossy(&started_as).contains(program)
}

fn ends_within(pid: u32, within: Duration) -> bool {
    let deadline = Instant::now() + within;
    while is_running(pid) {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// A new folder for the servers of this process, which their accounts may enter.
///
/// # Errors
/// When it cannot be made.
pub fn temporary_folder(what: &str) -> Result<PathBuf> {
    new_folder(what, &std::env::temp_dir())
}

/// A file system in memory.
const MEMORY: &str = "/dev/shm";
/// Least room there, in KiB, for it to be used: a broker's logs take some hundred MB at most.
const MEMORY_KIB: u64 = 2 * 1024 * 1024;

/// [`temporary_folder`] for a server that forces every write to the disk, which tests have no use for: they kill processes,
/// they cut no power. In memory if there is room: on a build server with a throttled disk a broker took more than five
/// seconds for each confirm, and minutes to start.
///
/// # Errors
/// When it cannot be made.
pub fn quick_folder(what: &str) -> Result<PathBuf> {
    if free_kib(MEMORY).is_some_and(|free| free >= MEMORY_KIB)
        && let Ok(folder) = new_folder(what, Path::new(MEMORY))
    {
        return Ok(folder);
    }
    temporary_folder(what)
}

/// Room left in a file system, as `df` tells.
fn free_kib(path: &str) -> Option<u64> {
    let told = Command::new("df").args(["-Pk", path]).output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    told.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn new_folder(what: &str, place: &Path) -> Result<PathBuf> {
    let dir = tempfile::Builder::new()
        .prefix(&format!("keylight-{what}-"))
        .tempdir_in(place)
        .context("cannot make a temporary folder")?
        // its guard removes it
        .keep();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755))
        .context("cannot open the temporary folder to others")?;
    Ok(dir)
}
