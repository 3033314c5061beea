//! Starts and ends private PostgreSQL and RabbitMQ for scripts.

use keylight_testkit::{postgres::Durability, servers};
use std::{path::PathBuf, process::ExitCode};

const USAGE: &str = "\
Private PostgreSQL and RabbitMQ on free ports of this machine.

Usage:
  keylight-servers up [--fast] DIR   start both with their files in DIR, write DIR/env, leave them running
  keylight-servers up --scratch DIR  the same for data that nobody needs: --fast, and the broker's files in memory
  keylight-servers down DIR          end both; their data stays
  keylight-servers discard DIR       end both and remove DIR with all data
  keylight-servers status DIR        say what runs; exit code 1 if anything does not

  --fast   PostgreSQL without fsync: for tests, not for measurements";

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("keylight-servers: {error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["up", dir] => up(dir, Durability::PowerCut),
        ["up", "--fast", dir] | ["up", dir, "--fast"] => up(dir, Durability::Process),
        ["up", "--scratch", dir] => {
            print!("{}", servers::up_for_a_while(&PathBuf::from(dir))?);
            Ok(ExitCode::SUCCESS)
        }
        ["discard", dir] => servers::discard(&PathBuf::from(dir)).map(|()| ExitCode::SUCCESS),
        ["down", dir] => servers::down(&PathBuf::from(dir)).map(|()| ExitCode::SUCCESS),
        ["status", dir] => Ok(status(dir)),
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(64))
        }
    }
}

fn up(dir: &str, durability: Durability) -> anyhow::Result<ExitCode> {
    print!("{}", servers::up(&PathBuf::from(dir), durability)?);
    Ok(ExitCode::SUCCESS)
}

fn status(dir: &str) -> ExitCode {
    let servers = servers::running(&PathBuf::from(dir));
    let all = servers.iter().all(|(_, pid)| pid.is_some());
    for (name, pid) in servers {
        match pid {
            Some(pid) => println!("{name}: process {pid}"),
            None => println!("{name}: not running"),
        }
    }
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
