//! The `simulate` command.

mod commands;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "simulate", about = "Proves by machine what Dayshift promises")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walks through every state of small worlds, over the production transition functions
    Model(commands::model::Args),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Model(args) => commands::model::run(&args),
    }
}
