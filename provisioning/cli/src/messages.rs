//! `dayshift messages`: what a node could not send to workers and tenants, and sending it again.

use crate::{Outcome, carry::running_node, output};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Subcommands of `dayshift messages`.
#[derive(Debug, Subcommand)]
pub(crate) enum MessagesCommand {
    /// List messages that were tried three times and given up. Exit code 2 where there are any.
    List(MessagesArgs),
    /// Send a message that was given up once more, with all of its tries.
    #[command(after_help = "Example:\n  dayshift messages retry 512-1044 --data hall")]
    Retry {
        /// Its id, as listed.
        id: String,
        #[command(flatten)]
        args: MessagesArgs,
    },
}

/// Which node.
#[derive(Debug, Args)]
pub(crate) struct MessagesArgs {
    /// Data folder of the running node.
    #[arg(long)]
    data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Messages {
    waiting: u64,
    given_up: Vec<Message>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    id: String,
    kind: String,
    at: String,
    tries: u32,
    error: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Again {
    id: String,
}

/// Runs a subcommand.
pub(crate) fn run(command: &MessagesCommand) -> Result<Outcome> {
    match command {
        MessagesCommand::List(args) => list(args),
        MessagesCommand::Retry { id, args } => {
            let again: Again =
                running_node(&args.data)?.post(&format!("/v1/messages/{id}:retry"), None::<&()>)?;
            if args.json {
                output::result(&serde_json::to_string(&again).context("write the answer")?);
            } else {
                output::result(&format!("{} is on its way again", again.id));
            }
            Ok(Outcome::Done)
        }
    }
}

fn list(args: &MessagesArgs) -> Result<Outcome> {
    let messages: Messages = running_node(&args.data)?.get("/v1/messages")?;
    if args.json {
        output::result(&serde_json::to_string(&messages).context("write the answer")?);
    } else {
        for Message { id, kind, at, tries, error } in &messages.given_up {
            output::result(&format!("{id}  {kind}  {at}  {tries} tries: {error}"));
        }
        let (dead, waiting) = (messages.given_up.len() as u64, messages.waiting);
        output::result(&format!(
            "{} given up, {waiting} waiting{}",
            output::count(dead, "message"),
            if dead > 0 { "; mend the sender in senders.toml, then dayshift messages retry ID" } else { "" }
        ));
    }
    Ok(if messages.given_up.is_empty() { Outcome::Done } else { Outcome::Degraded })
}
