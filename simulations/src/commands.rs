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
use sync_protocol::mutant::{self, Mutant};

/// Seeds of a run that does not say how many.
const SEEDS: u64 = 100;

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

/// How many seeds a run has, where its arguments fit together.
fn seeds_of(run: &Run) -> anyhow::Result<u64> {
    let seeds = run.seeds.unwrap_or_else(|| if run.html.is_some() { 1 } else { SEEDS });
    if run.html.is_some() && run.scenario.is_none() {
        bail!("--html draws one run: name its scenario (simulate list), and its seed with --start");
    }
    if run.html.is_some() && seeds != 1 {
        bail!(
            "--html draws one run, and --seeds {seeds} are several: leave --seeds out, and name the seed with --start"
        );
    }
    if run.start.checked_add(seeds).is_none() {
        bail!("--start {} with {seeds} seeds goes beyond the last seed, {}", run.start, u64::MAX);
    }
    Ok(seeds)
}

pub(crate) fn run(run: &Run) -> anyhow::Result<ExitCode> {
    let scenarios = match &run.scenario {
        Some(name) => vec![scenario::find(name)?],
        None => scenario::shipped()?,
    };
    let seeds = seeds_of(run)?;
    let threads = run.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let order = Order {
        scenarios,
        start: run.start,
        seeds,
        threads,
        twice: run.doublecheck,
        traces: Some(run.traces.clone()),
        keeps_all: run.keep_traces,
        stops: false,
    };
    let report = runs::run(&order);
    report_found(&report)?;
    if report.kept > 0 {
        let folder = run.traces.display();
        say(&format!("{} traces of seeds that broke nothing are in {folder}", report.kept))?;
    }
    if let (Some(to), [scenario]) = (&run.html, order.scenarios.as_slice()) {
        draw(&TraceFile::record(scenario, run.start)?, to)?;
        say(&format!("{} shows {}, seed {}", to.display(), scenario.name, run.start))?;
    }
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
    if let Some(why) = report.unwritten.first() {
        bail!("{} traces could not be written: {why}", report.unwritten.len());
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

fn draw(trace: &TraceFile, to: &Path) -> anyhow::Result<()> {
    std::fs::write(to, trace.draw()?).with_context(|| format!("cannot write {}", to.display()))
}

/// Reads a trace and switches on the known bug that it shows, for as long as this program runs.
fn read(path: &Path) -> anyhow::Result<(TraceFile, Option<Mutant>)> {
    let trace = TraceFile::read(path)?;
    let bug = trace.bug()?;
    mutant::switch_on(bug);
    if let Some(bug) = bug {
        say(&format!("the trace shows the known bug {bug:?}, which is switched on"))?;
    }
    Ok((trace, bug))
}

pub(crate) fn replay(path: &Path, step: bool, html: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (trace, _) = read(path)?;
    if let Some(to) = html {
        // Drawn first: where this version does something else than the trace says, its own run is what there is to see.
        draw(&trace, to)?;
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
        .as_ref()
        .map_or_else(|| "nothing was broken".to_owned(), |(kind, text)| format!("{kind}: {text}"));
    let equal = if trace.events.is_empty() { "" } else { ", equal to the trace" };
    say(&format!("{} events{equal}; {verdict}", again.events.len()))?;
    Ok(if again.head.violation.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(crate) fn shrink(path: &Path) -> anyhow::Result<ExitCode> {
    let (trace, bug) = read(path)?;
    let short = trace
        .shrink(bug, u32::MAX, |left| {
            let _ = write!(io::stderr(), "\r{left} steps ");
        })
        .context("there is nothing to shorten: the trace breaks no promise, or this version does not break it any more")?;
    let to = path.with_extension("short.jsonl");
    short.write(&to)?;
    say(&format!("{} of {} steps are left: {}", short.steps.len(), trace.steps.len(), to.display()))?;
    Ok(ExitCode::SUCCESS)
}
