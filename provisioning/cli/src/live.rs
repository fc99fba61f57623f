//! `dayshift live`: a hub and two nodes as real processes under load, killed at random moments, frozen,
//! cut off and without room on their disks; after each kill, what the clients were told last is compared with what the
//! processes hold, and at the end everything, once more by a count that shares no code with the ledger.

mod at_hub;
mod faults;
mod load;
mod verdict;

use crate::demo::cluster::{Cluster, Who};
use crate::demo::recount::Recount;
use crate::demo::wait;
use crate::{Outcome, output};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use faults::{Faults, Trouble};
use indicatif::{ProgressBar, ProgressStyle};
use load::{Load, Record};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use verdict::Verdict;

const TENANT: &str = "live-labour";
/// Few seats a job, so that kiosks compete for the last ones all the time.
pub(crate) const SEATS: u64 = 6;
const JOBS: u64 = 300;
const SYNC_TIME_MAX: Duration = Duration::from_secs(60);

/// Arguments of `dayshift live`.
#[derive(Debug, Args)]
pub(crate) struct LiveArgs {
    /// How many processes are killed.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    kills: u64,
    /// Varies who is killed, frozen or cut off, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the result alone, without the progress bar.
    #[arg(long)]
    json: bool,
}

/// The last line of the output.
#[derive(Debug, Serialize)]
struct Summary {
    kills: u64,
    sign_ups: u64,
    confirmed: u64,
    cancelled: u64,
    /// Places that the hub gave itself, each with a receipt of the hub's; nodes signed for all others.
    signed_by_hub: u64,
    lost: u64,
    oversold: u64,
    /// What `dayshift receipt count`, which shares no code with the ledger, makes of all receipts, cancellations and caps.
    receipts: Recount,
    seconds: f64,
    seed: u64,
    faults: Trouble,
    /// Answers that a disk was full; each was asked again under the same key.
    refused_for_room: u64,
    /// Faults that this machine does not allow, with the reason.
    skipped: Vec<String>,
}

/// What a run came to.
struct Told {
    trouble: Trouble,
    verdict: Verdict,
    refused_for_room: u64,
    skipped: Vec<String>,
}

/// Runs the kills; anything lost or oversold is an error, and the files stay.
pub(crate) fn run(args: &LiveArgs) -> Result<Outcome> {
    wait::watch_signals()?;
    let name = format!("dayshift-live-{}", std::process::id());
    let folder = crate::demo::new_folder(std::env::temp_dir().join(name), "TMPDIR")?;
    let start = Instant::now();
    let outcome = play(args, &folder);
    let Told { trouble, verdict, refused_for_room, skipped } = match outcome {
        Ok(told) => told,
        Err(error) => return Err(error.context(format!("all files stay in {}", folder.display()))),
    };
    let summary = Summary {
        kills: trouble.kills(),
        sign_ups: verdict.sign_ups,
        confirmed: verdict.confirmed,
        cancelled: verdict.cancelled,
        signed_by_hub: verdict.signed_by_hub,
        lost: verdict.lost.len() as u64,
        oversold: verdict.oversold,
        receipts: verdict.recount.clone(),
        seconds: start.elapsed().as_secs_f64(),
        seed: args.seed,
        faults: trouble,
        refused_for_room,
        skipped,
    };
    for skipped in summary.skipped.iter().filter(|_| !args.json) {
        output::note(&format!("skipped: {skipped}"));
    }
    output::try_result(&serde_json::to_string(&summary)?).context("write the result")?;
    let kept = folder.display();
    ensure!(verdict.lost.is_empty(), "lost: {}; all files stay in {kept}", verdict.lost.join(", "));
    ensure!(verdict.oversold == 0, "{} seats are oversold; all files stay in {kept}", verdict.oversold);
    if let Some(differs) = verdict.disagreement() {
        bail!("{differs}; all files stay in {kept}");
    }
    std::fs::remove_dir_all(&folder).with_context(|| format!("remove {kept}"))?;
    Ok(Outcome::Done)
}

/// Plays on disks of the nodes' own where that is allowed here; what they hold is kept if anything is wrong.
fn play(args: &LiveArgs, folder: &Path) -> Result<Told> {
    let mut cluster = Cluster::new(PathBuf::from(folder), 2)?;
    // One client stands for two halls.
    cluster.unlimited = true;
    let skipped: Vec<String> = match cluster.mount_small_disks() {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("disk_full: {error:#}")],
    };
    let told = play_in(args, &mut cluster, skipped);
    if !told.as_ref().is_ok_and(|told| told.verdict.is_clean()) {
        cluster.keep_small_disks()?;
    }
    told
}

fn play_in(args: &LiveArgs, cluster: &mut Cluster, skipped: Vec<String>) -> Result<Told> {
    cluster.begin("live", TENANT)?;
    cluster.import_shifts(TENANT, JOBS, args.seed, SEATS)?;
    let jobs = wait_for_jobs(cluster)?;
    let record = Arc::new(Record::default());
    let load = Load::start(cluster, jobs, &record, args.seed)?;
    let bar = progress(args);
    let mut faults = Faults::new(args.seed);
    for _ in 0..args.kills {
        let killed = faults.round(cluster, &record)?;
        verdict::check_round(cluster, &record, &killed, faults.random())?;
        bar.inc(1);
        ensure!(!wait::stopped(), "stopped by a signal");
    }
    bar.finish_and_clear();
    faults.end(cluster);
    load.end();
    let verdict = verdict::settle(cluster, &record)?;
    let refused_for_room = record.refused_for_room();
    Ok(Told { trouble: faults.trouble(), verdict, refused_for_room, skipped })
}

/// Waits until both nodes have every job, and lists the jobs.
fn wait_for_jobs(cluster: &Cluster) -> Result<Vec<String>> {
    wait::wait_until("every node has the jobs", SYNC_TIME_MAX, || {
        for who in Who::HANGZHOU {
            let jobs = cluster.node(who).status()?.jobs;
            ensure!(jobs == JOBS, "{} has {jobs} jobs of {JOBS}", cluster.node(who).name);
        }
        Ok(Some(()))
    })?;
    verdict::job_ids(cluster, Who::HANGZHOU[0])
}

fn progress(args: &LiveArgs) -> ProgressBar {
    if args.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(args.kills);
    match ProgressStyle::with_template("{pos} of {len} kills {wide_bar} {elapsed} of about {duration}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
