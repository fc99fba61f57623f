//! `dayshift edge`: one node as an operator at its box sees it, and what is to be done before the box is taken away.

use crate::{Outcome, carry::running_node, output};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Subcommands of `dayshift edge`.
#[derive(Debug, Subcommand)]
pub(crate) enum EdgeCommand {
    /// Show how the running node is. Exit code 2 where it signs nobody up, or has no line.
    Status(EdgeArgs),
    /// Take nobody new from here on, and give idle rights back to the hub; places that people have stay.
    ///
    /// Holds also after a restart, until `dayshift edge resume`. Asked again it says what is idle still: places that somebody
    /// has set aside go two minutes later. Before a box is taken away, wait until nothing is idle and nothing is pending.
    #[command(after_help = "Example:\n  dayshift edge drain --data hall-3")]
    Drain(EdgeArgs),
    /// Take people again.
    Resume(EdgeArgs),
    /// Begin a new session with the hub at once: both compare where all logs stand and send what the other lacks.
    Resync(EdgeArgs),
}

/// Which node.
#[derive(Debug, Args)]
pub(crate) struct EdgeArgs {
    /// Data folder of the running node.
    #[arg(long)]
    data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Node {
    node: u32,
    incarnation: u16,
    name: String,
    region: String,
    link: String,
    pending: u64,
    jobs: u64,
    frozen: Option<String>,
    draining: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Upkeep {
    draining: bool,
    idle_rights: u64,
    pending: u64,
}

/// Runs a subcommand.
pub(crate) fn run(command: &EdgeCommand) -> Result<Outcome> {
    match command {
        EdgeCommand::Status(args) => status(args),
        EdgeCommand::Drain(args) => order(args, "drain", "It takes nobody new."),
        EdgeCommand::Resume(args) => order(args, "resume", "It takes people again."),
        EdgeCommand::Resync(args) => order(args, "resync", "A new session with the hub begins."),
    }
}

fn status(args: &EdgeArgs) -> Result<Outcome> {
    let node: Node = running_node(&args.data)?.get("/v1/node")?;
    if args.json {
        output::result(&serde_json::to_string(&node).context("write the answer")?);
    } else {
        let Node { name, node: number, incarnation, region, link, jobs, .. } = &node;
        output::result(&format!(
            "{name} ({number}.{incarnation}, {region}): line {link}, {}",
            output::count(*jobs, "job")
        ));
        output::result(&pending(node.pending));
        if let Some(reason) = &node.frozen {
            output::result(&format!("It signs nobody up: {reason}"));
        } else if node.draining {
            output::result("It is being drained and takes nobody new; `dayshift edge resume` ends that.");
        }
    }
    let serves = node.frozen.is_none() && !node.draining && node.link == "up";
    Ok(if serves { Outcome::Done } else { Outcome::Degraded })
}

fn order(args: &EdgeArgs, order: &str, done: &str) -> Result<Outcome> {
    let after: Upkeep = running_node(&args.data)?.post(&format!("/v1/node:{order}"), None::<&()>)?;
    if args.json {
        output::result(&serde_json::to_string(&after).context("write the answer")?);
    } else {
        output::result(&format!(
            "{done} {} idle here. {}",
            output::count(after.idle_rights, "right"),
            pending(after.pending)
        ));
    }
    Ok(Outcome::Done)
}

fn pending(entries: u64) -> String {
    match entries {
        0 => "The hub has all that it wrote.".to_owned(),
        1 => "1 entry of its log is not yet at the hub.".to_owned(),
        more => format!("{more} entries of its log are not yet at the hub."),
    }
}
