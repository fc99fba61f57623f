//! The books are closed: every receipt of the whole run against the hub's account of every job.

use crate::demo::api::SeatTotals;
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story};
use anyhow::{Result, ensure};
use std::time::Duration;

const CONVERGE_TIME_MAX: Duration = Duration::from_secs(15);

/// Checks all receipts, all caps, and that nothing is left to send.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let all = story.book.ids_after(0);
    story.cluster.wait_converged(&Who::ALL, &all, CONVERGE_TIME_MAX)?;
    let receipts = story.check_receipts()?;
    let hub = story.cluster.hub()?;
    let mut jobs: Vec<&str> = all.iter().map(|(job, _)| job.as_str()).collect();
    jobs.sort_unstable();
    jobs.dedup();
    for job in &jobs {
        let seats = hub.seats(job)?;
        ensure!(seats.live <= seats.cap, "{job}: {} people hold {} seats", seats.live, seats.cap);
        ensure!(seats.oversold == 0, "{job} is oversold by {}", seats.oversold);
    }
    let totals: SeatTotals = hub.get("/v1/seats", &[])?;
    ensure!(totals.oversold == 0, "{} seats are oversold", totals.oversold);
    story.tell(&format!(
        "The books: {} sign-ups for {} jobs, {receipts} receipts, all verified against the root key and known \
         to the hub; oversold: {}.",
        all.len(),
        jobs.len(),
        totals.oversold
    ));
    let seven = hub.seats(&story.seven)?;
    story.tell(&format!(
        "  Of the seven seats {} are taken now, and {} people wait.",
        seven.live, seven.waiting
    ));
    let step = Step::new().fact("seven_live", seven.live).fact("seven_waiting", seven.waiting);
    let step = step.fact("sign_ups", all.len()).fact("receipts", receipts);
    Ok(step.fact("oversold", totals.oversold))
}
