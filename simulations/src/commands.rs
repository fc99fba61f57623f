//! What each command of `simulate` does and prints.

pub(crate) mod disk;
pub(crate) mod model;

use crate::Run;
use anyhow::{Context, bail};
use simulations::{
    runs::{self, Order, Report},
    scenario,
    trace_file::TraceFile,
};
use std::{
    io::{self, BufRead, Write},
    path::Path,
    process::ExitCode,
};

/// Says what went wrong.
pub(crate) fn complain(error: &anyhow::Error) {
    // Nobody is left to hear of a standard error that is closed.
    let _ = writeln!(io::stderr(), "simulate: {error:#}");
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}").context("standard output is closed")
}

pub(crate) fn list() -> anyhow::Result<ExitCode> {
    for scenario in scenario::shipped()? {
        say(&format!("{:<18} {}", scenario.name, scenario.about))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run(run: &Run) -> anyhow::Result<ExitCode> {
    let scenarios = match &run.scenario {
        Some(name) => vec![scenario::find(name)?],
        None => scenario::shipped()?,
    };
    let threads = run.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let order = Order {
        scenarios,
        start: run.start,
        seeds: run.seeds,
        threads,
        twice: run.doublecheck,
        traces: Some(run.traces.clone()),
        stops: false,
    };
    let report = runs::run(&order);
    report_found(&report)?;
    let summary = report.summary();
    let missing = run.sometimes && !summary.not_reached.is_empty();
    if run.json {
        say(&serde_json::to_string(&summary)?)?;
    } else {
        let speed =
            f64::from(u32::try_from(summary.node_hours).unwrap_or(u32::MAX)) / summary.cpu_s.max(0.01);
        say(&format!(
            "{} seeds, {} node-hours in {} CPU-seconds ({speed:.0} per CPU-second), {} sign-ups: {} confirmed, {} wait-listed, {} left to the hub",
            summary.seeds,
            summary.node_hours,
            summary.cpu_s,
            summary.sign_ups,
            summary.confirmed,
            summary.wait_listed,
            summary.requested
        ))?;
        say(&format!("faults: {:?}", summary.faults))?;
        say(&format!(
            "oversold {}, lost {}, unconverged {}, other {}; beyond a cap by copies, within the bound: {}",
            summary.oversold, summary.lost, summary.unconverged, summary.other, summary.excess_of_copies
        ))?;
        for state in &summary.not_reached {
            let weight =
                if missing { "and --sometimes wants it" } else { "which matters with --sometimes alone" };
            say(&format!("never reached: {state}, {weight}"))?;
        }
    }
    Ok(if report.found.is_empty() && !missing { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report_found(report: &Report) -> anyhow::Result<()> {
    for found in &report.found {
        let trace =
            found.trace.as_ref().map_or_else(String::new, |path| format!("; trace {}", path.display()));
        say(&format!("{} seed {}: {}: {}{trace}", found.scenario, found.seed, found.kind, found.text))?;
    }
    Ok(())
}

pub(crate) fn replay(path: &Path, step: bool, html: Option<&Path>) -> anyhow::Result<ExitCode> {
    let trace = TraceFile::read(path)?;
    if let Some(to) = html {
        // Drawn first: where this version does something else than the trace says, its own run is what there is to see.
        std::fs::write(to, trace.draw()?).with_context(|| format!("cannot write {}", to.display()))?;
        say(&format!("{} shows what this version makes of the trace", to.display()))?;
    }
    let (again, difference) = trace.replay();
    let mut lines = io::stdin().lock().lines();
    let equal = difference.as_ref().map_or(again.events.len(), |(at, _)| *at);
    for (at, event) in again.events.iter().take(if step { equal } else { 0 }) {
        say(&format!("{at:>12} ms  {event}"))?;
        if lines.next().is_none() {
            break;
        }
    }
    if let Some((_, words)) = difference {
        bail!(words);
    }
    let verdict = again
        .head
        .violation
        .map_or_else(|| "nothing was broken".to_owned(), |(kind, text)| format!("{kind}: {text}"));
    let equal = if trace.events.is_empty() { "" } else { ", equal to the trace" };
    say(&format!("{} events{equal}; {verdict}", again.events.len()))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn shrink(path: &Path) -> anyhow::Result<ExitCode> {
    let trace = TraceFile::read(path)?;
    let short = trace
        .shrink(None, u32::MAX, |left| {
            let _ = write!(io::stderr(), "\r{left} steps ");
        })
        .context("there is nothing to shorten: the trace breaks no promise, or this version does not break it any more")?;
    let to = path.with_extension("short.jsonl");
    short.write(&to)?;
    say(&format!("{} of {} steps are left: {}", short.steps.len(), trace.steps.len(), to.display()))?;
    Ok(ExitCode::SUCCESS)
}
