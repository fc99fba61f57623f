//! Known bugs, switched on one by one: the simulator must find each of them.

use anyhow::{Context, bail};
use serde::Serialize;
use simulations::{
    runs::{self, Order},
    scenario,
};
use std::{
    io::{self, Write},
    process::ExitCode,
};
use sync_protocol::mutant::{self, Mutant};

/// Each bug with the scenario that is made for it.
const MUTANTS: &[(Mutant, &str)] = &[
    (Mutant::Canary, "commute-rush"),
    (Mutant::RestoredUnnoticed, "copied-node"),
    (Mutant::GrantsAgainstUsed, "wait-list"),
    (Mutant::FencedMerged, "copied-node"),
    (Mutant::BirthGrantsTwice, "birth-while-cut"),
    (Mutant::ReturnKeptHere, "hot-job"),
    (Mutant::ChainUnchecked, "hostile-node"),
    (Mutant::CursorFirst, "bad-disk"),
    (Mutant::AnswerBeforeCommit, "bad-disk"),
    (Mutant::IdempotencyForgotten, "commute-rush"),
    (Mutant::PromoteTwice, "wait-list"),
    (Mutant::NoWitness, "copied-node"),
    (Mutant::AckBeforeCommit, "hub-outage"),
    (Mutant::SyncNormal, "bad-disk"),
    (Mutant::HubFreesBumped, "lost-node"),
    (Mutant::FenceFreesLive, "lost-node"),
    (Mutant::OverWelcomed, "copied-node"),
    (Mutant::LeaseIgnored, "lost-node"),
    (Mutant::LeaseNotNeeded, "lost-node"),
    (Mutant::OlderAnswerTaken, "carried"),
    (Mutant::GrantsAsDeltas, "carried"),
    (Mutant::GapTaken, "hostile-node"),
    (Mutant::GrantsUntold, "hub-restored"),
    (Mutant::RightsForgotten, "hub-restored"),
];

#[derive(Serialize)]
struct Verdict {
    mutant: String,
    caught: bool,
    scenario: &'static str,
    seeds: u64,
    found: Option<String>,
}

/// Runs each bug until it is found, or those that are named. Exit code 1 where one is not.
pub(crate) fn mutants(bugs: &[String], json: bool, seeds: u64) -> anyhow::Result<ExitCode> {
    let is_known = |name: &&String| MUTANTS.iter().any(|(bug, _)| format!("{bug:?}") == **name);
    if let Some(unknown) = bugs.iter().find(|name| !is_known(name)) {
        bail!("there is no bug {unknown}");
    }
    let is_wanted = |bug: Mutant| bugs.is_empty() || bugs.contains(&format!("{bug:?}"));
    let mut all = true;
    for (bug, name) in MUTANTS.iter().filter(|(bug, _)| is_wanted(*bug)) {
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
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
