//! Everything in one process.

use super::{Settings, apply, ready};
use crate::{
    process::Process,
    simulator::Simulator,
    web::{ADMIN_PASSWORD, Web},
};
use keylight_testkit::free_port;
use std::path::Path;

/// The token that tests use.
const TOKEN: &str = "end-to-end-admin-token";

pub(super) struct Embedded {
    pub(super) process: Process,
    admin_port: u16,
}

impl Embedded {
    pub(super) async fn start(folder: &Path, settings: Settings<'_>) -> (Self, Web, Simulator) {
        let (http, sim, admin_port) = (free_port(), free_port(), free_port());
        let process = Process::new("keylight", "keylight", folder)
            .env("KEYLIGHT_HTTP_ADDR", format!("127.0.0.1:{http}"))
            .env("KEYLIGHT_CLICKUP_SIM_ADDR", format!("127.0.0.1:{sim}"))
            .env("KEYLIGHT_ADMIN_ADDR", format!("127.0.0.1:{admin_port}"))
            .env(
                "KEYLIGHT_DATA_DIR",
                folder.join("data").display().to_string(),
            )
            .env("KEYLIGHT_ADMIN_TOKEN", TOKEN)
            .env("KEYLIGHT_ADMIN_PASSWORD", ADMIN_PASSWORD);
        let mut this = Self {
            process: apply(process, settings),
            admin_port,
        };
        this.start_again().await;
        let web = Web::new(format!("http://127.0.0.1:{http}"), TOKEN);
        (this, web, Simulator::new(format!("http://127.0.0.1:{sim}")))
    }

    pub(super) async fn start_again(&mut self) {
        self.process.start();
        ready(&mut self.process, self.admin_port).await;
    }
}
