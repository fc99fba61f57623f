//! The `simulate` command: runs scenarios, replays and shrinks their traces.

mod commands;
mod live;
mod mutants;

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Proves by machine what Dayshift promises: every state of small worlds, and whole days of simulated ones.
#[derive(Debug, Parser)]
#[command(
    name = "simulate",
    version,
    after_help = "Exit codes: 0 where every promise was kept, 1 where one was broken or a wanted bug was not found, 2 where the
command could not be carried out."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walks through every state of small worlds, over the production transition functions.
    #[command(
        after_long_help = "Example:\n  simulate model --instance E\n  simulate model --instance G --bound 32000000"
    )]
    Model(commands::model::Args),
    /// Cuts the power, fails and fills the disk at every write of a node's day, and flips bits of its database.
    Disk(commands::disk::Args),
    /// Lists the scenarios.
    List,
    /// Runs seeds of one scenario, or of all in turn. Exit code 1 where a promise was broken.
    ///
    /// Of a seed that breaks a promise the trace is written; --keep-traces writes those of the others too, and --html draws one
    /// run, whatever comes of it.
    ///
    /// Lines "never reached" name rare states that these seeds did not meet. They matter with --sometimes alone: few seeds
    /// do not meet all of them.
    #[command(
        after_long_help = "Examples:\n  simulate run hot-job --seeds 20\n  simulate run copied-node --start 7 --html run.html"
    )]
    Run(Run),
    /// Runs a trace again and compares every event. Exit code 1 where a promise is broken.
    ///
    /// The known bug that a trace of `simulate mutants` shows is switched on.
    #[command(after_long_help = "Example:\n  simulate replay traces/hot-job-7.jsonl --html run.html")]
    Replay {
        /// A trace that `simulate run` or `simulate mutants` wrote.
        trace: PathBuf,
        /// Shows one event after the other; Enter goes on.
        #[arg(long)]
        step: bool,
        /// Writes the run as one HTML page: a lane for each machine, messages, faults, every job's seats, what must hold.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Leaves out what a violation does not need, and writes TRACE.short.jsonl.
    Shrink {
        /// A trace that `simulate run` or `simulate mutants` wrote of a broken promise.
        trace: PathBuf,
    },
    /// Kills real processes under load, by the program `dayshift` beside this one.
    Live(live::Args),
    /// Switches on known bugs one by one; each must be found.
    #[command(after_long_help = "Example:\n  simulate mutants LeaseIgnored --seeds 50")]
    Mutants(mutants::Args),
}

/// Which seeds to run.
#[derive(Debug, Args)]
struct Run {
    /// A scenario's name or TOML file; all shipped ones in turn where none is given.
    scenario: Option<String>,
    /// How many seeds: 100, or with --html the one that is drawn.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// The first seed; the others follow it.
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// The last line is one JSON object.
    #[arg(long)]
    json: bool,
    /// Each seed runs twice, and all that happened must be equal.
    #[arg(long)]
    doublecheck: bool,
    /// Threads; each seed runs on one.
    #[arg(long)]
    threads: Option<usize>,
    /// Folder for the traces of violations.
    #[arg(long, value_name = "FOLDER", default_value = "traces")]
    traces: PathBuf,
    /// Writes there the traces of all seeds, also of those that break nothing: one to three megabytes each.
    #[arg(long)]
    keep_traces: bool,
    /// Writes the run of one seed as one HTML page, as `simulate replay --html` does of a trace.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Fails where a wanted rare state was not reached.
    #[arg(long)]
    sometimes: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Model(args) => Ok(commands::model::run(&args)),
        Command::Disk(args) => commands::disk::run(&args),
        Command::List => commands::list(),
        Command::Run(run) => commands::run(&run),
        Command::Replay { trace, step, html } => commands::replay(&trace, step, html.as_deref()),
        Command::Shrink { trace } => commands::shrink(&trace),
        Command::Live(args) => live::run(&args),
        Command::Mutants(args) => mutants::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            commands::complain(&error);
            ExitCode::from(2)
        }
    }
}
