//! `edge-node`: the light server that stands where labour is hired.

mod agency;
mod app;
mod config;
mod event_loop;
mod holds;
mod http;
mod join;
mod kiosk;
mod limits;
mod outbox;
mod papers;
mod person;
mod phone;
mod plugins;
mod printer;
mod rates;
mod readers;
mod speech;
mod telemetry;
mod timesheet;
mod uplink;

use anyhow::Context;
use clap::Parser;
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let cli = config::Cli::parse();
    telemetry::start_logs();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: config::Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    match cli.command {
        config::Command::Join(join) => runtime.block_on(join::join(&join)),
        config::Command::Run(run) => runtime.block_on(app::run(&config::Config::load(&run)?)),
        config::Command::Languages(config::LanguagesCommand::Check { folder }) => {
            pages::languages::check(&folder, &mut std::io::stdout())
        }
        config::Command::Printer(command) => runtime.block_on(printer::command(&command)),
        config::Command::Openapi => {
            let description = http::description()?;
            writeln!(std::io::stdout(), "{description:#}").context("cannot write to stdout")
        }
    }
}
