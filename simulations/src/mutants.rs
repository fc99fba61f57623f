//! Known bugs, switched on one by one: the simulator must find each of them.

use anyhow::{Context, bail};
use clap::Parser;
use serde::Serialize;
use simulations::{
    bugs::{self, BUGS, Known},
    runs::{self, Order},
    scenario,
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
    /// Whether it was looked for by the operations of a trace that is kept, and not by seeds.
    directed: bool,
    /// How many were run.
    seeds: u64,
    /// The one that shows it.
    seed: Option<u64>,
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
    /// The first of them, instead of 1
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
    for known in BUGS.iter().filter(|known| is_wanted(known.bug)) {
        let directed = known.directed.filter(|_| args.scenario.is_none() && args.start.is_none());
        let Hunt { seeds, found } = match directed {
            Some(trace) => direct(known.bug, TraceFile::parse(trace)?),
            None => hunt(args, known)?,
        };
        all &= found.is_some();
        let violation = found.as_ref().and_then(|trace| trace.head.violation.as_ref());
        let verdict = Verdict {
            mutant: format!("{:?}", known.bug),
            caught: found.is_some(),
            scenario: args.scenario.as_deref().unwrap_or(known.scenario).to_owned(),
            directed: directed.is_some(),
            seeds,
            seed: found.as_ref().map(|trace| trace.head.seed),
            found: violation.map(|(kind, text)| format!("{kind}: {text}")),
        };
        let line = if args.json { serde_json::to_string(&verdict)? } else { verdict.in_words() };
        writeln!(io::stdout(), "{line}").context("standard output is closed")?;
        if let (Some(folder), Some(found)) = (&args.traces, &found) {
            keep_shortest(known.bug, found, folder)?;
        }
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Verdict {
    fn in_words(&self) -> String {
        let Self { mutant, scenario, seeds, .. } = self;
        let how = match self.seed {
            Some(_) if self.directed => "directed".to_owned(),
            Some(seed) => format!("seed {seed} of {seeds}"),
            None => format!("{seeds} seeds"),
        };
        format!("{mutant:<22} {scenario:<16} {how:<14}  {}", self.found.as_deref().unwrap_or("NOT FOUND"))
    }
}

/// What the search for one bug came to.
struct Hunt {
    seeds: u64,
    /// The run that shows it, and breaks nothing without it.
    found: Option<TraceFile>,
}

/// Runs seeds with the bug until one breaks a promise.
fn hunt(args: &Args, known: &Known) -> anyhow::Result<Hunt> {
    let scenario = scenario::find(args.scenario.as_deref().unwrap_or(known.scenario))?;
    let order = Order {
        scenarios: vec![scenario.clone()],
        start: args.start.unwrap_or(1),
        seeds: args.seeds,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        twice: false,
        traces: None,
        keeps_all: false,
        stops: true,
    };
    mutant::switch_on(Some(known.bug));
    let report = runs::run(&order);
    mutant::switch_on(None);
    // What also breaks without the bug says nothing about it.
    let shown = report.found.first().filter(|found| {
        let control = Order { start: found.seed, seeds: 1, ..order.clone() };
        runs::run(&control).found.is_empty()
    });
    mutant::switch_on(Some(known.bug));
    let found = shown.map(|shown| TraceFile::record(&scenario, shown.seed)).transpose();
    mutant::switch_on(None);
    Ok(Hunt { seeds: report.seeds, found: found?.filter(|trace| trace.head.violation.is_some()) })
}

/// Runs operations that lead to the bug, with it and without.
fn direct(bug: Mutant, TraceFile { head, steps, .. }: TraceFile) -> Hunt {
    let run = |bug| {
        mutant::switch_on(bug);
        let trace = TraceFile::of(&head.scenario, head.seed, steps.clone());
        mutant::switch_on(None);
        trace
    };
    let is_shown = run(None).head.violation.is_none();
    let found = Some(run(Some(bug))).filter(|trace| is_shown && trace.head.violation.is_some());
    Hunt { seeds: 1, found }
}

/// Writes what is left of a run once all is left out that does not matter to the bug.
fn keep_shortest(bug: Mutant, trace: &TraceFile, folder: &Path) -> anyhow::Result<()> {
    mutant::switch_on(Some(bug));
    let short = trace.shrink(Some(bug), SHRINK_RUNS_MAX, |left| {
        // Nobody is left to hear of a standard error that is closed.
        let _ = write!(io::stderr(), "\r{left:>6} operations ");
    });
    mutant::switch_on(None);
    let short =
        short.with_context(|| format!("seed {} does not show {bug:?} a second time", trace.head.seed))?;
    short.operations(Some(bug)).write(&folder.join(format!("planted-{bug:?}.jsonl")))
}
