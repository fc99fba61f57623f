//! `dayshift jobs`: bring job files into a hub, make job files where none can be had, look at, change or close a job.

mod change;
mod convert;
mod csv_line;
mod dates;
mod demands;
mod draw;
mod fields;
mod framing;
pub(crate) mod generate;
mod import;
mod import_command;
mod look;
mod map;
mod mojibake;
mod money;
mod post;
mod twins;
mod upload;
mod verdict;
mod words;

use crate::Outcome;
use anyhow::Result;
use clap::{Args, Subcommand};

/// Arguments of `dayshift jobs`.
#[derive(Debug, Args)]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    command: JobsCommand,
}

#[derive(Debug, Subcommand)]
enum JobsCommand {
    /// Read a CSV or NDJSON file by a map and send its jobs to a hub; safe to repeat.
    #[command(
        after_long_help = "Example:\n  dayshift jobs import data/nyc_jobs_to_2019-06-14.csv --map data/maps/nyc.toml --dry-run\n  dayshift jobs import shifts.ndjson --hub http://127.0.0.1:7480 --token-file hub/admin.token --tenant agency --region hangzhou"
    )]
    Import(import_command::ImportArgs),
    /// Write synthetic shifts of a region as NDJSON, ready for `jobs import`.
    #[command(
        after_long_help = "Example:\n  dayshift jobs generate --region hangzhou --count 2000 --seed 1 > shifts.ndjson"
    )]
    Generate(generate::GenerateArgs),
    /// Change the number of seats of a job, up or down; safe to repeat.
    ///
    /// Raising opens seats at once. Lowering recalls rights that nobody uses. Below what is confirmed it is refused, and
    /// the refusal names the smallest number, unless --bump-latest ends the latest sign-ups, each with notice.
    #[command(
        after_long_help = "Example:\n  dayshift jobs cap j0-1-1024 12 --hub http://127.0.0.1:7480 --token-file hub/admin.token\n\nAn agency gives a file with its own key as --token-file, for its own jobs."
    )]
    Cap(change::CapArgs),
    /// Close a job: nobody signs up any more, and whoever is confirmed or waits is ended, with notice.
    #[command(
        after_long_help = "Example:\n  dayshift jobs close j0-1-1024 --hub http://127.0.0.1:7480 --token-file hub/admin.token\n\nAn agency gives a file with its own key as --token-file, for its own jobs."
    )]
    Close(change::CloseArgs),
    /// Show who holds the seats of a job: cap, rights at the hub, rights and confirmed places by holder, limbo.
    ///
    /// A right is the permission to fill a seat. Each holder's are its confirmed places and its idle rights, which only it
    /// can use. What stays reserved for an incarnation that is over is in limbo. All as far as the nodes have reported.
    #[command(
        after_long_help = "Example:\n  dayshift jobs seats j0-1-1024 --hub http://127.0.0.1:7480 --token-file hub/admin.token"
    )]
    Seats(look::LookArgs),
    /// Show which sign-ups of a job others than their holder ended, why, and whether it is done.
    ///
    /// Latest first: by a lowered cap, by closing, as a duplicate, by a reclaim, or given back at another kiosk.
    #[command(
        after_long_help = "Example:\n  dayshift jobs endings j0-1-1024 --hub http://127.0.0.1:7480 --token-file hub/admin.token"
    )]
    Endings(look::LookArgs),
    /// Show who waits for a job, in the order in which free rights are offered, and to whom one is offered now.
    ///
    /// Who waits at a node without a line is not in it until the node has reported.
    #[command(
        after_long_help = "Example:\n  dayshift jobs waiting j0-1-1024 --hub http://127.0.0.1:7480 --token-file hub/admin.token"
    )]
    Waiting(look::LookArgs),
    /// Check the public draw of a job's wait list; needs no server.
    #[command(
        subcommand,
        after_long_help = "Example:\n  curl -s http://hall:7080/v1/jobs/j0-1-1024/draw | dayshift jobs draw verify - --sign-up s3-1-42"
    )]
    Draw(draw::DrawCommand),
}

/// Runs one `dayshift jobs` command.
pub(crate) fn run(args: JobsArgs) -> Result<Outcome> {
    match args.command {
        JobsCommand::Import(args) => import_command::run(&args),
        JobsCommand::Generate(args) => generate::run(&args),
        JobsCommand::Cap(args) => change::cap(&args),
        JobsCommand::Close(args) => change::close(&args),
        JobsCommand::Seats(args) => look::seats(&args),
        JobsCommand::Endings(args) => look::endings(&args),
        JobsCommand::Waiting(args) => look::waiting(&args),
        JobsCommand::Draw(command) => draw::run(&command),
    }
}
