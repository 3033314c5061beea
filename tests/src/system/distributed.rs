//! One process per service.

use super::{Part, START, Settings, apply, ready};
use crate::{
    process::Process,
    simulator::Simulator,
    web::{ADMIN_PASSWORD, Web},
};
use keylight_testkit::{free_port, rabbit, wait::wait_until};
use std::{path::Path, process::ExitStatus, time::Duration};

const TOKEN: &str = "end-to-end-admin-token";
const SERVICE_TOKEN: &str = "end-to-end-service-token";
const SEAL_KEYS: &str = "e2e:ZW5kLXRvLWVuZC10ZXN0cy1vbmx5LTMyLWJ5dGVzISE=";

/// A service, and the port on which it tells whether it is ready.
struct Service {
    part: Part,
    process: Process,
    admin_port: u16,
}

pub(super) struct Distributed {
    // dropped in this order: the door first, the broker last
    services: Vec<Service>,
    simulator_process: Process,
    simulator: Simulator,
    broker: Option<rabbit::Private>,
}

impl Distributed {
    pub(super) async fn start(
        folder: &Path,
        database: &str,
        broker: Option<rabbit::Private>,
        settings: Settings<'_>,
    ) -> (Self, Web, Simulator) {
        let amqp = match &broker {
            Some(broker) => broker.url(),
            None => rabbit::broker_url().await,
        };
        let (http, sim) = (free_port(), free_port());
        let (entity, webhook, analytics) = (free_port(), free_port(), free_port());
        let sync = [free_port(), free_port()];
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let address = |port: u16| format!("127.0.0.1:{port}");
        // systems of several tests share the broker, one after the other and with what earlier ones left
        let prefix = format!("e2e{}-", uuid::Uuid::new_v4().simple());

        let common = |part: Part, name: &str, program: &str| {
            let admin_port = free_port();
            let process = Process::new(name, program, folder)
                .env("KEYLIGHT_ADMIN_ADDR", address(admin_port))
                .env("KEYLIGHT_SERVICE_TOKEN", SERVICE_TOKEN)
                .env("KEYLIGHT_SEAL_KEYS", SEAL_KEYS)
                .env("KEYLIGHT_ENTITY_URL", url(entity))
                .env("KEYLIGHT_ANALYTICS_URL", url(analytics))
                .env("KEYLIGHT_SYNC_URL", url(sync[0]))
                .env("DATABASE_URL", database)
                .env("AMQP_URL", &amqp)
                .env("KEYLIGHT_AMQP_PREFIX", &prefix);
            Service {
                part,
                process: apply(process, settings),
                admin_port,
            }
        };
        let with = |mut service: Service, settings: &[(&str, String)]| {
            for (name, value) in settings {
                service.process = service.process.env(name, value);
            }
            service
        };
        let mut services = vec![
            with(
                common(Part::IntakeApi, "intake-api", "intake-api"),
                &[
                    ("KEYLIGHT_HTTP_ADDR", address(http)),
                    ("KEYLIGHT_ADMIN_TOKEN", TOKEN.to_owned()),
                ],
            ),
            with(
                common(Part::WebhookGateway, "webhook-gateway", "webhook-gateway"),
                &[
                    ("KEYLIGHT_WEBHOOK_ADDR", address(webhook)),
                    ("KEYLIGHT_GATEWAY_GRPC_ADDR", address(free_port())),
                    (
                        "KEYLIGHT_WEBHOOK_SPOOL_DIR",
                        folder.join("webhooks").display().to_string(),
                    ),
                ],
            ),
            with(
                common(Part::Analytics, "analytics", "analytics"),
                &[("KEYLIGHT_ANALYTICS_GRPC_ADDR", address(analytics))],
            ),
        ];
        for (number, port) in sync.into_iter().enumerate() {
            services.push(with(
                common(
                    Part::ClickupSync(number),
                    &format!("clickup-sync-{number}"),
                    "clickup-sync",
                ),
                &[
                    ("KEYLIGHT_SYNC_GRPC_ADDR", address(port)),
                    ("CLICKUP_BASE_URL", format!("{}/api", url(sim))),
                    ("CLICKUP_TOKEN", "pk_1_SERVICE".to_owned()),
                    ("CLICKUP_TEAM_ID", "9001001".to_owned()),
                    ("CLICKUP_LIST_ID", "901001001".to_owned()),
                    (
                        "KEYLIGHT_WEBHOOK_URL",
                        format!("{}/webhooks/clickup/intake", url(webhook)),
                    ),
                ],
            ));
        }
        services.push(with(
            common(Part::EntityService, "entity-service", "entity-service"),
            &[
                ("KEYLIGHT_ENTITY_GRPC_ADDR", address(entity)),
                ("KEYLIGHT_ADMIN_PASSWORD", ADMIN_PASSWORD.to_owned()),
            ],
        ));
        let simulator_process = Process::new("clickup-sim", "clickup-sim", folder)
            .arg("--addr")
            .arg(address(sim))
            .arg("--state")
            .arg(folder.join("clickup-sim.state").display().to_string());

        let simulator = Simulator::new(url(sim));
        let mut this = Self {
            services,
            simulator_process,
            simulator: simulator.clone(),
            broker,
        };
        this.start_again().await;
        (this, Web::new(url(http), TOKEN), simulator)
    }

    pub(super) async fn start_again(&mut self) {
        self.simulator_process.start();
        // all at once: each waits for what it needs
        for service in &mut self.services {
            service.process.start();
        }
        for service in &mut self.services {
            ready(&mut service.process, service.admin_port).await;
        }
        let simulator = &self.simulator;
        wait_until("the simulator answers", START, || async {
            if simulator.is_up().await {
                Ok(())
            } else {
                Err("no answer".to_owned())
            }
        })
        .await;
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<_> = self.services.iter().map(|service| service.part).collect();
        if self.broker.is_some() {
            parts.push(Part::Broker);
        }
        parts
    }

    fn service(&mut self, part: Part) -> &mut Service {
        self.services
            .iter_mut()
            .find(|service| service.part == part)
            .unwrap_or_else(|| panic!("there is no {part:?} in this set-up"))
    }

    pub(super) fn admin_port(&mut self, part: Part) -> u16 {
        self.service(part).admin_port
    }

    fn broker(&mut self) -> &mut rabbit::Private {
        self.broker
            .as_mut()
            .expect("only a system with its own broker lists it among its parts")
    }

    pub(super) async fn kill(&mut self, part: Part) {
        if part == Part::Broker {
            self.broker().kill().await;
        } else {
            self.service(part).process.kill();
        }
    }

    pub(super) async fn revive(&mut self, part: Part) {
        if part == Part::Broker {
            self.broker().resume().await;
            return;
        }
        let service = self.service(part);
        service.process.start();
        ready(&mut service.process, service.admin_port).await;
    }

    pub(super) fn stop(&mut self, patience: Duration) -> Vec<(String, ExitStatus)> {
        let mut ends: Vec<_> = self
            .services
            .iter_mut()
            .map(|service| {
                (
                    service.process.name().to_owned(),
                    service.process.stop(patience),
                )
            })
            .collect();
        ends.push((
            "clickup-sim".to_owned(),
            self.simulator_process.stop(patience),
        ));
        ends
    }
}
