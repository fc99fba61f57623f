//! Runs a project's cases in the real host and says what a call takes.

use super::{
    admit, build,
    cases::{self, Case},
    manifest::{self, Manifest},
};
use crate::Outcome;
use anyhow::Context as _;
use edge_core::filter::{Context, PAGE_CANDIDATES_MAX};
use plugin_host::{
    Guest, Host, Metering, Plugin,
    limits::{CHAIN_DEADLINE, MEMORY_BYTES_MAX},
};
use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// Calls that are timed; enough for a p99.
pub(super) const TIMED_CALLS: usize = 2_000;

/// Builds the project in `dir`, or takes a component that is built, tries the project's cases and times it.
pub(super) fn run(dir: &Path, built: Option<&Path>) -> anyhow::Result<Outcome> {
    let manifest = dir.join(manifest::FILE).exists().then(|| Manifest::read(dir)).transpose()?;
    if let Some(manifest) = manifest.as_ref().filter(|manifest| manifest.is_admit()) {
        return admit::run(dir, manifest, built);
    }
    let cases = cases::read(dir)?;
    let component = match built {
        None => build::run(dir, None)?,
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
    };
    let plugin = Plugin::load(&Host::new(Metering::Off)?, &component);
    let plugin = Arc::new(plugin.context("a node would refuse this plugin")?);
    if let Some(manifest) = manifest {
        manifest.check(&Guest::Filter(Arc::clone(&plugin)))?;
    }
    let metered = Plugin::load(&Host::new(Metering::Fuel)?, &component)?;
    let mut out = io::stdout();
    let mut failed = 0;
    for case in &cases {
        let verdict = judge(&plugin, case)?;
        failed += usize::from(verdict.is_some());
        writeln!(out, "{} {}", if verdict.is_some() { "FAILED" } else { "ok    " }, case.name)?;
        if let Some(why) = verdict {
            writeln!(out, "       {why}")?;
        }
    }
    for candidates in [20, PAGE_CANDIDATES_MAX] {
        if let Some(case) = cases.iter().find(|case| !case.job.is_empty()) {
            writeln!(out, "{}", measure(&plugin, &metered, case, candidates)?)?;
        }
    }
    writeln!(out, "{} passed, {failed} failed", cases.len() - failed)?;
    Ok(if failed == 0 { Outcome::Done } else { Outcome::Degraded })
}

/// Says what is wrong, if something is.
fn judge(plugin: &Plugin, case: &Case) -> anyhow::Result<Option<String>> {
    let page = case.page(plugin.description().columns, case.job.len())?;
    let facts = case.facts();
    let measured = match plugin.measure(&context(case, &facts), &page, CHAIN_DEADLINE) {
        Ok(measured) => measured,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let wrong =
        case.expected().into_iter().zip(measured.said).enumerate().find_map(|(row, (expected, given))| {
            (expected != given)
                .then(|| format!("job {}: expected {}, got {}", row + 1, word(expected), word(given)))
        });
    Ok(wrong)
}

fn measure(plugin: &Plugin, metered: &Plugin, case: &Case, candidates: usize) -> anyhow::Result<String> {
    let page = case.page(plugin.description().columns, candidates)?;
    let facts = case.facts();
    let context = context(case, &facts);
    let mut took = Vec::with_capacity(TIMED_CALLS);
    let mut memory_bytes = 0;
    let mut failures = Vec::new();
    for _ in 0..TIMED_CALLS {
        // A call may be late because the machine is busy; it counts as the slowest.
        match plugin.measure(&context, &page, CHAIN_DEADLINE) {
            Ok(measured) => {
                took.push(measured.took);
                memory_bytes = memory_bytes.max(measured.memory_bytes);
            }
            Err(error) => {
                took.push(CHAIN_DEADLINE);
                failures.push(error.to_string());
            }
        }
    }
    took.sort_unstable();
    let fuel = metered
        .measure(&context, &page, Duration::from_secs(1))
        .context("the metered call failed")?
        .fuel
        .unwrap_or_default();
    Ok(format!(
        "{candidates} jobs a page: p50 {:.1} us, p99 {:.1} us ({} of {TIMED_CALLS} failed{}, deadline {} ms), \
         {} KiB of {} KiB memory, fuel {fuel}",
        microseconds(took[TIMED_CALLS / 2]),
        microseconds(took[TIMED_CALLS * 99 / 100]),
        failures.len(),
        failures.last().map(|error| format!(": {error}")).unwrap_or_default(),
        CHAIN_DEADLINE.as_millis(),
        memory_bytes / 1024,
        MEMORY_BYTES_MAX / 1024,
    ))
}

fn context<'a>(case: &Case, facts: &'a [edge_core::filter::Fact]) -> Context<'a> {
    Context {
        now: case.now.as_second(),
        utc_offset_s: case.utc_offset_s,
        hall_lat_e7: case.hall_lat_e7,
        hall_lon_e7: case.hall_lon_e7,
        facts,
    }
}

fn word(code: u8) -> String {
    if code == 0 { "keep".to_owned() } else { format!("hide with reason {code}") }
}

pub(super) fn microseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}
