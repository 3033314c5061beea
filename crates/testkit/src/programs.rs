//! Finding the server programs, and installing them where that is possible.

use crate::account::is_root;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// Folder with `initdb` and `postgres`: from `PATH`, or the newest version that Debian's packages left.
///
/// # Errors
/// One sentence that says what to install.
pub fn postgres_bin() -> Result<PathBuf> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    install("postgresql", || find_postgres().is_some())?;
    find_postgres().context("PostgreSQL was installed, but its programs are nowhere to be found")
}

/// The program `rabbitmq-server` itself, not the wrapper that writes to system folders.
///
/// # Errors
/// One sentence that says what to install.
pub fn rabbitmq_server() -> Result<PathBuf> {
    if let Some(found) = find_rabbitmq() {
        return Ok(found);
    }
    install("rabbitmq-server", || find_rabbitmq().is_some())?;
    find_rabbitmq()
        .context("RabbitMQ was installed, but its program rabbitmq-server is nowhere to be found")
}

fn find_postgres() -> Option<PathBuf> {
    // a folder of PATH may hold only some of them, as links
    let complete = |dir: &Path| {
        ["initdb", "postgres", "pg_isready", "psql"]
            .iter()
            .all(|name| dir.join(name).is_file())
    };
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, bin)| complete(bin))
        .collect();
    versions.sort();
    path_folders()
        .find(|dir| complete(dir))
        .or_else(|| versions.pop().map(|(_, bin)| bin))
}

fn find_rabbitmq() -> Option<PathBuf> {
    // the file of this name in /usr/sbin is Debian's wrapper
    std::iter::once(PathBuf::from("/usr/lib/rabbitmq/bin"))
        .chain(path_folders().filter(|dir| !dir.ends_with("sbin")))
        .map(|dir| dir.join("rabbitmq-server"))
        .find(|program| program.is_file())
}

fn path_folders() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// apt-get runs once at a time; both servers are looked for, and so installed, side by side.
static APT: Mutex<()> = Mutex::new(());

/// Installs a Debian package without letting it start a system service, unless `present` by the time it is our turn.
fn install(package: &str, present: impl Fn() -> bool) -> Result<()> {
    // holds nothing that a panic could leave half done
    let _turn = APT.lock().unwrap_or_else(PoisonError::into_inner);
    if present() {
        return Ok(());
    }
    let has_apt = path_folders().any(|dir| dir.join("apt-get").is_file());
    if !is_root() || !has_apt {
        bail!(
            "{package} is not installed; install it (Debian: apt-get install {package}) and run again"
        );
    }
    eprintln!("installing {package} ...");
    let policy = ServicePolicy::forbid_starts()?;
    let update = run_quietly(&["update"]);
    let installed = run_quietly(&["install", "-y", "--no-install-recommends", package]);
    drop(policy);
    installed.with_context(|| {
        let hint = if update.is_err() {
            " (apt-get update failed as well)"
        } else {
            ""
        };
        format!("apt-get could not install {package}{hint}; install it by hand and run again")
    })
}

fn run_quietly(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        // somebody else may be installing just now
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("apt-get did not start")?;
    if !status.success() {
        bail!("apt-get {} ended with {status}", arguments[0]);
    }
    Ok(())
}

/// `policy-rc.d` answering 101 keeps packages from starting their services. Taken away again unless it was there before.
struct ServicePolicy {
    ours: bool,
}

impl ServicePolicy {
    const FILE: &'static str = "/usr/sbin/policy-rc.d";

    fn forbid_starts() -> Result<Self> {
        if Path::new(Self::FILE).exists() {
            return Ok(Self { ours: false });
        }
        fs::write(Self::FILE, "#!/bin/sh\nexit 101\n").context("cannot write policy-rc.d")?;
        fs::set_permissions(Self::FILE, fs::Permissions::from_mode(0o755))
            .context("cannot make policy-rc.d executable")?;
        Ok(Self { ours: true })
    }
}

impl Drop for ServicePolicy {
    fn drop(&mut self) {
        if self.ours {
            let _ = fs::remove_file(Self::FILE);
        }
    }
}
