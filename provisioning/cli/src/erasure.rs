//! `dayshift erasure`: which nodes have erased whom they were told to, and which still owe it.

use crate::Outcome;
use crate::hub_client::HubArgs;
use crate::output;
use anyhow::{Context, Result};
use clap::Subcommand;
use serde::Deserialize;
use serde_json::Value;

/// What can be asked of erasures.
#[derive(Debug, Subcommand)]
pub(crate) enum ErasureCommand {
    /// List the orders to erase a worker, with the nodes that have signed and those that still owe it.
    ///
    /// A worker orders it at a kiosk; each node of the region follows once it is in contact. Workers are named by pseudonym.
    /// Ends with 2 where a node owes a receipt.
    List(HubArgs),
}

#[derive(Debug, Deserialize)]
struct Erasures {
    erasures: Vec<Erasure>,
}

#[derive(Debug, Deserialize)]
struct Erasure {
    order: String,
    worker: String,
    region: String,
    heard_at: String,
    nodes: Vec<Answer>,
    owed: u32,
}

#[derive(Debug, Deserialize)]
struct Answer {
    node: u32,
    name: String,
    state: String,
    at: Option<String>,
}

/// Runs `dayshift erasure`.
pub(crate) fn run(command: &ErasureCommand) -> Result<Outcome> {
    match command {
        ErasureCommand::List(hub) => list(hub),
    }
}

/// What an operator has to do about a node that has not signed.
fn words(state: &str) -> &str {
    match state {
        "erased" => "erased",
        "owes" => "owes it: follows at its next contact",
        "retired" => "retired: wipe its disk by hand",
        "old_disk" => "joined anew meanwhile: delete its old files by hand",
        other => other,
    }
}

fn list(args: &HubArgs) -> Result<Outcome> {
    let answer: Value = args.client()?.get("/v1/erasures")?;
    let Erasures { erasures } =
        serde_json::from_value(answer.clone()).context("the hub's list of erasures")?;
    let outcome =
        if erasures.iter().any(|erasure| erasure.owed > 0) { Outcome::Degraded } else { Outcome::Done };
    if args.json {
        output::result(&serde_json::to_string(&answer).context("write the answer")?);
        return Ok(outcome);
    }
    if erasures.is_empty() {
        output::note("nobody has asked to be erased");
    }
    for erasure in erasures {
        let Erasure { order, worker, region, heard_at, owed, .. } = &erasure;
        let owed = if *owed == 0 { "all signed".to_owned() } else { format!("{owed} open") };
        output::result(&format!("order {order}  worker {worker}  {region}  heard {heard_at}  {owed}"));
        for Answer { node, name, state, at } in &erasure.nodes {
            let at = at.as_deref().unwrap_or_default();
            output::result(&format!("  {name:<24}{node:<6}{} {at}", words(state)));
        }
    }
    Ok(outcome)
}
