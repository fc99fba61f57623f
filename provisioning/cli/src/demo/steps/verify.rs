//! The independent count: every receipt that a worker was shown, against the seats of its job.

use crate::demo::recount;
use crate::demo::story::{Step, Story};
use anyhow::{Result, ensure};
use std::collections::BTreeMap;

/// Counts by the checker that shares no code with the ledger.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let shown = story.book.shown();
    let mut caps = BTreeMap::new();
    for one in &shown {
        if !caps.contains_key(&one.job) {
            caps.insert(one.job.clone(), story.cluster.hub()?.seats(&one.job)?.cap);
        }
    }
    let count = recount::by_receipts(&story.cluster, &shown, &caps)?;
    ensure!(count.wrong.is_empty(), "not genuine: {:?}", count.wrong);
    ensure!(count.over.is_empty() && count.oversold == 0, "oversold by the receipts: {:?}", count.over);
    story.tell(&format!(
        "The independent count: {} receipts verified against the root key, {} live for {} jobs; oversold: {}.",
        count.receipts, count.live, count.jobs, count.oversold
    ));
    let step = Step::new().fact("receipts", count.receipts).fact("live", count.live);
    Ok(step.fact("oversold", count.oversold))
}
