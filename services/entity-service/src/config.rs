//! Settings of the entity service.

use crate::access::first_start::USERNAME;
use keylight_domain::access::check_password;
use keylight_domain::submissions::Duplicates;
use keylight_runtime::config::{Key, Reader};
use secrecy::{ExposeSecret as _, SecretString};
use std::net::SocketAddr;

/// Where the service answers gRPC.
pub const GRPC_ADDR: Key = Key {
    path: "entity.grpc_addr",
    env: "KEYLIGHT_ENTITY_GRPC_ADDR",
    default: Some("127.0.0.1:50051"),
    secret: false,
    doc: "where entity-service answers gRPC",
};
const COMMITTERS: Key = Key {
    path: "entity.committers",
    env: "KEYLIGHT_ENTITY_COMMITTERS",
    default: Some("2"),
    secret: false,
    doc: "commits of applications that may run at once; more commits are smaller ones",
};
const QUEUE: Key = Key {
    path: "entity.intake_queue",
    env: "KEYLIGHT_ENTITY_INTAKE_QUEUE",
    default: Some("2048"),
    secret: false,
    doc: "applications that may wait for a commit before more are answered with 503",
};

const DUPLICATES: Key = Key {
    path: "intake.duplicates",
    env: "KEYLIGHT_INTAKE_DUPLICATES",
    default: Some("reject"),
    secret: false,
    doc: "an address that applies again: reject (refused) or link (a new submission and project of the same person)",
};

/// Password of the account that is made when there is none.
pub const ADMIN_PASSWORD: Key = Key {
    path: "entity.admin_password",
    env: "KEYLIGHT_ADMIN_PASSWORD",
    default: None,
    secret: true,
    doc: "password of the first staff account, admin, made when there is none; at least 12 characters; unset = a one-time \
          password shown at a terminal",
};

/// The settings of this module.
pub const KEYS: &[Key] = &[GRPC_ADDR, COMMITTERS, QUEUE, ADMIN_PASSWORD, DUPLICATES];

/// How the service runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where `main` listens; [`crate::app::run`] is given a listener.
    pub grpc_addr: SocketAddr,
    /// Token that callers must show.
    pub rpc: keylight_rpc::config::Config,
    /// Commits at once; never more than there are connections.
    pub committers: u32,
    /// Applications that may wait.
    pub queue: usize,
    /// What happens when a known address applies again.
    pub duplicates: Duplicates,
    /// See [`ADMIN_PASSWORD`].
    pub admin_password: Option<SecretString>,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let duplicates = reader.string(&DUPLICATES);
        let duplicates = Duplicates::parse(&duplicates).unwrap_or_else(|| {
            reader.refuse(
                &DUPLICATES,
                format!("must be one of: {}", Duplicates::listed()),
            );
            Duplicates::Reject
        });
        let admin_password = reader.opt_secret(&ADMIN_PASSWORD);
        if let Some(password) = &admin_password
            && let Err(error) = check_password(USERNAME, password.expose_secret())
        {
            reader.refuse(&ADMIN_PASSWORD, error.message);
        }
        Self {
            grpc_addr: reader.addr(&GRPC_ADDR),
            rpc: keylight_rpc::config::Config::read(reader),
            committers: reader.number(&COMMITTERS, 1, 64),
            queue: reader.number(&QUEUE, 1, 100_000),
            duplicates,
            admin_password,
        }
    }
}
