//! The sync worker as a process of its own.

use clickup_sync::{app, config};
use keylight_messaging::connect;
use keylight_runtime::{
    clock::SystemClock,
    config::Reader,
    lifecycle::Lifecycle,
    process::{self, Service, listen},
};
use std::{process::ExitCode, sync::Arc};

const NAME: &str = "clickup-sync";

struct Settings {
    store: keylight_store::Config,
    bus: connect::Config,
    sync: config::Config,
}

fn read(reader: &mut Reader) -> Settings {
    Settings {
        store: keylight_store::Config::read(reader),
        bus: connect::Config::read(reader),
        sync: config::Config::read(reader),
    }
}

async fn start(settings: Settings, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let Settings { store, bus, sync } = settings;
    let listener = listen(sync.grpc_addr, config::GRPC_ADDR.env).await?;
    let pool = keylight_store::connect(&store, NAME)?;
    let bus = connect::connect(&bus, &pool, NAME, &lifecycle).await?;
    let clock = Arc::new(SystemClock);
    app::run(
        sync,
        app::Resources {
            pool,
            bus,
            listener,
            clock,
        },
        &lifecycle,
    )
    .await
}

fn main() -> ExitCode {
    let service = Service {
        name: NAME,
        about: "Keeps ClickUp and the system of record equal; the only service that calls ClickUp. Start several to scale.",
        tables: &[
            config::KEYS,
            keylight_store::pool::KEYS,
            keylight_store::sealed::config::KEYS,
            connect::KEYS,
            keylight_rpc::config::KEYS,
        ],
        read,
    };
    process::main(&service, start)
}
