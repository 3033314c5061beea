//! The door for people, alone in a process.

use intake_api::{app, config};
use keylight_runtime::process::{self, Service, listen};
use std::process::ExitCode;

fn main() -> ExitCode {
    let service = Service {
        name: "intake-api",
        about: app::ABOUT,
        tables: config::TABLES,
        read: config::Config::read,
    };
    process::main(&service, |config, lifecycle| async move {
        let listener = listen(config.addr, config::HTTP_ADDR.env).await?;
        app::run(config, app::Resources::new(listener), &lifecycle)
    })
}
