//! Analytics as a process of its own.

use analytics::{app, config};
use keylight_messaging::connect;
use keylight_runtime::{
    clock::SystemClock,
    config::Reader,
    lifecycle::Lifecycle,
    process::{self, Service, listen},
};
use std::{process::ExitCode, sync::Arc};

const NAME: &str = "analytics";

struct Settings {
    store: keylight_store::Config,
    bus: connect::Config,
    analytics: config::Config,
}

fn read(reader: &mut Reader) -> Settings {
    Settings {
        store: keylight_store::Config::read(reader),
        bus: connect::Config::read(reader),
        analytics: config::Config::read(reader),
    }
}

async fn start(settings: Settings, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let Settings {
        store,
        bus,
        analytics,
    } = settings;
    let listener = listen(analytics.grpc_addr, config::GRPC_ADDR.env).await?;
    let pool = keylight_store::connect(&store, NAME)?;
    let bus = connect::connect(&bus, &pool, NAME, &lifecycle).await?;
    let resources = app::Resources {
        pool,
        bus,
        listener,
        clock: Arc::new(SystemClock),
    };
    app::run(&analytics, resources, &lifecycle)
}

fn main() -> ExitCode {
    let service = Service {
        name: NAME,
        about: "Keeps read models that can be built again from the event log, and answers questions about them.",
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
