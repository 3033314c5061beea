//! The webhook gateway as a process of its own.

use keylight_messaging::connect;
use keylight_runtime::{
    clock::SystemClock,
    config::Reader,
    lifecycle::Lifecycle,
    process::{self, Service, listen},
};
use std::{process::ExitCode, sync::Arc};
use webhook_gateway::{app, config};

const NAME: &str = "webhook-gateway";

struct Settings {
    store: keylight_store::Config,
    bus: connect::Config,
    gateway: config::Config,
}

fn read(reader: &mut Reader) -> Settings {
    Settings {
        store: keylight_store::Config::read(reader),
        bus: connect::Config::read(reader),
        gateway: config::Config::read(reader),
    }
}

async fn start(settings: Settings, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let Settings {
        store,
        bus,
        gateway,
    } = settings;
    let listener = listen(gateway.addr, config::ADDR.env).await?;
    let grpc = listen(gateway.grpc_addr, config::GRPC_ADDR.env).await?;
    let pool = keylight_store::connect(&store, NAME)?;
    // without a spool nothing can be taken while the database is away, so there is no reason to be up before it
    let bus = if gateway.spool.is_some() {
        connect::connect_later(&bus, &pool, NAME, &lifecycle)?
    } else {
        connect::connect(&bus, &pool, NAME, &lifecycle).await?
    };
    let resources = app::Resources {
        pool,
        bus,
        grpc,
        clock: Arc::new(SystemClock),
        alone: false,
    };
    app::run(&gateway, resources, listener, &lifecycle)
}

fn main() -> ExitCode {
    let service = Service {
        name: NAME,
        about: "Takes ClickUp's webhooks: checks who signed them, stores them, answers, and passes them on as hints.",
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
