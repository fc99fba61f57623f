//! `dayshift live`: a hub and two nodes as real processes under load, killed at random moments, frozen
//! and cut off; after each kill, what the clients were told is compared with what the processes hold.

mod faults;
mod load;
mod verdict;

use crate::demo::cluster::{Cluster, Who};
use crate::demo::wait;
use crate::{Outcome, output};
use anyhow::{Context, Result, ensure};
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
    #[arg(long, default_value_t = 20)]
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
    lost: u64,
    oversold: u64,
    seconds: f64,
    seed: u64,
    faults: Trouble,
}

/// Runs the kills; anything lost or oversold is an error, and the files stay.
pub(crate) fn run(args: &LiveArgs) -> Result<Outcome> {
    wait::watch_signals()?;
    let name = format!("dayshift-live-{}", std::process::id());
    let folder = crate::demo::new_folder(std::env::temp_dir().join(name), "TMPDIR")?;
    let start = Instant::now();
    let outcome = play(args, &folder);
    let (trouble, verdict) = match outcome {
        Ok(told) => told,
        Err(error) => return Err(error.context(format!("all files stay in {}", folder.display()))),
    };
    let summary = Summary {
        kills: trouble.kills(),
        sign_ups: verdict.sign_ups,
        confirmed: verdict.confirmed,
        cancelled: verdict.cancelled,
        lost: verdict.lost.len() as u64,
        oversold: verdict.oversold,
        seconds: start.elapsed().as_secs_f64(),
        seed: args.seed,
        faults: trouble,
    };
    if !args.json {
        output::note("A full disk is no part of this run: it needs a file system of its own.");
    }
    output::try_result(&serde_json::to_string(&summary)?).context("write the result")?;
    let kept = folder.display();
    ensure!(verdict.lost.is_empty(), "lost: {}; all files stay in {kept}", verdict.lost.join(", "));
    ensure!(verdict.oversold == 0, "{} seats are oversold; all files stay in {kept}", verdict.oversold);
    std::fs::remove_dir_all(&folder).with_context(|| format!("remove {kept}"))?;
    Ok(Outcome::Done)
}

fn play(args: &LiveArgs, folder: &Path) -> Result<(Trouble, Verdict)> {
    let mut cluster = Cluster::new(PathBuf::from(folder), 2)?;
    cluster.begin("live", TENANT)?;
    cluster.import_shifts(TENANT, JOBS, args.seed, SEATS)?;
    let jobs = wait_for_jobs(&cluster)?;
    let record = Arc::new(Record::default());
    let load = Load::start(&cluster, jobs, &record, args.seed)?;
    let bar = progress(args);
    let mut faults = Faults::new(args.seed);
    for _ in 0..args.kills {
        faults.round(&mut cluster)?;
        verdict::check_round(&cluster, &record, faults.last_killed(), faults.random())?;
        bar.inc(1);
        ensure!(!wait::stopped(), "stopped by a signal");
    }
    bar.finish_and_clear();
    faults.end(&cluster);
    load.end();
    let verdict = verdict::settle(&cluster, &record)?;
    Ok((faults.trouble(), verdict))
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
