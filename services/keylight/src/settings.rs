//! The settings of all services in one place, with what the process knows better than their defaults.
//!
//! They are read twice: once to report every mistake before anything is touched, and once more when addresses, tokens
//! and the database are known.

use keylight_runtime::{
    config::{Key, Problem, Reader},
    process, telemetry,
};
use keylight_store::sealed;
use secrecy::ExposeSecret as _;
use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    path::PathBuf,
};

/// Where everything is kept between two starts.
pub(crate) const DATA_DIR: Key = Key {
    path: "embedded.data_dir",
    env: "KEYLIGHT_DATA_DIR",
    default: Some("./data"),
    secret: false,
    doc: "folder for the embedded database, the admin token, the keys of sealed secrets and the simulator's tasks",
};
/// Where the simulator listens.
pub(crate) const SIM_ADDR: Key = Key {
    path: "embedded.clickup_sim_addr",
    env: "KEYLIGHT_CLICKUP_SIM_ADDR",
    default: Some("127.0.0.1:8090"),
    secret: false,
    doc: "where the ClickUp simulator listens; it runs when CLICKUP_TOKEN is not set",
};
const SIM_RATE_LIMIT: Key = Key {
    path: "embedded.clickup_sim_rate_limit",
    env: "KEYLIGHT_CLICKUP_SIM_RATE_LIMIT",
    default: Some("100"),
    secret: false,
    doc: "requests per minute that the simulator allows",
};
/// The settings of this program beside those of the services.
const KEYS: &[Key] = &[DATA_DIR, SIM_ADDR, SIM_RATE_LIMIT];

/// What the simulator's default workspace calls the service user, the team and the list.
const SIMULATED: [(&str, &str); 3] = [
    ("CLICKUP_TOKEN", "pk_1_SERVICE"),
    ("CLICKUP_TEAM_ID", "9001001"),
    ("CLICKUP_LIST_ID", "901001001"),
];
/// Settings that have no effect inside one process: it knows better, or nobody else comes there.
const OF_OTHERS: [&str; 10] = [
    "KEYLIGHT_ENTITY_URL",
    "KEYLIGHT_SYNC_URL",
    "KEYLIGHT_ANALYTICS_URL",
    "KEYLIGHT_SERVICE_TOKEN",
    "KEYLIGHT_ENTITY_GRPC_ADDR",
    "KEYLIGHT_SYNC_GRPC_ADDR",
    "KEYLIGHT_ANALYTICS_GRPC_ADDR",
    "KEYLIGHT_WEBHOOK_ADDR",
    "KEYLIGHT_GATEWAY_GRPC_ADDR",
    "KEYLIGHT_GATEWAY_URL",
];
/// Passes every check; replaced before anything listens.
const PLACEHOLDER: &str = "placeholder-until-the-process-is-up";

/// Environment variables by name.
pub(crate) type Environment = HashMap<String, String>;

/// The environment of this process, as far as it is text.
pub(crate) fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Every setting once, grouped by section.
pub(crate) fn all_keys() -> Vec<Key> {
    let tables: Vec<&[Key]> = vec![
        intake_api::config::KEYS,
        KEYS,
        keylight_store::pool::KEYS,
        sealed::config::KEYS,
        keylight_messaging::connect::KEYS,
        keylight_rpc::config::KEYS,
        entity_service::config::KEYS,
        clickup_sync::config::KEYS,
        webhook_gateway::config::KEYS,
        &[webhook_gateway::config::GATEWAY_URL],
        analytics::config::KEYS,
        telemetry::KEYS,
        process::KEYS,
    ];
    let mut sections = Vec::new();
    let mut seen = BTreeSet::new();
    let mut keys: Vec<(usize, Key)> = Vec::new();
    for key in tables.into_iter().flatten() {
        if !seen.insert(key.path) {
            continue;
        }
        let section = key.path.split('.').next().unwrap_or_default();
        let place = sections
            .iter()
            .position(|known| *known == section)
            .unwrap_or_else(|| {
                sections.push(section);
                sections.len() - 1
            });
        keys.push((place, *key));
    }
    // a section of a TOML file may stand there only once
    keys.sort_by_key(|(place, _)| *place);
    keys.into_iter().map(|(_, key)| key).collect()
}

/// The settings that have an effect inside one process.
pub(crate) fn own_keys() -> Vec<Key> {
    let mut keys = all_keys();
    keys.retain(|key| !OF_OTHERS.contains(&key.env));
    keys
}

/// What is known before anything is started.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where people come in.
    pub(crate) http_addr: SocketAddr,
    /// Folder for everything that is kept.
    pub(crate) data_dir: PathBuf,
    /// Where the simulator listens, if it is wanted.
    pub(crate) simulator: Option<Simulator>,
    /// Whether there is a PostgreSQL to use.
    pub(crate) own_database: bool,
    /// Whether the admin token was given.
    pub(crate) own_admin_token: bool,
    /// Whether keys for sealed secrets were given.
    pub(crate) own_seal_keys: bool,
    /// Logs, admin listener, patience at the end.
    pub(crate) process: process::Config,
    environment: Environment,
}

/// How the simulator runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Simulator {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// Requests per minute.
    pub(crate) rate_limit: u32,
}

/// What is known once the ports are bound and the data folder is open.
pub(crate) struct Known {
    /// Where entity-service, clickup-sync and analytics answer.
    pub(crate) entity: SocketAddr,
    /// See above.
    pub(crate) sync: SocketAddr,
    /// See above.
    pub(crate) analytics: SocketAddr,
    /// Where people come in, with the port that was taken.
    pub(crate) http: SocketAddr,
    /// Where the simulator listens.
    pub(crate) simulator: Option<SocketAddr>,
    /// Bearer token of the admin endpoints.
    pub(crate) admin_token: String,
    /// Keys for sealed secrets.
    pub(crate) seal_keys: String,
    /// Token between the services, new at each start.
    pub(crate) service_token: String,
}

/// The settings of each service.
pub(crate) struct Services {
    pub(crate) store: keylight_store::Config,
    pub(crate) bus: keylight_messaging::connect::Config,
    pub(crate) intake: intake_api::config::Config,
    pub(crate) entity: entity_service::config::Config,
    pub(crate) sync: clickup_sync::config::Config,
    pub(crate) gateway: webhook_gateway::config::Config,
    pub(crate) analytics: analytics::config::Config,
}

/// Looks for every mistake. The reader is for showing the settings.
pub(crate) fn check(environment: Environment) -> (Result<Settings, Vec<Problem>>, Reader) {
    let mut reader = Reader::new(environment.clone());
    let own_database = reader.is_set(&keylight_store::pool::DATABASE_URL);
    let own_admin_token = reader.is_set(&intake_api::config::ADMIN_TOKEN);
    let own_seal_keys = reader.is_set(&sealed::config::SEAL_KEYS);
    let simulated = !reader.is_set(&clickup_sync::config::TOKEN);
    let settings = Settings {
        http_addr: reader.addr(&intake_api::config::HTTP_ADDR),
        data_dir: reader.path(&DATA_DIR),
        simulator: {
            let (addr, rate_limit) = (
                reader.addr(&SIM_ADDR),
                reader.number(&SIM_RATE_LIMIT, 1, 1_000_000),
            );
            simulated.then_some(Simulator { addr, rate_limit })
        },
        own_database,
        own_admin_token,
        own_seal_keys,
        process: process::Config::read(&mut reader),
        environment,
    };
    if !own_database && cfg!(not(feature = "embedded")) {
        reader.refuse(
            &keylight_store::pool::DATABASE_URL,
            "is needed: this program was built without an embedded database",
        );
    }
    let base_url = clickup_sync::config::BASE_URL;
    if simulated && reader.opt_string(&base_url).as_deref() != base_url.default {
        reader.refuse(
            &clickup_sync::config::TOKEN,
            "is needed when CLICKUP_BASE_URL is set; set neither to use the simulator",
        );
    }
    // the rest is read as it will be, with stand-ins for what is not known yet
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut rest = settings.reader(&Known {
        entity: nowhere,
        sync: nowhere,
        analytics: nowhere,
        http: settings.http_addr,
        simulator: settings.simulator.map(|simulator| simulator.addr),
        admin_token: PLACEHOLDER.to_owned(),
        seal_keys: sealed::new_key("placeholder").expose_secret().to_owned(),
        service_token: PLACEHOLDER.to_owned(),
    });
    read_services(&mut rest);
    let mut problems = reader.problems(&[&all_keys()]);
    for problem in rest.problems(&[&all_keys()]) {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    let result = if problems.is_empty() {
        Ok(settings)
    } else {
        Err(problems)
    };
    (result, reader)
}

impl Settings {
    /// The settings of each service, now that all is known.
    ///
    /// # Errors
    /// When a file that a setting names has changed since the check.
    pub(crate) fn services(&self, known: &Known) -> anyhow::Result<Services> {
        let mut reader = self.reader(known);
        let services = read_services(&mut reader);
        match reader.problems(&[&all_keys()]).first() {
            None => Ok(services),
            Some(problem) => anyhow::bail!("{problem}"),
        }
    }

    fn reader(&self, known: &Known) -> Reader {
        let mut environment = self.environment.clone();
        let mut force = |name: &str, value: String| {
            environment.remove(&format!("{name}_FILE"));
            environment.insert(name.to_owned(), value);
        };
        // inside one process nobody else can know better
        force("KEYLIGHT_ENTITY_URL", format!("http://{}", known.entity));
        force("KEYLIGHT_SYNC_URL", format!("http://{}", known.sync));
        force(
            "KEYLIGHT_ANALYTICS_URL",
            format!("http://{}", known.analytics),
        );
        force("KEYLIGHT_SERVICE_TOKEN", known.service_token.clone());
        if !self.own_admin_token {
            force("KEYLIGHT_ADMIN_TOKEN", known.admin_token.clone());
        }
        if !self.own_seal_keys {
            force("KEYLIGHT_SEAL_KEYS", known.seal_keys.clone());
        }
        if !self.own_database {
            force(
                "DATABASE_URL",
                "postgres://embedded@localhost/keylight".to_owned(),
            );
        }
        if let Some(simulator) = known.simulator {
            for (name, value) in SIMULATED {
                force(name, value.to_owned());
            }
            force(
                "CLICKUP_BASE_URL",
                format!("http://{}/api", reachable(simulator)),
            );
            force(
                "KEYLIGHT_WEBHOOK_URL",
                format!("http://{}/webhooks/clickup/intake", reachable(known.http)),
            );
        }
        let mut reader = Reader::new(environment);
        reader.suggest(
            &webhook_gateway::config::SPOOL_DIR,
            self.data_dir.join("webhooks").to_string_lossy(),
        );
        if known.http.ip().is_loopback() {
            // nobody but this machine can come in, and it speaks no HTTPS
            reader.suggest(&intake_api::config::ENVIRONMENT, "development");
        }
        reader
    }
}

fn read_services(reader: &mut Reader) -> Services {
    Services {
        store: keylight_store::Config::read(reader),
        bus: keylight_messaging::connect::Config::read(reader),
        intake: intake_api::config::Config::read(reader),
        entity: entity_service::config::Config::read(reader),
        sync: clickup_sync::config::Config::read(reader),
        gateway: webhook_gateway::config::Config::read(reader),
        analytics: analytics::config::Config::read(reader),
    }
}

/// An address to reach a listener at, also when it listens on all addresses.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    reachable
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Environment {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn nothing_has_to_be_set() {
        let settings = check(Environment::new()).0.unwrap();
        assert_eq!(settings.http_addr.port(), 8080);
        assert!(
            settings.simulator.is_some() && !settings.own_database && !settings.own_admin_token
        );
    }

    #[test]
    fn every_mistake_is_reported_once() {
        let problems = check(with(&[
            ("KEYLIGHT_HTTP_ADDR", "nowhere"),
            ("KEYLIGHT_RPC_DEADLINE", "soon"),
            ("KEYLIGHT_ADMIN_TOKEN", "short"),
        ]))
        .0
        .unwrap_err();
        let places: Vec<_> = problems
            .iter()
            .map(|problem| problem.place.as_str())
            .collect();
        assert_eq!(places.len(), 3, "{problems:?}");
        for place in [
            "KEYLIGHT_HTTP_ADDR",
            "KEYLIGHT_RPC_DEADLINE",
            "KEYLIGHT_ADMIN_TOKEN",
        ] {
            assert!(places.contains(&place), "{problems:?}");
        }
    }

    #[test]
    fn a_token_means_the_real_clickup() {
        let settings = check(with(&[
            ("CLICKUP_TOKEN", "pk_9_X"),
            ("CLICKUP_TEAM_ID", "1"),
            ("CLICKUP_LIST_ID", "2"),
        ]))
        .0
        .unwrap();
        assert!(settings.simulator.is_none());
    }

    #[test]
    fn the_reference_has_every_section_once_and_can_be_read() {
        let keys = all_keys();
        let text = keylight_runtime::config::reference_toml(&[&keys]);
        let mut sections: Vec<_> = text.lines().filter(|line| line.starts_with('[')).collect();
        let count = sections.len();
        sections.sort_unstable();
        sections.dedup();
        assert_eq!(sections.len(), count, "a section stands there twice");
        // uncommented, a file that says what is true anyway changes nothing
        let file = tempfile::NamedTempFile::new().unwrap();
        let uncommented: String = text
            .lines()
            .map(|line| {
                line.strip_prefix('#')
                    .filter(|line| !line.starts_with(' '))
                    .unwrap_or(line)
            })
            .filter(|line| !line.ends_with("= \"\""))
            .map(|line| format!("{line}\n"))
            .collect();
        std::fs::write(file.path(), uncommented).unwrap();
        let settings = check(with(&[("KEYLIGHT_CONFIG", file.path().to_str().unwrap())])).0;
        assert!(settings.is_ok(), "{settings:?}");
    }
}
