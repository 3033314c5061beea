//! From the command line to the exit code: what is the same in every `main`.

use crate::{
    admin,
    config::{Key, Problem, Reader, print_effective, reference_toml},
    lifecycle::Lifecycle,
    telemetry, tls,
};
use std::{future::Future, io, net::SocketAddr, process::ExitCode, time::Duration};
use tokio::net::TcpListener;

/// Where the admin endpoints listen.
pub const ADMIN_ADDR: Key = Key {
    path: "admin.addr",
    env: "KEYLIGHT_ADMIN_ADDR",
    default: None,
    secret: false,
    doc: "where /live, /ready and /metrics are served, for example 127.0.0.1:9100; unset = not at all",
};
/// How long work in hand may take at the end.
pub const GRACE: Key = Key {
    path: "admin.shutdown_grace",
    env: "KEYLIGHT_SHUTDOWN_GRACE",
    default: Some("25s"),
    secret: false,
    doc: "how long work in hand may take after a stop signal",
};
/// The settings of this module.
pub const KEYS: &[Key] = &[ADMIN_ADDR, GRACE];

/// Exit code for a wrong configuration (`EX_USAGE` of sysexits.h).
pub const EXIT_CONFIG: u8 = 64;

/// Settings that every process has.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`ADMIN_ADDR`].
    pub admin_addr: Option<SocketAddr>,
    /// See [`GRACE`].
    pub grace: Duration,
    /// Logs, metrics, traces.
    pub telemetry: telemetry::Config,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            admin_addr: reader.opt_addr(&ADMIN_ADDR),
            grace: reader.duration(&GRACE),
            telemetry: telemetry::Config::read(reader),
        }
    }
}

/// A service as `main` sees it.
pub struct Service<C> {
    /// Its name, for the log and the traces.
    pub name: &'static str,
    /// One sentence for `--help`.
    pub about: &'static str,
    /// Its tables of settings, without those of this crate.
    pub tables: &'static [&'static [Key]],
    /// Reads its settings.
    pub read: fn(&mut Reader) -> C,
}

/// Tables of this crate beside those of the service.
#[must_use]
pub fn all_tables<'a>(tables: &[&'a [Key]]) -> Vec<&'a [Key]> {
    let mut all: Vec<&[Key]> = vec![telemetry::KEYS, KEYS];
    all.extend_from_slice(tables);
    all
}

/// The `main` of a service: `--help`, `config check|print|reference`, or run until a signal comes.
pub fn main<C, F, Fut>(service: &Service<C>, start: F) -> ExitCode
where
    F: FnOnce(C, Lifecycle) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let tables = all_tables(service.tables);
    let mut reader = Reader::from_process();
    let process = Config::read(&mut reader);
    let config = (service.read)(&mut reader);
    let problems = reader.problems(&tables);
    match words.as_slice() {
        [] => {}
        ["config", "check"] => return checked(&problems),
        ["config", "print"] => {
            print!("{}", print_effective(&reader, &tables));
            return checked(&problems);
        }
        ["config", "reference"] => {
            print!("{}", reference_toml(&tables));
            return ExitCode::SUCCESS;
        }
        ["--help" | "-h" | "help"] => {
            print!("{}", help(service, &tables));
            return ExitCode::SUCCESS;
        }
        ["--version" | "-V"] => {
            println!("{} {}", service.name, env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        other => {
            eprintln!(
                "{}: unknown argument \"{}\"; try --help",
                service.name,
                other.join(" ")
            );
            return ExitCode::from(EXIT_CONFIG);
        }
    }
    if !problems.is_empty() {
        return checked(&problems);
    }
    execute(service.name, &process, |lifecycle| start(config, lifecycle))
}

fn help<C>(service: &Service<C>, tables: &[&[Key]]) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "{}\n\nUsage: {name}                    run until interrupted\n       {name} config check       report every mistake in the settings\n       \
         {name} config print       show the settings in force, secrets hidden\n       {name} config reference   print a commented configuration file\n\n\
         Settings (environment variables; KEYLIGHT_CONFIG may name a TOML file, VARIABLE_FILE a file with one value):\n",
        service.about,
        name = service.name
    );
    for key in tables.iter().flat_map(|table| table.iter()) {
        let default = key
            .default
            .map(|value| format!(" [{value}]"))
            .unwrap_or_default();
        let _ = writeln!(text, "  {:<36} {}{default}", key.env, key.doc);
    }
    text
}

/// Prints the mistakes, if any, and gives the exit code for them.
#[must_use]
pub fn checked(problems: &[Problem]) -> ExitCode {
    if problems.is_empty() {
        eprintln!("the settings are fine");
        return ExitCode::SUCCESS;
    }
    for problem in problems {
        eprintln!("{problem}");
    }
    ExitCode::from(EXIT_CONFIG)
}

/// Runs a process: telemetry, admin listener, signals, orderly end. `start` starts the tasks and returns.
pub fn execute<F, Fut>(name: &'static str, config: &Config, start: F) -> ExitCode
where
    F: FnOnce(Lifecycle) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    tls::install();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{name}: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        // lives until the end of this block, so that traces are flushed whatever happens
        let _telemetry = telemetry::init(name, &config.telemetry)?;
        let lifecycle = Lifecycle::new();
        watch_signals(&lifecycle)?;
        // whoever asks before the service has named its own conditions must not be told that it is ready
        let started = lifecycle.latch("started");
        if let Some(address) = config.admin_addr {
            admin::serve(listen(address, ADMIN_ADDR.env).await?, &lifecycle);
        }
        if let Err(error) = start(lifecycle.clone()).await {
            lifecycle.stop();
            let _ = lifecycle.finished(config.grace).await;
            return Err(error);
        }
        started.set(true);
        tracing::info!(
            service = name,
            version = env!("CARGO_PKG_VERSION"),
            "started"
        );
        let ended = lifecycle.finished(config.grace).await;
        tracing::info!(service = name, clean = ended.is_ok(), "stopped");
        ended
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn watch_signals(lifecycle: &Lifecycle) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let lifecycle = lifecycle.clone();
    // not one of the lifecycle's tasks: it must outlive the wish to stop, to see a second signal
    tokio::spawn(async move {
        for round in 0..2 {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if round == 0 {
                tracing::info!("stopping, a second signal ends at once");
                lifecycle.stop();
            }
        }
        std::process::exit(130);
    });
    Ok(())
}

/// Listens on `address`.
///
/// # Errors
/// One sentence that names the variable to change when the port is in use or not allowed.
pub async fn listen(address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("{address} is in use by another program: stop that program or set {variable} to a free address")
        }
        io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("not allowed to listen on {address}: set {variable} to a port above 1023")
        }
        _ => anyhow::anyhow!("cannot listen on {address} ({error}): set {variable} to an address of this machine"),
    })
}
