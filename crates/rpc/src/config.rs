//! Settings shared by callers and callees.

use keylight_runtime::config::{Key, Reader};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;

/// The token that services show each other.
pub const SERVICE_TOKEN: Key = Key {
    path: "rpc.service_token",
    env: "KEYLIGHT_SERVICE_TOKEN",
    default: None,
    secret: true,
    doc: "token that the services show each other; the same for all, at least 16 characters",
};
const DEADLINE: Key = Key {
    path: "rpc.deadline",
    env: "KEYLIGHT_RPC_DEADLINE",
    default: Some("10s"),
    secret: false,
    doc: "how long a call to another service may take",
};

/// The settings of this module.
pub const KEYS: &[Key] = &[SERVICE_TOKEN, DEADLINE];

/// How services talk to each other.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`SERVICE_TOKEN`].
    pub token: SecretString,
    /// Longest duration of a call.
    pub deadline: Duration,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let token = reader.secret(&SERVICE_TOKEN);
        let length = token.expose_secret().len();
        if length > 0 && length < 16 {
            reader.refuse(
                &SERVICE_TOKEN,
                "the value has fewer than 16 characters; take a longer one",
            );
        }
        Self {
            token,
            deadline: reader.duration(&DEADLINE),
        }
    }
}
