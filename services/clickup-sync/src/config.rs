//! Settings.

use crate::account::stored::Stored;
use chrono::TimeDelta;
use keylight_domain::sync::mapping::MappingRules;
use keylight_runtime::config::{Key, Reader};
use keylight_store::sealed::{self, Keyring};
use secrecy::SecretString;
use std::{net::SocketAddr, time::Duration};
use url::Url;

/// Where the gRPC contract is served.
pub const GRPC_ADDR: Key = Key {
    path: "sync.grpc_addr",
    env: "KEYLIGHT_SYNC_GRPC_ADDR",
    default: Some("127.0.0.1:50052"),
    secret: false,
    doc: "where clickup-sync answers gRPC",
};
/// Where the system of record is.
pub const ENTITY_URL: Key = Key {
    path: "rpc.entity_url",
    env: "KEYLIGHT_ENTITY_URL",
    default: Some("http://127.0.0.1:50051"),
    secret: false,
    doc: "where entity-service answers gRPC",
};
/// The API.
pub const BASE_URL: Key = Key {
    path: "clickup.base_url",
    env: "CLICKUP_BASE_URL",
    default: Some("https://api.clickup.com/api"),
    secret: false,
    doc: "the ClickUp API: the real one, or a simulator's http://…/api",
};
/// The credential.
pub const TOKEN: Key = Key {
    path: "clickup.token",
    env: "CLICKUP_TOKEN",
    default: None,
    secret: true,
    doc: "token of a ClickUp user made for Keylight (pk_…, or an OAuth token); without it the account of `keylight clickup connect` counts, and without that everything waits",
};
/// The workspace.
pub const TEAM_ID: Key = Key {
    path: "clickup.team_id",
    env: "CLICKUP_TEAM_ID",
    default: None,
    secret: false,
    doc: "id of the ClickUp workspace; unset = the only one that the token may use",
};
/// The intake list.
pub const LIST_ID: Key = Key {
    path: "clickup.list_id",
    env: "CLICKUP_LIST_ID",
    default: None,
    secret: false,
    doc: "id of the ClickUp list in which applications become tasks",
};
const STATUSES: Key = Key {
    path: "clickup.statuses",
    env: "CLICKUP_STATUSES",
    default: None,
    secret: false,
    doc: "pairs ours=theirs for statuses whose names differ, for example new=to do,reviewed=in review",
};
/// Where ClickUp finds our gateway.
pub const WEBHOOK_URL: Key = Key {
    path: "clickup.webhook_url",
    env: "KEYLIGHT_WEBHOOK_URL",
    default: None,
    secret: false,
    doc: "public address of our webhook, https://…/webhooks/clickup/intake; unset = changes in ClickUp are found by the sweep alone",
};
const SWEEP_INTERVAL: Key = Key {
    path: "sync.sweep_interval",
    env: "KEYLIGHT_SYNC_SWEEP_INTERVAL",
    default: Some("10s"),
    secret: false,
    doc: "how often the changed tasks of the list are looked through; repairs lost webhooks",
};
const SWEEP_OVERLAP: Key = Key {
    path: "sync.sweep_overlap",
    env: "KEYLIGHT_SYNC_SWEEP_OVERLAP",
    default: Some("60s"),
    secret: false,
    doc: "how far a sweep looks back behind the last one",
};
const CONCURRENCY: Key = Key {
    path: "sync.concurrency",
    env: "KEYLIGHT_SYNC_CONCURRENCY",
    default: Some("8"),
    secret: false,
    doc: "submissions that one worker process synchronises at the same time",
};
const LEASE: Key = Key {
    path: "sync.lease",
    env: "KEYLIGHT_SYNC_LEASE",
    default: Some("15s"),
    secret: false,
    doc: "after how long the work of a worker that died is taken over; one that lives renews its lease",
};
const CALL_TIMEOUT: Key = Key {
    path: "sync.call_timeout",
    env: "KEYLIGHT_SYNC_CALL_TIMEOUT",
    default: Some("20s"),
    secret: false,
    doc: "how long a call to ClickUp may take",
};
const SETTLE: Key = Key {
    path: "sync.settle",
    env: "KEYLIGHT_SYNC_SETTLE",
    default: Some("3s"),
    secret: false,
    doc: "how long a call that was not answered may still make a task before it is searched for",
};
const REPAIR_INTERVAL: Key = Key {
    path: "sync.repair_interval",
    env: "KEYLIGHT_SYNC_REPAIR_INTERVAL",
    default: Some("30s"),
    secret: false,
    doc: "how often submissions that wait for ClickUp are asked for; repairs lost messages",
};
const CALL_LOG_RETENTION: Key = Key {
    path: "sync.call_log_retention",
    env: "KEYLIGHT_SYNC_CALL_LOG_RETENTION",
    default: Some("168h"),
    secret: false,
    doc: "how long the log of calls to ClickUp is kept",
};
const CALL_LOG_ROWS: Key = Key {
    path: "sync.call_log_rows",
    env: "KEYLIGHT_SYNC_CALL_LOG_ROWS",
    default: Some("500000"),
    secret: false,
    doc: "calls that the log holds at most, however young; one takes about 0.4 kB with its indexes",
};
const CANARY_INTERVAL: Key = Key {
    path: "sync.canary_interval",
    env: "KEYLIGHT_SYNC_CANARY_INTERVAL",
    default: Some("10s"),
    secret: false,
    doc: "how often a canary tries the way of a change; it uses at most 2 % of ClickUp's rate limit; 0s = never",
};

const MAPPING_CHECK_INTERVAL: Key = Key {
    path: "sync.mapping_check_interval",
    env: "KEYLIGHT_SYNC_MAPPING_CHECK_INTERVAL",
    default: Some("10m"),
    secret: false,
    doc: "how often the ClickUp lists are compared with the mapping; finds renamed statuses and removed options",
};

/// The settings of this service, without those of the database, sealing, the bus and gRPC.
pub const KEYS: &[Key] = &[
    GRPC_ADDR,
    ENTITY_URL,
    BASE_URL,
    TOKEN,
    TEAM_ID,
    LIST_ID,
    STATUSES,
    WEBHOOK_URL,
    SWEEP_INTERVAL,
    SWEEP_OVERLAP,
    CONCURRENCY,
    LEASE,
    CALL_TIMEOUT,
    SETTLE,
    REPAIR_INTERVAL,
    CALL_LOG_RETENTION,
    CALL_LOG_ROWS,
    MAPPING_CHECK_INTERVAL,
    CANARY_INTERVAL,
];

/// How ClickUp is reached.
#[derive(Debug, Clone)]
pub struct Account {
    /// The API.
    pub base_url: Url,
    /// The credential.
    pub token: SecretString,
    /// The workspace, if it is said.
    pub team_id: Option<String>,
    /// The list that holds the tasks.
    pub list_id: String,
    /// Where ClickUp finds our gateway.
    pub webhook_url: Option<Url>,
    /// Names of statuses that differ.
    pub rules: MappingRules,
    /// Longest duration of a call.
    pub call_timeout: Duration,
}

/// How much of the log of calls is kept.
#[derive(Debug, Clone, Copy)]
pub struct CallLogKept {
    /// Entries older than this are let go.
    pub age: TimeDelta,
    /// And the oldest, when there are more than this.
    pub rows: i64,
}

/// How ClickUp is reached, whatever the account.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The API.
    pub base_url: Url,
    /// Where ClickUp finds our gateway.
    pub webhook_url: Option<Url>,
    /// Names of statuses that differ.
    pub rules: MappingRules,
    /// Longest duration of a call.
    pub call_timeout: Duration,
}

impl Connection {
    /// The connection with a stored account.
    #[must_use]
    pub fn with(&self, stored: &Stored) -> Account {
        Account {
            base_url: self.base_url.clone(),
            token: stored.token.clone(),
            team_id: Some(stored.team_id.clone()),
            list_id: stored.list_id.clone(),
            webhook_url: stored
                .webhook_url
                .clone()
                .or_else(|| self.webhook_url.clone()),
            rules: self.rules.clone(),
            call_timeout: self.call_timeout,
        }
    }
}

/// How the worker works.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`GRPC_ADDR`].
    pub grpc_addr: SocketAddr,
    /// See [`ENTITY_URL`].
    pub entity_url: Url,
    /// The account that the settings name; `None` while they do not, then a stored one counts.
    pub account: Option<Account>,
    /// How ClickUp is reached, whatever the account.
    pub connection: Connection,
    /// Time between two sweeps.
    pub sweep_interval: Duration,
    /// How far a sweep looks back.
    pub sweep_overlap: TimeDelta,
    /// Submissions at the same time.
    pub concurrency: usize,
    /// Length of a lease.
    pub lease: TimeDelta,
    /// How long an unanswered call may still take effect.
    pub settle: TimeDelta,
    /// Time between two looks for lost messages.
    pub repair_interval: Duration,
    /// How much of the log of calls is kept.
    pub call_log: CallLogKept,
    /// Time between two looks for lists that no longer fit the mapping.
    pub mapping_check_interval: Duration,
    /// Time between two canaries; zero = none.
    pub canary_interval: Duration,
    /// Calls between the services.
    pub rpc: keylight_rpc::config::Config,
    /// Keys for secrets in the database.
    pub keyring: Keyring,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let call_timeout = reader.duration(&CALL_TIMEOUT);
        let lease = reader.duration(&LEASE);
        if lease < Duration::from_secs(1) {
            reader.refuse(&LEASE, "must be at least 1s");
        }
        let base_url = reader.url(&BASE_URL);
        let (team_id, list_id) = (reader.opt_string(&TEAM_ID), reader.opt_string(&LIST_ID));
        let webhook_url = reader.opt_url(&WEBHOOK_URL);
        let rules = read_rules(reader);
        let connection = Connection {
            base_url: base_url.clone(),
            webhook_url: webhook_url.clone(),
            rules: rules.clone(),
            call_timeout,
        };
        let account = match (reader.opt_secret(&TOKEN), list_id) {
            (Some(token), Some(list_id)) => Some(Account {
                base_url,
                token,
                team_id,
                list_id,
                webhook_url,
                rules,
                call_timeout,
            }),
            (Some(_), None) => {
                reader.refuse(
                    &LIST_ID,
                    "is needed when CLICKUP_TOKEN is set: the id of the list for applications",
                );
                None
            }
            (None, _) => None,
        };
        Self {
            grpc_addr: reader.addr(&GRPC_ADDR),
            entity_url: reader.url(&ENTITY_URL),
            account,
            connection,
            sweep_interval: reader
                .duration(&SWEEP_INTERVAL)
                .max(Duration::from_millis(100)),
            sweep_overlap: delta(reader.duration(&SWEEP_OVERLAP)),
            concurrency: reader.number(&CONCURRENCY, 1, 256),
            lease: delta(lease),
            settle: delta(reader.duration(&SETTLE)),
            repair_interval: reader
                .duration(&REPAIR_INTERVAL)
                .max(Duration::from_millis(100)),
            call_log: CallLogKept {
                age: delta(reader.duration(&CALL_LOG_RETENTION)),
                rows: i64::from(reader.number::<u32>(&CALL_LOG_ROWS, 1_000, 100_000_000)),
            },
            mapping_check_interval: reader
                .duration(&MAPPING_CHECK_INTERVAL)
                .max(Duration::from_millis(100)),
            canary_interval: reader.duration(&CANARY_INTERVAL),
            rpc: keylight_rpc::config::Config::read(reader),
            keyring: sealed::config::read(reader),
        }
    }
}

fn read_rules(reader: &mut Reader) -> MappingRules {
    let mut statuses = Vec::new();
    for pair in reader.list(&STATUSES) {
        match pair.split_once('=') {
            Some((ours, theirs)) if !ours.trim().is_empty() && !theirs.trim().is_empty() => {
                statuses.push((ours.trim().to_owned(), theirs.trim().to_owned()));
            }
            _ => reader.refuse(
                &STATUSES,
                format!("\"{pair}\" is not a pair ours=theirs, for example new=to do"),
            ),
        }
    }
    MappingRules { statuses }
}

/// A duration for arithmetic with times; settings are far below the limit.
pub(crate) fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
