//! Known bugs, switched on one by one: the simulator must find each of them.

use anyhow::{Context, bail};
use serde::Serialize;
use simulations::{
    bugs::{self, BUGS},
    runs::{self, Order},
    scenario::{self, Scenario},
    trace_file::TraceFile,
};
use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};
use sync_protocol::mutant::{self, Mutant};

#[derive(Serialize)]
struct Verdict {
    mutant: String,
    caught: bool,
    scenario: &'static str,
    seeds: u64,
    found: Option<String>,
}

/// Runs each bug until it is found, or those that are named. Exit code 1 where one is not.
pub(crate) fn mutants(
    wanted: &[String],
    json: bool,
    seeds: u64,
    traces: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    if let Some(unknown) = wanted.iter().find(|name| bugs::find(name).is_none()) {
        bail!("there is no bug {unknown}");
    }
    let is_wanted = |bug: Mutant| wanted.is_empty() || wanted.contains(&format!("{bug:?}"));
    let mut all = true;
    for (bug, name) in BUGS.iter().filter(|(bug, _)| is_wanted(*bug)) {
        mutant::switch_on(Some(*bug));
        let order = Order {
            scenarios: vec![scenario::find(name)?],
            start: 1,
            seeds,
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
            scenario: name,
            seeds: found.map_or(report.seeds, |found| found.seed),
            found: found.map(|found| format!("{}: {}", found.kind, found.text)),
        };
        let line = if json {
            serde_json::to_string(&verdict)?
        } else {
            let words = verdict.found.as_deref().unwrap_or("NOT FOUND");
            format!("{:<22} {:<16} seed {:>3}  {words}", verdict.mutant, name, verdict.seeds)
        };
        writeln!(io::stdout(), "{line}").context("standard output is closed")?;
        if let (Some(folder), Some(found)) = (traces, found) {
            keep_shortest(*bug, &scenario::find(name)?, found.seed, folder)?;
        }
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes what is left of a seed once all is left out that does not matter to the bug.
fn keep_shortest(bug: Mutant, scenario: &Scenario, seed: u64, folder: &Path) -> anyhow::Result<()> {
    mutant::switch_on(Some(bug));
    let trace = TraceFile::record(scenario, seed).map(|trace| {
        trace.shrink(|left| {
            // Nobody is left to hear of a standard error that is closed.
            let _ = write!(io::stderr(), "\r{left:>6} operations ");
        })
    });
    mutant::switch_on(None);
    let short = trace?.with_context(|| format!("seed {seed} does not show {bug:?} a second time"))?;
    short.operations(Some(bug)).write(&folder.join(format!("planted-{bug:?}.jsonl")))
}
