//! `dayshift hub import-node-disk`: what a dead node's disk knows, brought to the hub. Whole logs are closed in the carried
//! file, and settle the incarnation exactly. Of damaged ones everything before the first bad entry is brought; their
//! rights stay reserved, because what is missing may have used them.

use crate::{
    Outcome,
    carry::{
        Account, Told,
        disk::{Disk, Logs},
        judge, tell,
    },
    hub_client::{HubClient, read_token},
    output,
};
use anyhow::{Context, Result, ensure};
use clap::Args;
use enrolment::FolderHold;
use std::{collections::BTreeMap, path::PathBuf};
use sync_protocol::ids::VshardId;

const RETIRE: &str = "an operator has imported its disk";

/// Arguments of `dayshift hub import-node-disk`.
#[derive(Debug, Args)]
pub(crate) struct ImportDiskArgs {
    /// Data folder of the dead node.
    path: PathBuf,
    /// Address of the hub, such as http://127.0.0.1:7480.
    #[arg(long, env = "DAYSHIFT_HUB")]
    hub: String,
    /// File that holds the hub's token; `-` reads it from standard input.
    #[arg(long, env = "DAYSHIFT_TOKEN_FILE")]
    token_file: PathBuf,
    /// The node was copied or restored, and of its disks this is the one whose log counts.
    #[arg(long)]
    this_is_the_one: bool,
    /// List each sign-up and each job, and not their sums alone.
    #[arg(long)]
    all: bool,
    /// Print the hub's last account as JSON.
    #[arg(long)]
    json: bool,
}

/// Brings the disk's logs to the hub.
pub(crate) fn run(args: &ImportDiskArgs) -> Result<Outcome> {
    Disk::look(&args.path)?;
    let _hold = FolderHold::take(&args.path)?;
    let client = HubClient::new(&args.hub, &read_token(&args.token_file)?)?;
    let mut disk = Disk::open(&args.path)?;
    let mut logs = disk.logs(&args.path)?;
    let is_whole = logs.faults.is_empty();
    if is_whole {
        logs.close(&disk)?;
    }
    for fault in &logs.faults {
        output::note(&format!(
            "damaged: {fault}; what comes before is brought, and its rights stay reserved"
        ));
    }
    let account = bring(&client, &mut disk, &logs, args.this_is_the_one, is_whole)?;
    if args.json {
        output::result(
            &serde_json::json!({
                "node": account.node, "merged": account.merged, "settled": account.settled, "whole": is_whole,
                "saved": account.saved.iter().map(|of| &of.sign_up).collect::<Vec<_>>(),
                "back": account.back.iter().map(|of| of.rights).sum::<u32>(),
                "strangers": account.strangers.iter().map(|of| &of.sign_up).collect::<Vec<_>>(),
            })
            .to_string(),
        );
    } else {
        tell(&account, Told::by(args.all));
    }
    if is_whole && !account.settled && !args.this_is_the_one {
        output::note(&format!(
            "the log is whole and does not settle its incarnation by itself: disks of one node that were copied or put \
             back contradict each other, and one of them counts by your word. If it is this one: dayshift hub \
             import-node-disk {} --this-is-the-one",
            args.path.display()
        ));
    }
    Ok(if is_whole && account.settled { judge(&account) } else { Outcome::Degraded })
}

/// Asks how far the hub has come, and sends file after file from there.
fn bring(
    client: &HubClient,
    disk: &mut Disk,
    logs: &Logs,
    is_the_one: bool,
    is_whole: bool,
) -> Result<Account> {
    let one = if is_the_one { "true" } else { "false" };
    let everything: BTreeMap<VshardId, u64> =
        logs.of.iter().map(|(vshard, log)| (*vshard, log.head.wseq)).collect();
    // Ends the incarnation first only where its log is whole: what comes after a fence is evidence until it is.
    let first = if is_whole { vec![("retire", RETIRE)] } else { Vec::new() };
    let mut total = post(client, &first, disk, logs, &everything)?.0;
    loop {
        let after = total.acked.iter().map(|acked| (VshardId(acked.vshard), acked.wseq)).collect();
        let (next, is_all) = post(client, &[("this_is_the_one", one)], disk, logs, &after)?;
        let moved = next.merged > 0;
        add(&mut total, next);
        if is_all {
            break;
        }
        ensure!(moved, "the hub takes no more of this disk; look at its log");
    }
    if !is_whole {
        let last = post(client, &[("retire", RETIRE)], disk, logs, &everything)?.0;
        add(&mut total, last);
    }
    Ok(total)
}

fn post(
    client: &HubClient,
    query: &[(&str, &str)],
    disk: &mut Disk,
    logs: &Logs,
    after: &BTreeMap<VshardId, u64>,
) -> Result<(Account, bool)> {
    let (bytes, is_all) = disk.pack(logs, after)?;
    let text = client.post_bytes("/v1/sync/carry", query, &bytes)?;
    Ok((serde_json::from_str(&text).context("the hub's account")?, is_all))
}

fn add(total: &mut Account, next: Account) {
    total.merged += next.merged;
    total.parked += next.parked;
    total.saved.extend(next.saved);
    total.back.extend(next.back);
    total.strangers.extend(next.strangers);
    (total.retired, total.settled, total.acked) = (next.retired, next.settled, next.acked);
}
