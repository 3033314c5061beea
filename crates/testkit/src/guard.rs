//! No server outlives the test process that started it, however that process ends.
//!
//! A small shell waits at the end of a pipe whose other end only we hold. The system closes that end when we exit, crash
//! or are killed; then the shell kills the servers by the process ids in their files and removes the folder.

use anyhow::{Context, Result};
use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

const SCRIPT: &str = r#"
cat >/dev/null
for file in "$1"/*.pid; do
    pid=$(cat "$file" 2>/dev/null) && kill -KILL "$pid" 2>/dev/null
done
sleep 0.2
rm -rf "$1"
"#;

/// Watches over a folder of servers. Dropping it has the same effect as the end of the process.
#[derive(Debug)]
pub struct Guard {
    shell: Child,
}

impl Guard {
    /// Guards the servers whose `*.pid` files are in `folder`, and the folder.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn over(folder: &Path) -> Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // so that an interrupt from the keyboard does not end the guard before its work
            .process_group(0)
            .spawn()
            .context("cannot start the shell that cleans up")?;
        Ok(Self { shell })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
