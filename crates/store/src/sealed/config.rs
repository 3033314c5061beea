//! The setting that holds the keys.

use super::{Keyring, new_key};
use keylight_runtime::config::{Key, Reader};

/// The keys.
pub const SEAL_KEYS: Key = Key {
    path: "seal.keys",
    env: "KEYLIGHT_SEAL_KEYS",
    default: None,
    secret: true,
    doc: "keys that seal secrets in the database, id:key[,id:key…]: the first one seals, all open; the same for all \
          services, made by `keylight seal new-key`",
};

/// The settings of this module.
pub const KEYS: &[Key] = &[SEAL_KEYS];

/// Reads the keys. There is no way to go on without: secrets would stand in the database for everybody to read.
pub fn read(reader: &mut Reader) -> Keyring {
    let text = reader.secret(&SEAL_KEYS);
    let given = reader.is_set(&SEAL_KEYS);
    match Keyring::parse(&text) {
        Ok(keyring) => return keyring,
        Err(error) if given => reader.refuse(&SEAL_KEYS, error.to_string()),
        // said already
        Err(_) => {}
    }
    // never used: the process ends with the mistake
    Keyring::parse(&new_key("none")).expect("a fresh key can be read")
}
