//! `dayshift sync carry`: a sync session through a file, for a node without a line. What a node has to say goes to the hub
//! on a stick, and the hub's answer comes back the same way.

pub(crate) mod disk;
mod export;
mod node;

use crate::{
    Outcome,
    hub_client::{HubClient, read_token},
    output,
};
use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::{Args, Subcommand};
use serde::Deserialize;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};
use sync_protocol::limits::CARRY_BYTES_MAX;

/// What can be done about sync.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// A session through a file.
    #[command(subcommand)]
    Carry(CarryCommand),
}

/// What can be done with carried sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum CarryCommand {
    /// Write what a node has for the hub; the node may run.
    Export(export::ExportArgs),
    /// Hand a node's file to the hub, or the hub's answer to the running node.
    Import(ImportArgs),
}

/// Arguments of `dayshift sync carry import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file.
    file: PathBuf,
    /// Address of the hub, such as http://127.0.0.1:7480: the file is a node's.
    #[arg(long, requires = "token_file", required_unless_present = "data")]
    hub: Option<String>,
    /// File that holds the hub's token; `-` reads it from standard input.
    #[arg(long, requires = "hub")]
    token_file: Option<PathBuf>,
    /// Where to write the hub's answer; beside the file, named after it, when left out.
    #[arg(long, requires = "hub")]
    answer: Option<PathBuf>,
    /// Data folder of the running node: the file is the hub's answer.
    #[arg(long, conflicts_with = "hub")]
    data: Option<PathBuf>,
    /// Print the account as JSON.
    #[arg(long)]
    json: bool,
}

/// The hub's account of a carried session.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) node: String,
    pub(crate) merged: u64,
    pub(crate) parked: u32,
    pub(crate) saved: Vec<SavedSignUp>,
    pub(crate) back: Vec<Rights>,
    pub(crate) strangers: Vec<Stranger>,
    pub(crate) retired: Option<String>,
    pub(crate) settled: bool,
    pub(crate) acked: Vec<Acked>,
    pub(crate) answer: String,
    pub(crate) more: bool,
}

/// A confirmed sign-up that the hub had not known.
#[derive(Debug, Deserialize)]
pub(crate) struct SavedSignUp {
    pub(crate) job: String,
    pub(crate) sign_up: String,
}

/// Rights to a job that came back.
#[derive(Debug, Deserialize)]
pub(crate) struct Rights {
    pub(crate) job: String,
    pub(crate) rights: u32,
}

/// A person with a receipt of a log that does not count.
#[derive(Debug, Deserialize)]
pub(crate) struct Stranger {
    pub(crate) job: String,
    pub(crate) sign_up: String,
    pub(crate) worker: String,
}

/// Where one log stands at the hub.
#[derive(Debug, Deserialize)]
pub(crate) struct Acked {
    pub(crate) vshard: u16,
    pub(crate) wseq: u64,
}

/// Runs `dayshift sync`.
pub(crate) fn run(command: &SyncCommand) -> Result<Outcome> {
    let SyncCommand::Carry(command) = command;
    match command {
        CarryCommand::Export(args) => export::run(args),
        CarryCommand::Import(args) => import(args),
    }
}

fn import(args: &ImportArgs) -> Result<Outcome> {
    let bytes = read_file(&args.file)?;
    match (&args.hub, &args.token_file, &args.data) {
        (Some(hub), Some(token), _) => import_at_hub(args, hub, token, &bytes),
        (_, _, Some(data)) => node::import(data, &bytes, args.json),
        _ => bail!("give --hub with --token-file, or --data"),
    }
}

fn import_at_hub(args: &ImportArgs, hub: &str, token: &Path, bytes: &[u8]) -> Result<Outcome> {
    let client = HubClient::new(hub, &read_token(token)?)?;
    let text = client.post_bytes("/v1/sync/carry", &[], bytes)?;
    let account: Account = serde_json::from_str(&text).context("the hub's account")?;
    let path = args.answer.clone().unwrap_or_else(|| args.file.with_extension("answer"));
    let answer = STANDARD.decode(&account.answer).context("the hub's answer")?;
    fs::write(&path, &answer).with_context(|| format!("write {}", path.display()))?;
    if args.json {
        let mut shown: serde_json::Value = serde_json::from_str(&text).context("the hub's account")?;
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("answer".to_owned(), path.display().to_string().into());
        }
        output::result(&shown.to_string());
    } else {
        tell(&account);
        let more =
            if account.more { "; it does not hold all that waits for the node: carry again" } else { "" };
        output::result(&format!("the answer for the node is in {}{more}", path.display()));
    }
    Ok(judge(&account))
}

/// A log that does not count, or entries that were not taken, are for a person to look at.
pub(crate) fn judge(account: &Account) -> Outcome {
    if account.strangers.is_empty() && account.parked == 0 { Outcome::Done } else { Outcome::Degraded }
}

/// Says what became of a file, person by person where somebody has a receipt that does not count.
pub(crate) fn tell(account: &Account) {
    let Account { node, merged, parked, saved, back, strangers, retired, settled, .. } = account;
    output::result(&format!("node {node}: {merged} entries were new to the hub, {parked} of them parked"));
    for SavedSignUp { job, sign_up } in saved {
        output::result(&format!("  saved     {sign_up} for {job}: the hub had not known it"));
    }
    for Rights { job, rights } in back {
        output::result(&format!("  back      {rights} rights to {job}"));
    }
    for Stranger { job, sign_up, worker } in strangers {
        output::result(&format!(
            "  collides  {sign_up} for {job}, worker {worker}: holds a receipt of a log that does not count"
        ));
    }
    if *settled {
        output::result("the incarnation is settled: its whole log is here, and nothing is reserved for it");
    } else if let Some(reason) = retired {
        output::result(&format!("the incarnation is over, and its rights stay reserved: {reason}"));
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let file = fs::File::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(CARRY_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("read {}", path.display()))?;
    ensure!(bytes.len() <= CARRY_BYTES_MAX, "{} is longer than any carried session", path.display());
    Ok(bytes)
}
