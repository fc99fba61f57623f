//! `dayshift worker`: what an operator does for a worker at a node.

use crate::{Outcome, carry::running_node, output};
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::{
    io::{BufRead, Read, stdin},
    path::PathBuf,
};

/// Longest line that is read as a phone number, bytes.
const LINE_BYTES_MAX: u64 = 64;

/// Subcommands of `dayshift worker`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// End a worker's forgotten PIN at a node, and print six digits by which the worker chooses another at its kiosk.
    #[command(
        name = "reset-pin",
        after_help = "The phone number is read from the first line of standard input: it stands in no list of processes and in no \
                      history. The answer is the same whether or not it is enrolled.\n\nHand the digits to nobody whose card or \
                      paper you have not seen: docs/runbooks/forgotten-pin.md says what to check.\n\nExample:\n  dayshift worker \
                      reset-pin --data hall-3"
    )]
    ResetPin(ResetPinArgs),
}

/// Which node.
#[derive(Debug, Args)]
pub(crate) struct ResetPinArgs {
    /// Data folder of the running node.
    #[arg(long)]
    data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Forgotten {
    phone: String,
}

#[derive(Serialize, Deserialize)]
struct Given {
    pin: String,
    until: String,
}

/// Runs a subcommand.
pub(crate) fn run(command: &WorkerCommand) -> Result<Outcome> {
    let WorkerCommand::ResetPin(args) = command;
    let node = running_node(&args.data)?;
    let mut phone = String::new();
    stdin().lock().take(LINE_BYTES_MAX).read_line(&mut phone).context("read standard input")?;
    let phone = phone.trim().to_owned();
    ensure!(!phone.is_empty(), "write the worker's phone number on the first line of standard input");
    let given: Given = node.post("/v1/workers:reset_pin", Some(&Forgotten { phone }))?;
    if args.json {
        output::result(&serde_json::to_string(&given).context("write the answer")?);
    } else {
        let (first, last) = given.pin.split_at_checked(3).unwrap_or((&given.pin, ""));
        output::result(&format!("{first} {last}"));
        output::result(&format!(
            "If the number is enrolled at this node, its PIN is over. Until {} these digits, typed in place of the PIN at this node's \
             kiosk, let the worker choose another; they open nothing else.",
            given.until
        ));
    }
    Ok(Outcome::Done)
}
