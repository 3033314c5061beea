//! Settings.

use keylight_runtime::config::{Key, Reader};
use std::{net::SocketAddr, time::Duration};
use url::Url;

/// Where the gRPC contract is served.
pub const GRPC_ADDR: Key = Key {
    path: "analytics.grpc_addr",
    env: "KEYLIGHT_ANALYTICS_GRPC_ADDR",
    default: Some("127.0.0.1:50053"),
    secret: false,
    doc: "where analytics answers gRPC",
};
/// Where the event log is.
pub const ENTITY_URL: Key = Key {
    path: "rpc.entity_url",
    env: "KEYLIGHT_ENTITY_URL",
    default: Some("http://127.0.0.1:50051"),
    secret: false,
    doc: "where entity-service answers gRPC",
};
const LOOK_INTERVAL: Key = Key {
    path: "analytics.look_interval",
    env: "KEYLIGHT_ANALYTICS_LOOK_INTERVAL",
    default: Some("15s"),
    secret: false,
    doc: "how often the event log is looked at when no message says so; repairs lost messages",
};
const PAUSE: Key = Key {
    path: "analytics.pause",
    env: "KEYLIGHT_ANALYTICS_PAUSE",
    default: Some("250ms"),
    secret: false,
    doc: "least time between two looks at the event log: what comes meanwhile is counted together",
};

/// The settings of this service, without those of the database, the bus and gRPC.
pub const KEYS: &[Key] = &[GRPC_ADDR, ENTITY_URL, LOOK_INTERVAL, PAUSE];

/// How analytics works.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`GRPC_ADDR`].
    pub grpc_addr: SocketAddr,
    /// See [`ENTITY_URL`].
    pub entity_url: Url,
    /// Longest time between two looks at the event log.
    pub look_interval: Duration,
    /// Least time between two looks at the event log.
    pub pause: Duration,
    /// Calls between the services.
    pub rpc: keylight_rpc::config::Config,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let look_interval = reader.duration(&LOOK_INTERVAL);
        if look_interval < Duration::from_millis(10) {
            reader.refuse(&LOOK_INTERVAL, "must be at least 10ms");
        }
        Self {
            grpc_addr: reader.addr(&GRPC_ADDR),
            entity_url: reader.url(&ENTITY_URL),
            look_interval,
            pause: reader.duration(&PAUSE),
            rpc: keylight_rpc::config::Config::read(reader),
        }
    }
}
