//! Settings.

use crate::spool;
use keylight_runtime::config::{Key, Reader};
use keylight_store::sealed::{self, Keyring};
use std::{net::SocketAddr, time::Duration};
use url::Url;

/// Where webhooks arrive.
pub const ADDR: Key = Key {
    path: "webhook.addr",
    env: "KEYLIGHT_WEBHOOK_ADDR",
    default: Some("127.0.0.1:8081"),
    secret: false,
    doc: "where ClickUp's webhooks arrive, under /webhooks/clickup/{name}",
};
/// Where the secrets are known.
pub const SYNC_URL: Key = Key {
    path: "rpc.sync_url",
    env: "KEYLIGHT_SYNC_URL",
    default: Some("http://127.0.0.1:50052"),
    secret: false,
    doc: "where clickup-sync answers gRPC",
};
/// Where the gRPC contract is served.
pub const GRPC_ADDR: Key = Key {
    path: "webhook.grpc_addr",
    env: "KEYLIGHT_GATEWAY_GRPC_ADDR",
    default: Some("127.0.0.1:50054"),
    secret: false,
    doc: "where webhook-gateway answers gRPC: `keylight seal` asks it",
};
/// Where the command line finds it.
pub const GATEWAY_URL: Key = Key {
    path: "rpc.gateway_url",
    env: "KEYLIGHT_GATEWAY_URL",
    default: Some("http://127.0.0.1:50054"),
    secret: false,
    doc: "where webhook-gateway answers gRPC, for `keylight seal`",
};
const RETENTION: Key = Key {
    path: "webhook.retention",
    env: "KEYLIGHT_WEBHOOK_RETENTION",
    default: Some("168h"),
    secret: false,
    doc: "how long deliveries are kept as they came; a repetition is recognised for as long",
};
const RENEWAL: Key = Key {
    path: "webhook.renewal",
    env: "KEYLIGHT_WEBHOOK_RENEWAL",
    default: Some("60s"),
    secret: false,
    doc: "how often known secrets are asked for again, so that withdrawn ones stop counting",
};
/// Where deliveries wait while the database is away. Public for the process that has a data folder.
pub const SPOOL_DIR: Key = Key {
    path: "webhook.spool_dir",
    env: "KEYLIGHT_WEBHOOK_SPOOL_DIR",
    default: None,
    secret: false,
    doc: "folder in which deliveries wait while the database is away, one process for each; unset = such deliveries are answered with 503",
};
const SPOOL_SIZE: Key = Key {
    path: "webhook.spool_mebibytes",
    env: "KEYLIGHT_WEBHOOK_SPOOL_MEBIBYTES",
    default: Some("256"),
    secret: false,
    doc: "what that folder may hold; a delivery takes some 2 to 4 kB. When it is full, deliveries are answered with 503",
};
const FORGED_LIMIT: Key = Key {
    path: "webhook.forged_limit",
    env: "KEYLIGHT_WEBHOOK_FORGED_LIMIT",
    default: Some("0"),
    secret: false,
    doc: "deliveries without a valid signature that one client address may send in a minute before all that it sends is answered with 429; 0 = no limit. Behind a proxy set http.trusted_proxies first",
};
const TRUSTED_PROXIES: Key = Key {
    path: "http.trusted_proxies",
    env: "KEYLIGHT_HTTP_TRUSTED_PROXIES",
    default: Some("0"),
    secret: false,
    doc: "how many reverse proxies of yours stand before the door and add to X-Forwarded-For",
};

/// The settings of this service, without those of the database, sealing, the bus and gRPC.
pub const KEYS: &[Key] = &[
    ADDR,
    GRPC_ADDR,
    SYNC_URL,
    RETENTION,
    RENEWAL,
    SPOOL_DIR,
    SPOOL_SIZE,
    FORGED_LIMIT,
    TRUSTED_PROXIES,
];

/// How the gateway works.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`ADDR`].
    pub addr: SocketAddr,
    /// See [`GRPC_ADDR`].
    pub grpc_addr: SocketAddr,
    /// See [`SYNC_URL`].
    pub sync_url: Url,
    /// How long deliveries are kept.
    pub retention: Duration,
    /// How often known secrets are asked for again.
    pub renewal: Duration,
    /// Where deliveries wait while the database is away; none: they are refused.
    pub spool: Option<spool::Config>,
    /// Forged deliveries a minute for each client address; 0: no limit.
    pub forged_limit: u32,
    /// Reverse proxies in front.
    pub trusted_proxies: usize,
    /// Calls between the services.
    pub rpc: keylight_rpc::config::Config,
    /// Keys for secrets in the database.
    pub keyring: Keyring,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let (retention, renewal) = (reader.duration(&RETENTION), reader.duration(&RENEWAL));
        if retention < Duration::from_secs(3600) {
            reader.refuse(
                &RETENTION,
                "must be at least 1h: ClickUp repeats deliveries",
            );
        }
        if renewal < Duration::from_millis(100) {
            reader.refuse(&RENEWAL, "must be at least 100ms");
        }
        let mebibytes = reader.number(&SPOOL_SIZE, 16_u64, 1 << 20);
        let spool = reader.opt_string(&SPOOL_DIR).map(|folder| spool::Config {
            folder: folder.into(),
            bytes: mebibytes << 20,
        });
        Self {
            addr: reader.addr(&ADDR),
            grpc_addr: reader.addr(&GRPC_ADDR),
            sync_url: reader.url(&SYNC_URL),
            retention,
            renewal,
            spool,
            forged_limit: reader.number(&FORGED_LIMIT, 0, 1_000_000),
            trusted_proxies: reader.number(&TRUSTED_PROXIES, 0, 16),
            rpc: keylight_rpc::config::Config::read(reader),
            keyring: sealed::config::read(reader),
        }
    }
}
