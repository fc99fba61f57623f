//! `simulate model`: walks the instances, or shows that the mutants are caught.

use clap::Parser;
use serde::Serialize;
use simulations::exhaustive::{self as model, Found, Instance, Progress, Trace};
use std::{
    io::{self, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

/// States among which a mutant must show.
const MUTANT_STATES_MAX: u64 = 2_000_000;
/// Least time between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// B, C, D, E, F, G, H, K, L or all
    #[arg(long, default_value = "all")]
    instance: String,
    /// Switch a bug on, which must be caught: m1 to m12, or all
    #[arg(long)]
    mutant: Option<String>,
    /// Stop each instance after so many states
    #[arg(long, value_name = "STATES", value_parser = clap::value_parser!(u64).range(1..))]
    bound: Option<u64>,
    /// Let the hub grant so many rights more than each instance has by itself: larger worlds for a run on record
    #[arg(long, value_name = "RIGHTS", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=3))]
    more_grants: u8,
    /// Threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct InstanceLine<'a> {
    instance: &'a str,
    states: u64,
    transitions: u64,
    exhausted: bool,
    /// States at which the walk would have stopped.
    bound: u64,
    violation: Option<String>,
}

#[derive(Serialize)]
struct MutantLine<'a> {
    mutant: String,
    instance: &'a str,
    caught: bool,
    states: u64,
    steps: usize,
}

/// Exits with 0 where no promise is broken, or with a mutant where one is.
pub(crate) fn run(args: &Args) -> ExitCode {
    let done = match &args.mutant {
        None => walk_all(args),
        Some(which) => catch_all(args, which),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to tell where this fails.
            drop(writeln!(io::stderr(), "simulate: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn chosen(name: &str) -> anyhow::Result<Vec<&'static Instance>> {
    if name.eq_ignore_ascii_case("all") {
        return Ok(model::INSTANCES.iter().collect());
    }
    let found = model::find(name).ok_or_else(|| {
        let known: Vec<_> = model::INSTANCES.iter().map(|instance| instance.name).collect();
        anyhow::anyhow!("there is no instance {name}; give all, or one of {}", known.join(", "))
    })?;
    Ok(vec![found])
}

fn walk_all(args: &Args) -> anyhow::Result<bool> {
    let instances = chosen(&args.instance)?;
    let mut out = io::stdout().lock();
    if !args.json {
        writeln!(
            out,
            "{:<38} {:>12} {:>13} {:>6} {:>8}  result",
            "instance", "states", "transitions", "depth", "seconds"
        )?;
    }
    let (mut sound, mut states) = (true, 0);
    for instance in instances {
        let instance = &instance.with_more_grants(args.more_grants);
        let begun = Instant::now();
        let bound = args.bound.unwrap_or(instance.bound);
        let walked =
            model::with_mutant(None, || model::walk(instance, bound, args.threads, progress(instance)));
        let trace = walked.broken.then(|| model::with_mutant(None, || model::shortest(instance, bound)));
        let trace = trace.and_then(|found| found.trace);
        sound &= !walked.broken;
        states += walked.progress.states;
        let Progress { states, transitions, depth, .. } = walked.progress;
        let violation =
            trace.as_ref().map(|trace| format!("{}: {}", trace.broken.invariant, trace.broken.what));
        if args.json {
            let exhausted = walked.exhausted;
            let name = instance.name;
            let line = InstanceLine { instance: name, states, transitions, exhausted, bound, violation };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
            continue;
        }
        let result = match (&violation, walked.exhausted) {
            (Some(violation), _) => format!("VIOLATION {violation}"),
            (None, true) => "exhausted, no violation".to_owned(),
            (None, false) => format!("stopped at {bound} states, no violation"),
        };
        let name = format!("{}  {}", instance.name, instance.title);
        let seconds = begun.elapsed().as_secs_f64();
        writeln!(out, "{name:<38} {states:>12} {transitions:>13} {depth:>6} {seconds:>8.1}  {result}")?;
        if let Some(trace) = &trace {
            write_trace(&mut out, trace)?;
        }
    }
    if !args.json {
        writeln!(out, "{states} states in all")?;
    }
    Ok(sound)
}

/// Tells of a long walk on standard error.
fn progress(instance: &Instance) -> impl FnMut(Progress) {
    let (begun, mut last) = (Instant::now(), Instant::now());
    let name = instance.name;
    move |at| {
        if last.elapsed() < PROGRESS_EVERY {
            return;
        }
        last = Instant::now();
        let Progress { states, depth, frontier_bytes, .. } = at;
        let per_second = u128::from(states) * 1_000 / begun.elapsed().as_millis().max(1);
        let waiting = frontier_bytes >> 20;
        // Progress is a courtesy: a closed standard error must not end the walk.
        drop(writeln!(
            io::stderr(),
            "{name}: {states} states, depth {depth}, frontier {waiting} MiB, {per_second} states/s"
        ));
    }
}

fn catch_all(args: &Args, which: &str) -> anyhow::Result<bool> {
    let number = which.trim_start_matches(['m', 'M']);
    let all = which.eq_ignore_ascii_case("all");
    let mut out = io::stdout().lock();
    let (mut every, mut any) = (true, false);
    for (code, mutant, home) in model::MUTANTS {
        if !all && number != code.to_string() {
            continue;
        }
        any = true;
        let name = if args.instance.eq_ignore_ascii_case("all") { home } else { &args.instance };
        let instance = model::find(name).ok_or_else(|| anyhow::anyhow!("there is no instance {name}"))?;
        let bound = args.bound.unwrap_or(MUTANT_STATES_MAX);
        let Found { states, trace } = model::with_mutant(Some(mutant), || model::shortest(instance, bound));
        every &= trace.is_some();
        let steps = trace.as_ref().map_or(0, |trace| trace.actions.len());
        if args.json {
            let (mutant, caught) = (format!("m{code}"), trace.is_some());
            let line = MutantLine { mutant, instance: instance.name, caught, states, steps };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
            continue;
        }
        match trace {
            None => writeln!(out, "m{code} {mutant:?} on {}: NOT CAUGHT in {states} states", instance.name)?,
            Some(trace) => {
                writeln!(out, "m{code} {mutant:?} on {}: caught after {states} states", instance.name)?;
                write_trace(&mut out, &trace)?;
            }
        }
    }
    anyhow::ensure!(any, "there is no mutant {which}");
    Ok(every)
}

fn write_trace(out: &mut impl Write, trace: &Trace) -> io::Result<()> {
    for (at, action) in trace.actions.iter().enumerate() {
        writeln!(out, "  {:>2}. {action}", at + 1)?;
    }
    writeln!(out, "      {}: {}", trace.broken.invariant, trace.broken.what)
}
