//! Reading a password: from the terminal without showing it, or from standard input. Never from an argument, which every
//! user of the machine could see.

use anyhow::{Context as _, bail, ensure};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};
use std::io::{self, BufRead, IsTerminal as _, Read as _, Write as _};

/// Longest line that is read, in bytes.
const LONGEST: u64 = 4096;

/// Exit code of a process that Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 130;

/// A new password: the first line of standard input, or asked for twice.
///
/// # Errors
/// When there is none, or the second is not the first.
pub(crate) async fn new_password(from_stdin: bool) -> anyhow::Result<SecretString> {
    if from_stdin {
        let line = tokio::task::spawn_blocking(|| read_line(&mut io::stdin().lock())).await??;
        ensure!(
            !line.expose_secret().is_empty(),
            "standard input has no password in its first line"
        );
        return Ok(line);
    }
    if !io::stdin().is_terminal() {
        bail!("standard input is no terminal: hand the password in with --password-stdin");
    }
    let first = ask("new password: ").await?;
    ensure!(!first.expose_secret().is_empty(), "no password was given");
    let second = ask("the same again: ").await?;
    ensure!(
        first.expose_secret() == second.expose_secret(),
        "the two passwords differ; nothing was changed"
    );
    Ok(first)
}

/// A token: the first line of standard input, or asked for without showing it.
///
/// # Errors
/// When there is none.
pub(crate) async fn token(from_stdin: bool) -> anyhow::Result<SecretString> {
    let token = if from_stdin {
        tokio::task::spawn_blocking(|| read_line(&mut io::stdin().lock())).await??
    } else if io::stdin().is_terminal() {
        ask("token: ").await?
    } else {
        bail!("standard input is no terminal: hand the token in with --token-stdin");
    };
    ensure!(!token.expose_secret().is_empty(), "no token was given");
    Ok(token)
}

async fn ask(prompt: &str) -> anyhow::Result<SecretString> {
    let silence = Silence::begin()?;
    eprint!("{prompt}");
    let _ = io::stderr().flush();
    let line = tokio::task::spawn_blocking(|| read_line(&mut io::stdin().lock()));
    let line = tokio::select! {
        line = line => line?,
        _ = tokio::signal::ctrl_c() => {
            // the terminal must show again what is typed
            drop(silence);
            eprintln!();
            std::process::exit(INTERRUPTED)
        }
    };
    drop(silence);
    eprintln!();
    line
}

/// One line without its end.
fn read_line(input: &mut impl BufRead) -> anyhow::Result<SecretString> {
    // large enough from the start, so that no copy stays behind in memory when it grows
    let mut line = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST)? + 1));
    input
        .take(LONGEST)
        .read_until(b'\n', &mut line)
        .context("the password cannot be read")?;
    ensure!(
        u64::try_from(line.len())? < LONGEST,
        "the password is longer than {LONGEST} bytes"
    );
    let text = std::str::from_utf8(&line)
        .ok()
        .context("the password is not UTF-8")?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

/// The terminal shows nothing as long as this lives.
struct Silence(Termios);

impl Silence {
    fn begin() -> anyhow::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin).context("the terminal does not tell its settings")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &silent)
            .context("the terminal cannot be made to hide what is typed")?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(input: &[u8]) -> anyhow::Result<String> {
        Ok(read_line(&mut { input })?.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_as_it_is() {
        assert_eq!(line(b" with spaces \r\nmore\n").unwrap(), " with spaces ");
        assert_eq!(
            line("ohne Zeilenende ß".as_bytes()).unwrap(),
            "ohne Zeilenende ß"
        );
        assert_eq!(line(b"").unwrap(), "");
        let error = line(b"\xff\xfe hunter2\n").unwrap_err();
        assert!(!format!("{error:#} {error:?}").contains("hunter2"));
        assert!(
            line(&[b'x'; 5000])
                .unwrap_err()
                .to_string()
                .contains("longer")
        );
    }
}
