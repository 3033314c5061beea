//! The operating-system account a server runs under.
//!
//! PostgreSQL refuses to run as root, and RabbitMQ should not. When tests run as root (in containers they do), servers
//! run under the account that their package made.

use anyhow::{Context, Result};
use std::{
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// The account for a server's processes and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// Whoever runs the tests.
    Own,
    /// Another one, because we are root.
    Other {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl Account {
    /// The account `name` when we are root, our own otherwise.
    ///
    /// # Errors
    /// When we are root and there is no such account.
    pub fn for_server(name: &str) -> Result<Self> {
        if !is_root() {
            return Ok(Self::Own);
        }
        let accounts = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let fields = accounts
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.first() == Some(&name) && fields.len() > 3)
            .with_context(|| {
                format!("there is no account {name} to run the server under; install its package")
            })?;
        Ok(Self::Other {
            uid: fields[2].parse().context("user id is not a number")?,
            gid: fields[3].parse().context("group id is not a number")?,
        })
    }

    /// Makes `command` run under this account.
    pub fn apply(self, command: &mut Command) {
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// Creates a folder that belongs to this account.
    ///
    /// # Errors
    /// When it cannot be created or given away.
    pub fn create_dir(self, path: &Path) -> Result<()> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        if let Self::Other { uid, gid } = self {
            chown(path, Some(uid), Some(gid))
                .with_context(|| format!("cannot give {} away", path.display()))?;
        }
        Ok(())
    }
}

/// Whether this process runs as root.
#[must_use]
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}
