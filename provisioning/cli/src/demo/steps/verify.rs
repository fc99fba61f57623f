//! The independent count: every receipt that a worker was shown, against the seats of its job.

use crate::demo::story::{Step, Story};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Count {
    receipts: u64,
    jobs: u64,
    live: u64,
    oversold: u64,
    wrong: Vec<String>,
    over: BTreeMap<String, u64>,
}

/// Counts by the checker that shares no code with the ledger.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let (receipts, caps) = (story.cluster.path("receipts.json"), story.cluster.path("caps.json"));
    story.book.write_receipts(receipts.as_ref())?;
    let mut seats = BTreeMap::new();
    for entry in story.book.entries().iter().filter(|entry| entry.receipt.is_some()) {
        if !seats.contains_key(&entry.job) {
            seats.insert(entry.job.clone(), story.cluster.hub()?.seats(&entry.job)?.cap);
        }
    }
    let text = serde_json::to_string(&seats).context("caps")?;
    std::fs::write(&caps, text).with_context(|| format!("write {caps}"))?;
    let root = crate::demo::cluster::root_certificate(story.cluster.hub_data().as_ref())?;
    let root = root.display().to_string();
    let arguments = ["receipt", "count", &receipts, "--root", &root, "--caps", &caps, "--json"];
    let count: Count = story.cluster.programs.own_json(&arguments, &[0, 1])?;
    ensure!(count.wrong.is_empty(), "not genuine: {:?}", count.wrong);
    ensure!(count.over.is_empty() && count.oversold == 0, "oversold by the receipts: {:?}", count.over);
    story.tell(&format!(
        "The independent count: {} receipts verified against the root key, {} live for {} jobs; oversold: {}.",
        count.receipts, count.live, count.jobs, count.oversold
    ));
    let step = Step::new().fact("receipts", count.receipts).fact("live", count.live);
    Ok(step.fact("oversold", count.oversold))
}
