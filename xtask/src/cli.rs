//! The command line: parses the arguments, calls one module per command, prints an error chain once.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{bench, coverage, demo, openapi, out, plugins, suites, tidy, workspace::Workspace};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's chores", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the rules that keep the code readable: dependency table, bans, sizes, links.
    Tidy,
    /// Run every suite that can run here and end with a table and one count.
    Test {
        /// Add clippy, install what the suites need first, and leave nothing out.
        #[arg(long)]
        all: bool,
    },
    /// Build hub, node and command, then run `dayshift demo` with the arguments given.
    Demo {
        /// Passed on to `dayshift demo`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure one set of figures with the built binaries.
    Bench {
        /// Which set; a wrong name lists them.
        name: String,
        /// Print one JSON object per figure instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Measure which lines of the sync protocol and of the ledger the tests run; below the target it fails.
    Coverage {
        /// Print one JSON object per file and per group instead of a table.
        #[arg(long)]
        json: bool,
        /// List the lines that no test runs.
        #[arg(long)]
        missing: bool,
        /// Write the sources with their counts as pages into this folder.
        #[arg(long, value_name = "DIR")]
        html: Option<PathBuf>,
    },
    /// Rebuild the shipped plugins and update the committed components.
    Plugins {
        /// Compare with the committed components and change nothing.
        #[arg(long)]
        check: bool,
    },
    /// Write the API descriptions of both servers to docs/openapi.
    Openapi {
        /// Compare with the committed descriptions and change nothing.
        #[arg(long)]
        check: bool,
    },
}

/// Runs the command given on the command line and says how the process should end.
pub fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            out::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Tidy => tidy::run(&workspace),
        Command::Test { all } => suites::run(&workspace, suites::Reach::from_flag(all)),
        Command::Demo { arguments } => demo::run(&workspace, &arguments),
        Command::Bench { name, json } => bench::run(&workspace, &name, bench::Form::from_flag(json)),
        Command::Coverage { json, missing, html } => {
            let form = if json { coverage::Form::Json } else { coverage::Form::Table { missing } };
            coverage::run(&workspace, form, html.as_deref())
        }
        Command::Plugins { check } => plugins::run(&workspace, check.into()),
        Command::Openapi { check } => openapi::run(&workspace, check.into()),
    }
}
