//! The command line.

use crate::{
    import_legacy,
    operator::{clickup, doctor, records, seal, staff, sync, token},
    settings, simulator, up,
};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use keylight_runtime::{
    config::{print_effective, reference_toml},
    process::{EXIT_CONFIG, checked},
};
use std::{fmt::Write as _, process::ExitCode};

/// Keylight between intake website, staff in ClickUp, and clients: everything in one process.
#[derive(Parser)]
#[command(name = "keylight", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run all services, with an embedded database unless DATABASE_URL is set (this is also what happens without a command)
    Up,
    /// Run the ClickUp simulator alone
    #[command(after_help = SIMULATOR_EXAMPLES)]
    ClickupSim(simulator::Arguments),
    /// Manage the accounts of staff
    #[command(after_help = staff::EXAMPLES)]
    Staff {
        #[command(subcommand)]
        what: staff::Staff,
    },
    /// Manage the tokens of programs that call the API
    #[command(after_help = token::EXAMPLES)]
    Token {
        #[command(subcommand)]
        what: token::Token,
    },
    /// See whether users, projects and submissions fit together, and mend what does not
    #[command(after_help = records::EXAMPLES)]
    Records {
        #[command(subcommand)]
        what: records::Records,
    },
    /// Set up the account at ClickUp
    #[command(name = "clickup", after_help = clickup::EXAMPLES)]
    ClickUp {
        #[command(subcommand)]
        what: clickup::ClickUp,
    },
    /// Say in plain words what is wrong with the connection to ClickUp; exit code 1 if anything is
    Doctor(doctor::Doctor),
    /// See how records stand with ClickUp, try failed ones again, pause and resume
    #[command(after_help = sync::EXAMPLES)]
    Sync {
        #[command(subcommand)]
        what: sync::Sync,
    },
    /// Manage the keys that seal secrets in the database
    #[command(after_help = seal::EXAMPLES)]
    Seal {
        #[command(subcommand)]
        what: seal::Seal,
    },
    /// Take over the predecessor's database, row by row, with a report of every decision
    #[command(after_help = import_legacy::EXAMPLES)]
    ImportLegacy(import_legacy::Arguments),
    /// Look at the settings
    #[command(after_help = CONFIG_EXAMPLES)]
    Config {
        #[command(subcommand)]
        what: Config,
    },
}

#[derive(Subcommand, Clone, Copy)]
enum Config {
    /// Report every mistake in the settings at once; exit code 64 if there is one
    Check,
    /// Show the settings in force and where each comes from, secrets hidden
    Print,
    /// Print a commented configuration file with every setting of every service
    Reference,
}

const EXAMPLES: &str = "\
Examples:
  keylight                                    everything on http://127.0.0.1:8080/, data in ./data
  KEYLIGHT_HTTP_ADDR=127.0.0.1:9000 keylight  the same on another port
  CLICKUP_TOKEN=pk_... CLICKUP_TEAM_ID=... CLICKUP_LIST_ID=... keylight
                                              with the real ClickUp instead of the simulator
  keylight staff add anna --role admin        an account for the console
  keylight config check                       is anything wrong with the settings?

`keylight up --help` lists the settings.";

const SIMULATOR_EXAMPLES: &str = "\
Examples:
  keylight clickup-sim                              board page on http://127.0.0.1:8090/
  keylight clickup-sim --addr 127.0.0.1:9090 --rate-limit 1000
  curl -H 'Authorization: pk_2_STAFF' http://127.0.0.1:8090/api/v2/list/901001001/task";

const CONFIG_EXAMPLES: &str = "\
Examples:
  keylight config reference > keylight.toml         then edit it, and
  KEYLIGHT_CONFIG=keylight.toml keylight config check";

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let command = Arguments::command().mut_subcommand("up", |up| up.after_help(settings_help()));
    let arguments = match command
        .try_get_matches()
        .and_then(|matches| Arguments::from_arg_matches(&matches))
    {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(EXIT_CONFIG)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match arguments.command {
        None | Some(Command::Up) => up::run(),
        Some(Command::ClickupSim(arguments)) => simulator::run_alone(arguments),
        Some(Command::Staff { what }) => staff::run(what),
        Some(Command::Token { what }) => token::run(what),
        Some(Command::Records { what }) => records::run(what),
        Some(Command::ClickUp { what }) => clickup::run(what),
        Some(Command::Doctor(what)) => doctor::run(what),
        Some(Command::Sync { what }) => sync::run(what),
        Some(Command::Seal { what }) => seal::run(what),
        Some(Command::ImportLegacy(arguments)) => import_legacy::run(arguments),
        Some(Command::Config { what }) => config(what),
    }
}

fn config(what: Config) -> ExitCode {
    if let Config::Reference = what {
        print!("{}", reference_toml(&[&settings::all_keys()]));
        return ExitCode::SUCCESS;
    }
    let (settings, reader) = settings::check(settings::environment());
    if let Config::Print = what {
        print!("{}", print_effective(&reader, &[&settings::own_keys()]));
    }
    checked(&settings.err().unwrap_or_default())
}

fn settings_help() -> String {
    let mut text = String::from(
        "Settings (environment variables; KEYLIGHT_CONFIG may name a TOML file, VARIABLE_FILE a file with one value):\n",
    );
    for key in settings::own_keys() {
        let default = key
            .default
            .map(|value| format!(" [{value}]"))
            .unwrap_or_default();
        let _ = writeln!(text, "  {:<36} {}{default}", key.env, key.doc);
    }
    let _ = write!(
        text,
        "\nExamples:\n  keylight up\n  DATABASE_URL=postgres://... AMQP_URL=amqp://... keylight up"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    /// `docs/keylight.reference.toml` is what `config reference` prints.
    #[test]
    fn the_reference_page_is_up_to_date() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/keylight.reference.toml"
        );
        let now = reference_toml(&[&settings::all_keys()]);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(file, &now).expect("the page can be written");
        }
        let page = std::fs::read_to_string(file).unwrap_or_default();
        assert!(
            page == now,
            "run `UPDATE_DOCS=1 cargo test -p keylight reference_page` and look at what changed"
        );
    }
}
