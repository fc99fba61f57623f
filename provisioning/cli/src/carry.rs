//! `dayshift sync carry`: a sync session through a file, for a node without a line. What a node has to say goes to the hub
//! on a stick, and the hub's answer comes back the same way.

pub(crate) mod disk;
mod export;
mod node;

pub(crate) use node::running_node;

use crate::{
    Outcome,
    hub_client::{self, HubClient, read_token},
    output, peers,
};
use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::{Args, Subcommand};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    path::{Path, PathBuf},
};
use sync_protocol::limits::CARRY_BYTES_MAX;

/// What can be done about sync.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// List how far sync with each node has come: what it lacks of the hub's, and how much of its own log is merged.
    #[command(
        after_long_help = "Example:\n  dayshift sync peers --hub http://127.0.0.1:7480 --token-file hub/admin.token"
    )]
    Peers(peers::PeersArgs),
    /// A session through a file.
    #[command(subcommand)]
    Carry(CarryCommand),
}

/// What can be done with carried sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum CarryCommand {
    /// Write what a node has for the hub; the node may run.
    #[command(after_long_help = "Example:\n  dayshift sync carry export --data hall-3 --to stick.dsc")]
    Export(export::ExportArgs),
    /// Hand a node's file to the hub, or the hub's answer to the running node.
    #[command(
        after_long_help = "Example:\n  dayshift sync carry import stick.dsc --hub http://127.0.0.1:7480 --token-file hub/admin.token\n  dayshift sync carry import stick.answer --data hall-3"
    )]
    Import(ImportArgs),
}

/// Arguments of `dayshift sync carry import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file.
    file: PathBuf,
    /// Address of the hub, such as http://127.0.0.1:7480: the file is a node's.
    /// Without it and --data, DAYSHIFT_HUB of the environment.
    #[arg(long)]
    hub: Option<String>,
    /// File that holds the hub's token; `-` reads it from standard input. Without it, DAYSHIFT_TOKEN_FILE of the environment.
    #[arg(long, conflicts_with = "data")]
    token_file: Option<PathBuf>,
    /// Where to write the hub's answer; beside the file, named after it, when left out.
    #[arg(long, conflicts_with = "data")]
    answer: Option<PathBuf>,
    /// Data folder of the running node: the file is the hub's answer.
    #[arg(long, conflicts_with = "hub")]
    data: Option<PathBuf>,
    /// List each sign-up and each job, and not their sums alone.
    #[arg(long, conflicts_with = "data")]
    all: bool,
    /// Print the account as JSON.
    #[arg(long)]
    json: bool,
}

/// How much of an account is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Sums,
    Each,
}

impl Told {
    /// As `--all` says.
    pub(crate) fn by(all: bool) -> Self {
        if all { Self::Each } else { Self::Sums }
    }
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
    match command {
        SyncCommand::Peers(args) => peers::run(args),
        SyncCommand::Carry(CarryCommand::Export(args)) => export::run(args),
        SyncCommand::Carry(CarryCommand::Import(args)) => import(args),
    }
}

fn import(args: &ImportArgs) -> Result<Outcome> {
    let bytes = read_file(&args.file)?;
    if let Some(data) = &args.data {
        return node::import(data, &bytes, args.json);
    }
    match (hub_client::address(args.hub.as_ref()), hub_client::token_file(args.token_file.as_ref())) {
        (Some(hub), Some(token)) => import_at_hub(args, &hub, &token, &bytes),
        _ => bail!("give --hub with --token-file (or DAYSHIFT_HUB with DAYSHIFT_TOKEN_FILE), or --data"),
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
        tell(&account, Told::by(args.all));
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
pub(crate) fn tell(account: &Account, told: Told) {
    let Account { node, merged, parked, saved, back, strangers, retired, settled, .. } = account;
    let were = if *merged == 1 { "entry was" } else { "entries were" };
    output::result(&format!("node {node}: {merged} {were} new to the hub, {parked} of them parked"));
    match told {
        Told::Sums => sums(account).iter().for_each(|line| output::result(line)),
        Told::Each => {
            for SavedSignUp { job, sign_up } in saved {
                output::result(&format!("  saved     {sign_up} for {job}: the hub had not known it"));
            }
            for Rights { job, rights } in back {
                let rights = output::count(u64::from(*rights), "right");
                output::result(&format!("  back      {rights} to {job}"));
            }
        }
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

/// What was saved and what came back, a line each, where there is anything.
fn sums(account: &Account) -> Vec<String> {
    let jobs = |jobs: BTreeSet<&str>| output::count(jobs.len() as u64, "job");
    let saved: BTreeSet<_> = account.saved.iter().map(|saved| saved.job.as_str()).collect();
    let back: BTreeSet<_> = account.back.iter().map(|back| back.job.as_str()).collect();
    let rights: u64 = account.back.iter().map(|back| u64::from(back.rights)).sum();
    let mut lines = Vec::new();
    if !saved.is_empty() {
        let sign_ups = output::count(account.saved.len() as u64, "sign-up");
        lines.push(format!(
            "  saved     {sign_ups} for {} that the hub had not known; --all lists each",
            jobs(saved)
        ));
    }
    if !back.is_empty() {
        let rights = output::count(rights, "right");
        lines.push(format!("  back      {rights} to {}; --all lists each", jobs(back)));
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::{Account, sums};

    #[test]
    fn what_came_back_is_summed() {
        let check = |saved: &str, back: &str, expected: &[&str]| {
            let text = format!(
                r#"{{"node":"1.1","merged":9,"parked":0,"saved":[{saved}],"back":[{back}],"strangers":[],"retired":null,
                "settled":true,"acked":[],"answer":"","more":false}}"#
            );
            assert_eq!(sums(&serde_json::from_str::<Account>(&text).unwrap()), expected);
        };
        let saved = |sign_up: &str, job: &str| format!(r#"{{"sign_up":"{sign_up}","job":"{job}"}}"#);
        let back = |job: &str, rights: u32| format!(r#"{{"job":"{job}","rights":{rights}}}"#);
        check("", "", &[]);
        check("", &back("j1", 1), &["  back      1 right to 1 job; --all lists each"]);
        check(
            &[saved("s1", "j1"), saved("s2", "j1")].join(","),
            &[back("j1", 3), back("j2", 4)].join(","),
            &[
                "  saved     2 sign-ups for 1 job that the hub had not known; --all lists each",
                "  back      7 rights to 2 jobs; --all lists each",
            ],
        );
    }
}
