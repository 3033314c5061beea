//! The entity service as a process of its own.

use entity_service::{
    access::first_start::{Announce, USERNAME},
    app, config,
};
use keylight_messaging::connect;
use keylight_runtime::{
    clock::SystemClock,
    config::Reader,
    lifecycle::Lifecycle,
    process::{self, Service, listen},
};
use secrecy::{ExposeSecret as _, SecretString};
use std::{io::IsTerminal as _, process::ExitCode, sync::Arc};

const NAME: &str = "entity-service";

struct Settings {
    store: keylight_store::Config,
    bus: connect::Config,
    entity: config::Config,
}

fn read(reader: &mut Reader) -> Settings {
    Settings {
        store: keylight_store::Config::read(reader),
        bus: connect::Config::read(reader),
        entity: config::Config::read(reader),
    }
}

async fn start(settings: Settings, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let Settings { store, bus, entity } = settings;
    let listener = listen(entity.grpc_addr, config::GRPC_ADDR.env).await?;
    let pool = keylight_store::connect(&store, NAME)?;
    let bus = connect::connect(&bus, &pool, NAME, &lifecycle).await?;
    let clock = Arc::new(SystemClock);
    let resources = app::Resources {
        pool,
        bus,
        listener,
        clock,
        alone: false,
        announce: terminal(),
    };
    app::run(&entity, resources, &lifecycle)
}

/// Shows the one-time password of the first staff account at the terminal. Where the output is no terminal it is somebody's
/// log, and a password does not belong there: then none is made, and the log says what to do instead.
fn terminal() -> Option<Announce> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    Some(Box::new(|password: SecretString| {
        eprintln!(
            "\n  First sign-in to the console: {USERNAME} with the one-time password {}\n  It is shown this once.\n",
            password.expose_secret()
        );
    }))
}

fn main() -> ExitCode {
    let service = Service {
        name: NAME,
        about: "The system of record: users, submissions, projects, audit log and event log, behind gRPC.",
        tables: &[
            config::KEYS,
            keylight_store::pool::KEYS,
            connect::KEYS,
            keylight_rpc::config::KEYS,
        ],
        read,
    };
    process::main(&service, start)
}
