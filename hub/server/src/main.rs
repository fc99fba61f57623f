//! `hub`: the centre of a cluster. Parses, opens, binds, announces, runs, drains.

mod agency;
mod announce;
mod app;
mod clock;
mod config;
mod console;
mod directory;
mod fencing;
mod http;
mod incarnations;
mod limits;
mod live;
mod orders;
mod over_limits;
mod peers;
mod rates;
mod regions;
mod run;
mod scheduler;
mod shard_workers;
mod signer;
mod telemetry;

use clap::Parser;
use config::{Cli, Command, Config};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// A wrong configuration, as sysexits.h has it.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Openapi => {
            http::description().and_then(|description| Ok(writeln!(io::stdout(), "{description:#}")?))
        }
        Command::Run(args) => match Config::try_from(args) {
            Ok(config) => {
                telemetry::start();
                run::run(config)
            }
            Err(error) => {
                complain(&error);
                return ExitCode::from(EXIT_USAGE);
            }
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn complain(error: &anyhow::Error) {
    // Nobody is left to tell where standard error is closed.
    let _ = writeln!(io::stderr(), "error: {error:#}");
}
