//! Logs, metrics and (when a collector is configured) traces.

use crate::config::{Key, Reader};
use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::{io::IsTerminal as _, sync::OnceLock, time::Duration};
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};
use url::Url;

const LEVEL: Key = Key {
    path: "telemetry.log",
    env: "KEYLIGHT_LOG",
    default: Some("info"),
    secret: false,
    doc: "what is logged: a level, or a filter such as info,clickup_sync=debug",
};
const FORMAT: Key = Key {
    path: "telemetry.log_format",
    env: "KEYLIGHT_LOG_FORMAT",
    default: Some("auto"),
    secret: false,
    doc: "form of the log: json, text, or auto (text on a terminal)",
};
const OTLP: Key = Key {
    path: "telemetry.otlp_endpoint",
    env: "KEYLIGHT_OTLP_ENDPOINT",
    default: None,
    secret: false,
    doc: "where traces go (OTLP over gRPC, for example http://localhost:4317); unset = no traces",
};

/// The settings of this module.
pub const KEYS: &[Key] = &[LEVEL, FORMAT, OTLP];

/// What is told, how, and to whom.
#[derive(Debug, Clone)]
pub struct Config {
    filter: String,
    json: bool,
    otlp: Option<Url>,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let filter = reader.string(&LEVEL);
        if EnvFilter::try_new(&filter).is_err() {
            reader.refuse(
                &LEVEL,
                format!("\"{filter}\" is not a log filter, for example info"),
            );
        }
        let format = reader.string(&FORMAT);
        let json = match format.as_str() {
            "json" => true,
            "text" => false,
            "auto" => !std::io::stderr().is_terminal(),
            other => {
                reader.refuse(
                    &FORMAT,
                    format!("\"{other}\" is not one of json, text, auto"),
                );
                false
            }
        };
        let otlp = reader.opt_url(&OTLP);
        if otlp.as_ref().is_some_and(|url| url.scheme() != "http") {
            reader.refuse(&OTLP, "must begin with http://: a collector stands beside the service and sends on over TLS");
        }
        Self { filter, json, otlp }
    }
}

/// Flushes what is not sent yet when it is dropped.
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take() {
            // a collector that is away must not hold up the end for long
            let _ = provider.shutdown_with_timeout(Duration::from_secs(2));
        }
    }
}

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts logs, metrics and traces for the process.
///
/// # Errors
/// When it was called before, or the collector's address cannot be used.
pub fn init(service: &'static str, config: &Config) -> anyhow::Result<Guard> {
    // libraries that repeat payloads or say the same on every start are held down
    let quiet = "h2=warn,hyper=warn,hyper_util=warn,tower=warn,reqwest=warn,sqlx::postgres::notice=warn,lapin=warn,\
                 lapin::returned_messages=off,opentelemetry_sdk=off,wasmer=warn,wasmer_wasix=warn,wasmer_compiler=warn,cranelift=warn";
    let filter = EnvFilter::try_new(format!("{},{quiet}", config.filter)).context("log filter")?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if config.json {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed()
    } else {
        lines.compact().with_target(false).boxed()
    };

    let mut provider = None;
    let mut spans = None;
    if let Some(endpoint) = &config.otlp {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint.as_str())
            .build()
            .context("trace exporter")?;
        let built = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(Resource::builder().with_service_name(service).build())
            .build();
        // which thread polled a future, and for how long, says nothing about a request and would be most of a span's bytes
        let layer = tracing_opentelemetry::layer()
            .with_threads(false)
            .with_tracked_inactivity(false);
        spans = Some(layer.with_tracer(built.tracer("keylight")).with_filter(
            EnvFilter::try_new(
                "info,h2=off,hyper=off,hyper_util=off,tonic=off,tower=off,reqwest=off,lapin=off,sqlx=off,opentelemetry=off",
            )?,
        ));
        provider = Some(built);
        crate::trace::enable();
    }
    tracing_subscriber::registry()
        .with(spans)
        .with(lines.with_filter(filter))
        .try_init()
        .context("logging was started before")?;

    let mut recorder = PrometheusBuilder::new()
        .set_buckets(&[
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
            60.0,
        ])
        .context("histogram buckets")?;
    for counted in [
        "_batch_messages",
        "_batch_applications",
        "_batch_deliveries",
    ] {
        // these count things; all others measure seconds
        recorder = recorder
            .set_buckets_for_metric(
                Matcher::Suffix(counted.to_owned()),
                &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
            )
            .context("histogram buckets")?;
    }
    let recorder = recorder
        .install_recorder()
        .context("metrics were started before")?;
    // init can run only once: try_init above fails the second time
    let _ = METRICS.set(recorder);
    metrics::gauge!("keylight_build_info", "service" => service, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(Guard { provider })
}

/// The metrics as Prometheus reads them; empty before [`init`].
#[must_use]
pub fn render_metrics() -> String {
    METRICS
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// Folds finished histogram samples so that memory stays bounded; to be called every few seconds.
pub fn tidy_metrics() {
    if let Some(handle) = METRICS.get() {
        handle.run_upkeep();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn problems(endpoint: &str) -> usize {
        let mut reader = Reader::new(HashMap::from([(OTLP.env.to_owned(), endpoint.to_owned())]));
        Config::read(&mut reader);
        reader.problems(&[KEYS]).len()
    }

    #[test]
    fn an_endpoint_that_cannot_be_used_is_told_before_the_start() {
        assert_eq!(problems("http://localhost:4317"), 0);
        assert_eq!(problems("https://collector.example:4317"), 1);
        assert_eq!(problems("localhost"), 1);
    }
}
