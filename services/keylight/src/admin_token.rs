//! The bearer token of the admin endpoints, until staff accounts come.

use crate::data_folder;
use anyhow::{Context as _, bail};
use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::SecretString;
use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Name of the file in the data folder.
const FILE: &str = "admin-token";
/// Letters and digits of a token that we make: 190 bits.
const LENGTH: usize = 32;

/// A token, and whether people have seen it before.
pub(crate) struct AdminToken {
    /// The token.
    pub(crate) value: SecretString,
    /// Made just now, so it has to be shown.
    pub(crate) fresh: bool,
    /// The file that keeps it.
    pub(crate) file: PathBuf,
}

/// The token that the data folder keeps; made at the first start. Only the owner may read the file.
///
/// # Errors
/// When the file cannot be read or written, or is empty.
pub(crate) fn load_or_make(folder: &Path) -> anyhow::Result<AdminToken> {
    let file = folder.join(FILE);
    match fs::read_to_string(&file) {
        Ok(text) if text.trim().is_empty() => {
            bail!(
                "the file {} is empty: remove it to have a new admin token made, or set KEYLIGHT_ADMIN_TOKEN",
                file.display()
            )
        }
        Ok(text) => {
            // a copy or a restored backup may have lost the protection
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
                .with_context(|| format!("cannot protect {}", file.display()))?;
            Ok(AdminToken {
                value: SecretString::from(text.trim()),
                fresh: false,
                file,
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let value = SecretString::from(format!(
                "kl_admin_{}",
                Alphanumeric.sample_string(&mut rand::rng(), LENGTH)
            ));
            data_folder::write_private(&file, &value)
                .with_context(|| format!("cannot keep the admin token in {}", file.display()))?;
            Ok(AdminToken {
                value,
                fresh: true,
                file,
            })
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the admin token in {}", file.display()))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn made_once_kept_and_only_for_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let first = load_or_make(folder.path()).unwrap();
        assert!(first.fresh);
        assert!(first.value.expose_secret().len() > LENGTH);
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&first.file), 0o600);

        fs::set_permissions(&first.file, fs::Permissions::from_mode(0o644)).unwrap();
        let second = load_or_make(folder.path()).unwrap();
        assert!(!second.fresh);
        assert_eq!(first.value.expose_secret(), second.value.expose_secret());
        assert_eq!(mode(&second.file), 0o600);
    }

    #[test]
    fn an_empty_file_is_not_a_token() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "\n").unwrap();
        let Err(error) = load_or_make(folder.path()) else {
            panic!("an empty token was accepted")
        };
        assert!(error.to_string().contains("remove it"), "{error}");
    }
}
