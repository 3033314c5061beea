//! What a running `keylight up` tells the command line: where its services answer, and the token for them.
//!
//! It stands in a file of the data folder that only the owner may read, as long as the process runs. A file that a killed
//! process left is recognised: nobody holds the folder's lock any more, or somebody else does.

use crate::data_folder;
use anyhow::Context as _;
use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use url::Url;

/// Name of the file in the data folder.
const FILE: &str = "running.json";
/// Letters and digits of the token between the services.
const TOKEN_LENGTH: usize = 40;

/// Where the services of a running process answer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    pid: u32,
    /// entity-service
    pub(crate) entity: Url,
    /// clickup-sync
    pub(crate) sync: Url,
    /// analytics
    pub(crate) analytics: Url,
    /// webhook-gateway
    pub(crate) gateway: Url,
    service_token: String,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// This process, whose services listen at these addresses.
    ///
    /// # Errors
    /// Never in practice: addresses make URLs.
    pub(crate) fn here(
        entity: SocketAddr,
        sync: SocketAddr,
        analytics: SocketAddr,
        gateway: SocketAddr,
        service_token: &SecretString,
    ) -> anyhow::Result<Self> {
        let url = |address: SocketAddr| Url::parse(&format!("http://{address}"));
        Ok(Self {
            pid: std::process::id(),
            entity: url(entity)?,
            sync: url(sync)?,
            analytics: url(analytics)?,
            gateway: url(gateway)?,
            service_token: service_token.expose_secret().to_owned(),
        })
    }

    /// The token that the services want to see.
    pub(crate) fn service_token(&self) -> SecretString {
        SecretString::from(self.service_token.as_str())
    }

    /// Tells the command line, until the answer is dropped.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn tell(&self, folder: &Path) -> anyhow::Result<Told> {
        let file = folder.join(FILE);
        let text = SecretString::from(serde_json::to_string(self)?);
        data_folder::write_private(&file, &text)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Told(file))
    }

    /// The process that runs on this data folder, if there is one and it has come up.
    ///
    /// # Errors
    /// When the file is there but not for us, or damaged.
    pub(crate) fn find(folder: &Path) -> anyhow::Result<Option<Self>> {
        let file = folder.join(FILE);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| {
                    format!(
                        "cannot read {}: run this as the user that runs keylight",
                        file.display()
                    )
                });
            }
        };
        let running: Self = serde_json::from_str(&text)
            .ok()
            // the parser's own words could show the token
            .with_context(|| {
                format!(
                    "{} cannot be understood: restart keylight up, which writes it anew",
                    file.display()
                )
            })?;
        Ok((data_folder::holder(folder) == Some(running.pid)).then_some(running))
    }
}

/// A new token between the services.
pub(crate) fn new_service_token() -> SecretString {
    SecretString::from(Alphanumeric.sample_string(&mut rand::rng(), TOKEN_LENGTH))
}

/// The written file; goes away with this value.
#[derive(Debug)]
pub(crate) struct Told(PathBuf);

impl Drop for Told {
    fn drop(&mut self) {
        // one that stays is recognised as stale
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data_folder::DataFolder;
    use std::{os::unix::fs::PermissionsExt as _, time::Duration};

    fn here() -> Running {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let token = SecretString::from("s3cret-service-token");
        Running::here(address(1), address(2), address(3), address(4), &token).unwrap()
    }

    #[tokio::test]
    async fn found_while_it_runs_and_not_afterwards() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path();
        assert!(Running::find(path).unwrap().is_none());
        let folder = DataFolder::open(path, Duration::ZERO).await.unwrap();
        assert!(Running::find(path).unwrap().is_none(), "not up yet");
        let told = here().tell(folder.path()).unwrap();
        let found = Running::find(path).unwrap().unwrap();
        assert_eq!(found.entity.as_str(), "http://127.0.0.1:1/");
        assert_eq!(
            found.service_token().expose_secret(),
            "s3cret-service-token"
        );
        assert!(!format!("{found:?}").contains("s3cret"));
        let mode = fs::metadata(path.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(told);
        assert!(Running::find(path).unwrap().is_none());
    }

    #[tokio::test]
    async fn what_a_killed_process_left_is_stale() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(parent.path(), Duration::ZERO)
            .await
            .unwrap();
        std::mem::forget(here().tell(folder.path()).unwrap());
        drop(folder);
        assert!(Running::find(parent.path()).unwrap().is_none(), "no lock");
        // the next one holds the lock, and has not come up yet
        let _folder = DataFolder::open(parent.path(), Duration::ZERO)
            .await
            .unwrap();
        let mut other = here();
        other.pid += 1;
        std::mem::forget(other.tell(parent.path()).unwrap());
        assert!(Running::find(parent.path()).unwrap().is_none(), "not its");
    }

    #[test]
    fn a_damaged_file_does_not_show_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), r#"{"service_token":"s3cret""#).unwrap();
        let error = format!("{:#}", Running::find(folder.path()).unwrap_err());
        assert!(error.contains(FILE) && !error.contains("s3cret"), "{error}");
    }
}
