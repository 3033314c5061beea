//! Settings.

use keylight_runtime::config::{Key, Reader};
use secrecy::{ExposeSecret as _, SecretString};
use std::{net::SocketAddr, time::Duration};
use url::Url;

/// Where the door listens.
pub const HTTP_ADDR: Key = Key {
    path: "http.addr",
    env: "KEYLIGHT_HTTP_ADDR",
    default: Some("127.0.0.1:8080"),
    secret: false,
    doc: "where the form, the API and the console are served",
};
/// The credential of automation, and of the time before there are accounts.
pub const ADMIN_TOKEN: Key = Key {
    path: "http.admin_token",
    env: "KEYLIGHT_ADMIN_TOKEN",
    default: None,
    secret: true,
    doc: "bearer token with the role admin, for automation and the first set-up; at least 12 characters",
};
/// Which other sites may call the API.
pub const FRONTEND_URL: Key = Key {
    path: "http.frontend_url",
    env: "FRONTEND_URL",
    default: None,
    secret: false,
    doc: "origins whose pages may call the API, separated by commas, for example https://www.example.com",
};
/// Whether this is a real deployment.
pub const ENVIRONMENT: Key = Key {
    path: "http.environment",
    env: "KEYLIGHT_ENVIRONMENT",
    default: Some("production"),
    secret: false,
    doc: "production, or development: then local development servers may call the API and HTTPS is not insisted on",
};
const BODY_LIMIT: Key = Key {
    path: "http.body_limit",
    env: "KEYLIGHT_HTTP_BODY_LIMIT",
    default: Some("262144"),
    secret: false,
    doc: "largest request body in bytes",
};
const REQUEST_TIMEOUT: Key = Key {
    path: "http.request_timeout",
    env: "KEYLIGHT_HTTP_REQUEST_TIMEOUT",
    default: Some("30s"),
    secret: false,
    doc: "longest time for one request, its body included",
};
const MAX_IN_FLIGHT: Key = Key {
    path: "http.max_in_flight",
    env: "KEYLIGHT_HTTP_MAX_IN_FLIGHT",
    default: Some("2048"),
    secret: false,
    doc: "most requests in hand at one time; above that the answer is 503 with Retry-After",
};
const MAX_CONNECTIONS: Key = Key {
    path: "http.max_connections",
    env: "KEYLIGHT_HTTP_MAX_CONNECTIONS",
    default: Some("4096"),
    secret: false,
    doc: "most open connections; further ones wait",
};
const APPLY_LIMIT: Key = Key {
    path: "http.apply_limit",
    env: "KEYLIGHT_HTTP_APPLY_LIMIT",
    default: Some("0"),
    secret: false,
    doc: "most applications a minute from one client address, above that 429 with Retry-After; 0 = no limit",
};
const APPLY_LIMIT_TOTAL: Key = Key {
    path: "http.apply_limit_total",
    env: "KEYLIGHT_HTTP_APPLY_LIMIT_TOTAL",
    default: Some("0"),
    secret: false,
    doc: "most applications a minute from all clients together, above that 429 with Retry-After; 0 = no limit",
};
const TRUSTED_PROXIES: Key = Key {
    path: "http.trusted_proxies",
    env: "KEYLIGHT_HTTP_TRUSTED_PROXIES",
    default: Some("0"),
    secret: false,
    doc: "how many reverse proxies of yours stand before the door and add to X-Forwarded-For",
};
/// The entity service.
pub const ENTITY_URL: Key = Key {
    path: "rpc.entity_url",
    env: "KEYLIGHT_ENTITY_URL",
    default: Some("http://127.0.0.1:50051"),
    secret: false,
    doc: "where the entity service answers gRPC",
};
/// The analytics service.
pub const ANALYTICS_URL: Key = Key {
    path: "rpc.analytics_url",
    env: "KEYLIGHT_ANALYTICS_URL",
    default: Some("http://127.0.0.1:50053"),
    secret: false,
    doc: "where the analytics service answers gRPC",
};
/// The sync worker.
pub const SYNC_URL: Key = Key {
    path: "rpc.sync_url",
    env: "KEYLIGHT_SYNC_URL",
    default: Some("http://127.0.0.1:50052"),
    secret: false,
    doc: "where clickup-sync answers gRPC",
};

/// The settings of this service.
pub const KEYS: &[Key] = &[
    HTTP_ADDR,
    ADMIN_TOKEN,
    FRONTEND_URL,
    ENVIRONMENT,
    BODY_LIMIT,
    REQUEST_TIMEOUT,
    MAX_IN_FLIGHT,
    MAX_CONNECTIONS,
    APPLY_LIMIT,
    APPLY_LIMIT_TOTAL,
    TRUSTED_PROXIES,
    ENTITY_URL,
    ANALYTICS_URL,
    SYNC_URL,
];
/// Every table that this service reads.
pub const TABLES: &[&[Key]] = &[KEYS, keylight_rpc::config::KEYS];

/// Fewer characters could be guessed.
const MIN_ADMIN_TOKEN: usize = 12;

/// How the door behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`HTTP_ADDR`].
    pub addr: SocketAddr,
    /// See [`ADMIN_TOKEN`].
    pub admin_token: SecretString,
    /// See [`FRONTEND_URL`].
    pub frontend_origins: Vec<String>,
    /// Whether [`ENVIRONMENT`] is `production`.
    pub production: bool,
    /// Largest body in bytes.
    pub body_limit: usize,
    /// Longest time for one request.
    pub request_timeout: Duration,
    /// Most requests in hand.
    pub max_in_flight: usize,
    /// Most open connections.
    pub max_connections: usize,
    /// Most applications a minute from one client address; 0 = no limit.
    pub apply_limit: u32,
    /// Most applications a minute from all clients together; 0 = no limit.
    pub apply_limit_total: u32,
    /// How many reverse proxies are believed.
    pub trusted_proxies: usize,
    /// See [`ENTITY_URL`].
    pub entity_url: Url,
    /// See [`ANALYTICS_URL`].
    pub analytics_url: Url,
    /// See [`SYNC_URL`].
    pub sync_url: Url,
    /// How other services are called.
    pub rpc: keylight_rpc::config::Config,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let admin_token = reader.secret(&ADMIN_TOKEN);
        let length = admin_token.expose_secret().len();
        if length > 0 && length < MIN_ADMIN_TOKEN {
            reader.refuse(
                &ADMIN_TOKEN,
                "the value has fewer than 12 characters; take a longer one",
            );
        }
        let environment = reader.string(&ENVIRONMENT);
        if !["production", "development"].contains(&environment.as_str()) {
            reader.refuse(
                &ENVIRONMENT,
                format!("\"{environment}\" is not one of production, development"),
            );
        }
        let frontend_origins = reader.list(&FRONTEND_URL);
        for origin in &frontend_origins {
            if !Url::parse(origin)
                .is_ok_and(|url| url.has_host() && ["http", "https"].contains(&url.scheme()))
            {
                let text =
                    format!("\"{origin}\" is not an origin, for example https://www.example.com");
                reader.refuse(&FRONTEND_URL, text);
            }
        }
        Self {
            addr: reader.addr(&HTTP_ADDR),
            admin_token,
            frontend_origins,
            // anything unclear is the safe mode
            production: environment != "development",
            // below that a description of 10 000 characters might not pass
            body_limit: reader.number(&BODY_LIMIT, 131_072, 10_485_760),
            request_timeout: reader.duration(&REQUEST_TIMEOUT),
            max_in_flight: reader.number(&MAX_IN_FLIGHT, 1, 100_000),
            max_connections: reader.number(&MAX_CONNECTIONS, 1, 100_000),
            apply_limit: reader.number(&APPLY_LIMIT, 0, 60_000),
            apply_limit_total: reader.number(&APPLY_LIMIT_TOTAL, 0, 600_000),
            trusted_proxies: reader.number(&TRUSTED_PROXIES, 0, 16),
            entity_url: reader.url(&ENTITY_URL),
            analytics_url: reader.url(&ANALYTICS_URL),
            sync_url: reader.url(&SYNC_URL),
            rpc: keylight_rpc::config::Config::read(reader),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
        let mut env: HashMap<String, String> = HashMap::from([
            (
                "KEYLIGHT_ADMIN_TOKEN".to_owned(),
                "a-token-for-tests".to_owned(),
            ),
            (
                "KEYLIGHT_SERVICE_TOKEN".to_owned(),
                "a-token-between-services".to_owned(),
            ),
        ]);
        env.extend(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let mut reader = Reader::new(env);
        Config::read(&mut reader);
        reader
            .problems(TABLES)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(problems(&[]), [""; 0]);
        assert_eq!(
            problems(&[("FRONTEND_URL", "https://a.example, http://b.example:81")]),
            [""; 0]
        );
        let told = problems(&[
            ("KEYLIGHT_ADMIN_TOKEN", "short"),
            ("KEYLIGHT_ENVIRONMENT", "prod"),
            ("FRONTEND_URL", "www.example.com"),
            ("KEYLIGHT_HTTP_BODY_LIMIT", "1"),
        ]);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told.iter().all(|text| !text.contains("short")), "{told:?}");
    }

    #[test]
    fn the_safe_mode_is_the_default() {
        assert!(Config::read(&mut Reader::new(HashMap::new())).production);
    }
}
