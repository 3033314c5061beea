//! `keylight import-legacy`: the predecessor's rows into our database.
//!
//! The work is entity-service's; here are the command line, the choice of the database, the report file and the terminal.

mod progress;
mod summary;

use crate::{data_folder::DataFolder, database::Database, settings};
use anyhow::Context as _;
use clap::Args;
use entity_service::legacy_import::{
    report::{Csv, Observer},
    rule::Decision,
    run::{CHUNK_ROWS, Outcome, Wish, import},
};
use keylight_runtime::{
    clock::SystemClock,
    config::{Key, Reader},
    lifecycle::Lifecycle,
    process::EXIT_CONFIG,
    tls,
};
use progress::Progress;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    fs::File,
    io::{self, BufWriter},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr as _,
    time::Duration,
};

/// Where the predecessor's database is, when the command line does not say.
const LEGACY_URL: Key = Key {
    path: "import.legacy_url",
    env: "KEYLIGHT_LEGACY_DATABASE_URL",
    default: None,
    secret: true,
    doc: "the predecessor's database",
};
/// Both sides differ after the import.
const EXIT_DIFFERENT: u8 = 2;
/// The lock of a killed process may take a moment to go.
const FOLDER_PATIENCE: Duration = Duration::from_secs(5);
/// Folder of the embedded database in the data folder.
const DATABASE_FOLDER: &str = "postgres";

/// The command line.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The predecessor's database, which is only read [default: KEYLIGHT_LEGACY_DATABASE_URL, which no list of processes shows]
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Our database [default: DATABASE_URL, or the embedded one in the data folder]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Only look and report; nothing is changed on either side
    #[arg(long)]
    dry_run: bool,
    /// Make ClickUp tasks for imported applications, in the bulk lane and without notifications
    #[arg(long)]
    sync: bool,
    /// Where the report goes; must not exist yet [default: legacy-import-TIME.csv in the current folder]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Ids left free above the highest imported one, for rows that the predecessor still makes
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(i64).range(0..1 << 40))]
    headroom: i64,
    /// The predecessor's database has another address or name than at the last import, and is the same all the same
    #[arg(long)]
    moved: bool,
    /// Rows of one transaction
    #[arg(long, value_name = "N", hide = true, default_value_t = CHUNK_ROWS)]
    chunk_rows: usize,
    /// Schema of the predecessor's tables
    #[arg(long, value_name = "NAME", default_value = "public")]
    schema: String,
}

/// Examples for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keylight import-legacy --from postgres://... --dry-run     what would be decided about which row?
  keylight import-legacy --from postgres://...               import; run it again to bring what came in meanwhile
  keylight import-legacy --from postgres://... --sync        and make ClickUp tasks for what was imported

Can be killed and run again at any time. Exit code 0: both sides hold the same; 2: they differ; 1: it ended before its end.
The report is a local file for the operator (mode 600): docs/cut-over.md tells how to read it.";

/// Imports.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    tls::install();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("keylight: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let database = Database::default();
    let code = match runtime.block_on(run_on(arguments, &database)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("keylight: {error:#}");
            ExitCode::FAILURE
        }
    };
    // every connection has gone with the threads that used it
    drop(runtime);
    match database.stop() {
        Ok(()) => code,
        Err(error) => {
            eprintln!("keylight: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run_on(arguments: Arguments, database: &Database) -> anyhow::Result<ExitCode> {
    let mut reader = Reader::new(settings::environment());
    let data_dir = reader.path(&settings::DATA_DIR);
    let url = match &arguments.to {
        Some(url) => Some(url.clone()),
        None if reader.is_set(&keylight_store::pool::DATABASE_URL) => {
            reader.opt_string(&keylight_store::pool::DATABASE_URL)
        }
        None => None,
    };
    let from = arguments
        .from
        .clone()
        .or_else(|| reader.opt_string(&LEGACY_URL));
    if let Some(problem) = reader
        .problems(&[&settings::all_keys(), &[LEGACY_URL]])
        .first()
    {
        eprintln!("keylight: {problem}");
        return Ok(ExitCode::from(EXIT_CONFIG));
    }
    let Some(from) = from else {
        eprintln!(
            "keylight: name the predecessor's database with --from or KEYLIGHT_LEGACY_DATABASE_URL"
        );
        return Ok(ExitCode::from(EXIT_CONFIG));
    };
    let lifecycle = Lifecycle::new();
    // holds the folder until the end
    let (_folder, pool) = open(url.as_deref(), &data_dir, database, &lifecycle).await?;
    let path = arguments.report.clone().unwrap_or_else(usual_report);
    let mut watcher = Watcher {
        report: Some(Csv::begin(BufWriter::new(create(&path)?))?),
        progress: Progress::new(),
    };
    let wish = Wish {
        from,
        schema: arguments.schema,
        dry_run: arguments.dry_run,
        sync: arguments.sync,
        moved: arguments.moved,
        headroom: arguments.headroom,
        chunk_rows: arguments.chunk_rows,
    };
    let result = import(&wish, &pool, &SystemClock, &mut watcher).await;
    watcher.progress.end();
    pool.close().await;
    lifecycle.stop();
    if let Some(report) = watcher.report.take() {
        report
            .end()
            .and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error))
            .and_then(|file| file.sync_all())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let outcome = result?;
    summary::print(&outcome, &wish, &path, watcher.progress.rows_per_second());
    Ok(code_of(&outcome))
}

fn code_of(outcome: &Outcome) -> ExitCode {
    if outcome.is_equal() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DIFFERENT)
    }
}

/// The database of ours that is to be filled, with the data folder when it is the embedded one.
async fn open(
    url: Option<&str>,
    data_dir: &Path,
    database: &Database,
    lifecycle: &Lifecycle,
) -> anyhow::Result<(Option<DataFolder>, PgPool)> {
    if let Some(url) = url {
        let options = PgConnectOptions::from_str(url)
            .ok()
            .context("the database to import into is not named by a PostgreSQL URL")?
            .application_name("keylight import-legacy");
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await
            .context("cannot reach the database to import into")?;
        return Ok((None, pool));
    }
    let folder = DataFolder::open(data_dir, FOLDER_PATIENCE).await?;
    let files = folder.path().join(DATABASE_FOLDER);
    let pool = database.start_embedded(&files, lifecycle).await?;
    Ok((Some(folder), pool))
}

fn usual_report() -> PathBuf {
    let now = keylight_runtime::clock::Clock::now(&SystemClock);
    PathBuf::from(format!("legacy-import-{}.csv", now.format("%Y%m%d-%H%M%S")))
}

/// A new file that nobody else may read.
fn create(path: &Path) -> anyhow::Result<File> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| {
            format!(
                "cannot make the report {}: name another file with --report",
                path.display()
            )
        })
}

/// Writes decisions down and shows how far it is.
struct Watcher {
    report: Option<Csv<BufWriter<File>>>,
    progress: Progress,
}

impl Observer for Watcher {
    fn decided(&mut self, decision: &Decision) -> io::Result<()> {
        match &mut self.report {
            Some(report) => report.write(decision),
            None => Ok(()),
        }
    }

    fn begins(&mut self, stage: &str, rows: u64) {
        self.progress.begin(stage, rows);
    }

    fn done(&mut self, rows: u64) {
        self.progress.add(rows);
    }
}
