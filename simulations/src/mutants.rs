//! Known bugs, switched on one by one: the simulator must find each of them.

use anyhow::{Context, bail};
use clap::Parser;
use serde::Serialize;
use simulations::{
    bugs::{self, BUGS},
    runs::{self, Order},
    scenario::{self, Scenario},
    trace_file::TraceFile,
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use sync_protocol::mutant::{self, Mutant};

/// Runs of a simulated day that the shortening of one trace may take: a few minutes.
const SHRINK_RUNS_MAX: u32 = 150;

#[derive(Serialize)]
struct Verdict {
    mutant: String,
    caught: bool,
    scenario: String,
    seeds: u64,
    found: Option<String>,
}

#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Names of bugs; all where none is given
    bugs: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Seeds for each bug at most
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them, instead of the one that is known to show each
    #[arg(long)]
    start: Option<u64>,
    /// Look for the bugs in this scenario, instead of the one that is known to show each
    #[arg(long)]
    scenario: Option<String>,
    /// Write into this folder the fewest operations found that show each bug, as simulations/regressions keeps them
    #[arg(long, value_name = "FOLDER")]
    traces: Option<PathBuf>,
}

/// Runs each bug until it is found, or those that are named. Exit code 1 where one is not.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(unknown) = args.bugs.iter().find(|name| bugs::find(name).is_none()) {
        bail!("there is no bug {unknown}");
    }
    let is_wanted = |bug: Mutant| args.bugs.is_empty() || args.bugs.contains(&format!("{bug:?}"));
    let mut all = true;
    for (bug, home, first) in BUGS.iter().filter(|(bug, ..)| is_wanted(*bug)) {
        let name = args.scenario.as_deref().unwrap_or(home);
        mutant::switch_on(Some(*bug));
        let order = Order {
            scenarios: vec![scenario::find(name)?],
            start: args.start.unwrap_or(*first),
            seeds: args.seeds,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            twice: false,
            traces: None,
            stops: true,
        };
        let report = runs::run(&order);
        mutant::switch_on(None);
        // What also breaks without the bug says nothing about it.
        let found = report.found.first().filter(|found| {
            let control = Order { start: found.seed, seeds: 1, ..order.clone() };
            runs::run(&control).found.is_empty()
        });
        all &= found.is_some();
        let verdict = Verdict {
            mutant: format!("{bug:?}"),
            caught: found.is_some(),
            scenario: name.to_owned(),
            seeds: found.map_or(report.seeds, |found| found.seed),
            found: found.map(|found| format!("{}: {}", found.kind, found.text)),
        };
        let line = if args.json {
            serde_json::to_string(&verdict)?
        } else {
            let words = verdict.found.as_deref().unwrap_or("NOT FOUND");
            format!("{:<22} {:<16} seed {:>3}  {words}", verdict.mutant, name, verdict.seeds)
        };
        writeln!(io::stdout(), "{line}").context("standard output is closed")?;
        if let (Some(folder), Some(found)) = (&args.traces, found) {
            keep_shortest(*bug, &scenario::find(name)?, found.seed, folder)?;
        }
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes what is left of a seed once all is left out that does not matter to the bug.
fn keep_shortest(bug: Mutant, scenario: &Scenario, seed: u64, folder: &Path) -> anyhow::Result<()> {
    mutant::switch_on(Some(bug));
    let trace = TraceFile::record(scenario, seed).map(|trace| {
        trace.shrink(Some(bug), SHRINK_RUNS_MAX, |left| {
            // Nobody is left to hear of a standard error that is closed.
            let _ = write!(io::stderr(), "\r{left:>6} operations ");
        })
    });
    mutant::switch_on(None);
    let short = trace?.with_context(|| format!("seed {seed} does not show {bug:?} a second time"))?;
    short.operations(Some(bug)).write(&folder.join(format!("planted-{bug:?}.jsonl")))
}
