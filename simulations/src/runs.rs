//! Many seeds: over threads, twice where asked, with what they add up to and what was found.

use crate::{
    COMMIT,
    scenario::Scenario,
    schedule,
    tally::{Tally, WANTED},
    trace_file::TraceFile,
    world,
};
use serde::Serialize;
use std::{
    cell::Cell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Which seeds to run, and how.
#[derive(Debug, Clone)]
pub struct Order {
    pub scenarios: Vec<Scenario>,
    pub start: u64,
    pub seeds: u64,
    pub threads: usize,
    /// Runs each seed twice and compares the hashes of what happened.
    pub twice: bool,
    /// Where the trace of a violation goes.
    pub traces: Option<PathBuf>,
    /// Seeds that broke nothing have their traces there too.
    pub keeps_all: bool,
    /// Seeds that begin once one has failed are not run.
    pub stops: bool,
}

/// One seed that broke a promise.
#[derive(Debug, Clone)]
pub struct Found {
    pub scenario: String,
    pub seed: u64,
    pub kind: &'static str,
    pub text: String,
    pub trace: Option<PathBuf>,
}

/// What all seeds came to.
#[derive(Debug, Default)]
pub struct Report {
    pub seeds: u64,
    pub cpu: Duration,
    pub tally: Tally,
    pub found: Vec<Found>,
    /// Traces of seeds that broke nothing.
    pub kept: u64,
    /// Traces that could not be written, and why.
    pub unwritten: Vec<String>,
    /// Hashes by scenario and seed.
    pub hashes: BTreeMap<(String, u64), u64>,
}

/// The last line of `--json`.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub seeds: u64,
    pub node_hours: u64,
    pub cpu_s: f64,
    pub faults: BTreeMap<&'static str, u64>,
    pub sign_ups: u64,
    pub oversold: u64,
    pub lost: u64,
    pub unconverged: u64,
    /// Broken invariants, wrong answers and assertions of the cores.
    pub other: u64,
    /// Sign-ups beyond a cap that a copied disk sold before its first contact, within the stated bound.
    pub excess_of_copies: u64,
    pub confirmed: u64,
    pub wait_listed: u64,
    pub requested: u64,
    pub power_cuts: u64,
    pub reclaims_from_the_living: u64,
    pub not_reached: Vec<&'static str>,
    /// The commit of this program; null where it is not known.
    pub commit: Option<&'static str>,
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of simulated worlds off the terminal: they are reported as violations, with their place.
fn hush() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    QUIET.set(true);
}

/// Runs all seeds of an order, each scenario in turn.
#[must_use]
pub fn run(order: &Order) -> Report {
    let next = AtomicU64::new(0);
    let stopped = AtomicBool::new(false);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..order.threads.max(1) {
            scope.spawn(|| {
                hush();
                let before = cpu_time();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= order.seeds || (order.stops && stopped.load(Ordering::Relaxed)) {
                        break;
                    }
                    let scenario = &order.scenarios[usize::try_from(n).unwrap_or(0) % order.scenarios.len()];
                    let one = run_one(order, scenario, order.start + n);
                    stopped.fetch_or(one.found.is_some(), Ordering::Relaxed);
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    report.seeds += 1;
                    report.tally.add(&one.tally);
                    report.hashes.insert((scenario.name.clone(), order.start + n), one.hash);
                    match one.trace {
                        Some(Err(why)) => report.unwritten.push(why),
                        Some(Ok(_)) if one.found.is_none() => report.kept += 1,
                        Some(Ok(_)) | None => {}
                    }
                    report.found.extend(one.found);
                }
                let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                report.cpu += cpu_time().saturating_sub(before);
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.found.sort_by_key(|found| found.seed);
    report
}

/// What became of one seed.
struct One {
    hash: u64,
    tally: Tally,
    found: Option<Found>,
    /// Where its trace is, or why it could not be written.
    trace: Option<Result<PathBuf, String>>,
}

fn run_one(order: &Order, scenario: &Scenario, seed: u64) -> One {
    let outcome = world::run(scenario, seed, schedule::draw(scenario, seed), false);
    let mut broken = outcome.violation.map(|violation| (violation.kind, violation.text));
    if order.twice {
        let again = world::run(scenario, seed, schedule::draw(scenario, seed), false);
        if again.hash != outcome.hash {
            let text = format!("two runs of the seed differ: {:016x} and {:016x}", outcome.hash, again.hash);
            broken = Some(("nondeterminism", text));
        }
    }
    let folder = order.traces.as_ref().filter(|_| broken.is_some() || order.keeps_all);
    let trace = folder.map(|folder| {
        let path = folder.join(format!("{}-{seed}.jsonl", stem(scenario)));
        let written = TraceFile::record(scenario, seed).and_then(|trace| trace.write(&path));
        written.map(|()| path).map_err(|error| format!("{error:#}"))
    });
    let found = broken.map(|(kind, text)| {
        let trace = trace.clone().and_then(Result::ok);
        Found { scenario: scenario.name.clone(), seed, kind, text, trace }
    });
    One { hash: outcome.hash, tally: outcome.tally, found, trace }
}

/// The name of a scenario's traces: that of its file where it is one.
fn stem(scenario: &Scenario) -> String {
    let stem = Path::new(&scenario.name).file_stem();
    stem.map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Processor time of this thread.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0))
}

impl Report {
    fn count(&self, kind: &str) -> u64 {
        self.found.iter().filter(|found| found.kind == kind).count() as u64
    }

    /// Rare states that no seed reached.
    #[must_use]
    pub fn not_reached(&self) -> Vec<&'static str> {
        WANTED.iter().filter(|state| !self.tally.reached.contains(**state)).copied().collect()
    }

    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut faults = self.tally.faults.clone();
        faults.insert("torn_write", self.tally.torn_sectors);
        let (oversold, lost, unconverged) =
            (self.count("oversold"), self.count("lost"), self.count("unconverged"));
        Summary {
            seeds: self.seeds,
            node_hours: self.tally.node_hours,
            cpu_s: (self.cpu.as_secs_f64() * 100.0).round() / 100.0,
            faults,
            sign_ups: self.tally.sign_ups,
            oversold,
            lost,
            unconverged,
            other: self.found.len() as u64 - oversold - lost - unconverged,
            excess_of_copies: self.tally.excess,
            confirmed: self.tally.confirmed,
            wait_listed: self.tally.waiting,
            requested: self.tally.requested,
            power_cuts: self.tally.power_cuts,
            reclaims_from_the_living: self.tally.reclaims_from_the_living,
            not_reached: self.not_reached(),
            commit: COMMIT,
        }
    }
}
