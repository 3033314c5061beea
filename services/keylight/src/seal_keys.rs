//! The keys that seal secrets in the database, for a process that nobody gave any: kept in the data folder.
//!
//! They stand beside the database that they protect, so they help against a copy of the database alone (a dump, a backup of
//! the folder `postgres`), not against somebody who has the whole folder.

use crate::data_folder;
use anyhow::{Context as _, bail};
use keylight_store::sealed::{self, Keyring};
use secrecy::SecretString;
use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt as _, path::Path};

/// Name of the file in the data folder: a key a line, the first one seals.
pub(crate) const FILE: &str = "seal-keys";
/// Id of the key that is made at the first start.
const FIRST_ID: &str = "first";

/// The keys that the data folder keeps; one is made at the first start. Only the owner may read the file.
///
/// # Errors
/// When the file cannot be read or written, or holds something else.
pub(crate) fn load_or_make(folder: &Path) -> anyhow::Result<SecretString> {
    let file = folder.join(FILE);
    match fs::read_to_string(&file).map(SecretString::from) {
        Ok(keys) => {
            // a copy or a restored backup may have lost the protection
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
                .with_context(|| format!("cannot protect {}", file.display()))?;
            if let Err(error) = Keyring::parse(&keys) {
                bail!("the keys in {} cannot be used: {error}", file.display());
            }
            Ok(keys)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let keys = sealed::new_key(FIRST_ID);
            data_folder::write_private(&file, &keys)
                .with_context(|| format!("cannot keep a key in {}", file.display()))?;
            Ok(keys)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
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
        let file = folder.path().join(FILE);
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let second = load_or_make(folder.path()).unwrap();
        assert_eq!(first.expose_secret().trim(), second.expose_secret().trim());
        assert_eq!(mode(), 0o600);

        // as an operator adds one: the new one on top
        let both = format!(
            "{}\n{}",
            sealed::new_key("k2").expose_secret(),
            second.expose_secret()
        );
        fs::write(&file, both).unwrap();
        let keyring = Keyring::parse(&load_or_make(folder.path()).unwrap()).unwrap();
        assert_eq!((keyring.first_id(), keyring.ids().count()), ("k2", 2));
    }

    #[test]
    fn a_damaged_file_is_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "first:hunter2").unwrap();
        let error = format!("{:#}", load_or_make(folder.path()).unwrap_err());
        assert!(
            error.contains(FILE) && !error.contains("hunter2"),
            "{error}"
        );
    }
}
