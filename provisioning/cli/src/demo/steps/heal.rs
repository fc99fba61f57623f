//! The lines come back: everything converges, and no seat was promised twice.

use super::import::SEVEN;
use crate::demo::api::{SeatTotals, SignUp};
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story, timed};
use crate::demo::wait::wait_until;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Duration;

/// What a person at the kiosk would still call "at once".
const CONVERGE_TIME_MAX: Duration = Duration::from_secs(3);
const CANCEL_TIME_MAX: Duration = Duration::from_secs(5);

/// Heals, measures the convergence, lets one worker cancel, and checks every receipt.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    for who in Who::HANGZHOU {
        story.cluster.node(who).relay.heal();
    }
    let sign_ups = story.book.ids_after(0);
    let ((), time) = timed(|| {
        // Longer than allowed, so that a late convergence is told with its time.
        story.cluster.wait_converged(&Who::HANGZHOU, &sign_ups, CONVERGE_TIME_MAX * 10)
    })?;
    ensure!(time <= CONVERGE_TIME_MAX, "converged after {} ms, which is too late", time.as_millis());
    let seats = story.cluster.hub()?.seats(&story.seven)?;
    ensure!(seats.oversold == 0, "the job with seven seats is oversold by {}", seats.oversold);
    ensure!(seats.live <= SEVEN, "{} people hold the seven seats", seats.live);
    let cancelled = cancel_one(story)?;
    let totals: SeatTotals = story.cluster.hub()?.get("/v1/seats", &[])?;
    ensure!(totals.oversold == 0, "{} seats are oversold", totals.oversold);
    let receipts = story.check_receipts()?;
    story.tell(&format!(
        "Healed: the hub knew all {} sign-ups of both kiosks after {} ms. Seven seats, {} live, {} waiting, \
         {} oversold. {receipts} receipts verified, {cancelled} of them given back since.",
        sign_ups.len(),
        time.as_millis(),
        seats.live,
        seats.waiting,
        totals.oversold
    ));
    let step = Step::new().took(time).fact("oversold", totals.oversold).fact("live", seats.live);
    Ok(step.fact("sign_ups", sign_ups.len()).fact("receipts", receipts).fact("cancelled", cancelled))
}

/// One confirmed worker, drawn by the seed, gives the seat back at the kiosk that gave it.
fn cancel_one(story: &mut Story) -> Result<u64> {
    let confirmed: Vec<_> =
        story.book.entries().iter().filter(|entry| entry.receipt.is_some()).cloned().collect();
    ensure!(!confirmed.is_empty(), "nobody was confirmed");
    let entry = story.people.pick(&confirmed).clone();
    let path = format!("/v1/sign_ups/{}:cancel", entry.id);
    let api = story.cluster.node(entry.who).api()?;
    let answer: SignUp = api.post(
        &path,
        ("Idempotency-Key", "demo-cancel"),
        &json!({ "phone": entry.phone, "code": entry.code }),
    )?;
    ensure!(answer.status == "cancelled", "{} is {} after its cancellation", answer.id, answer.status);
    story.book.cancel(&entry.id);
    let hub = story.cluster.hub()?;
    wait_until("the hub knows of the cancellation", CANCEL_TIME_MAX, || {
        let seats = hub.seats(&entry.job)?;
        let known = seats.sign_ups.iter().find(|known| known.id == entry.id).context("unknown sign-up")?;
        Ok((known.state == "cancelled").then_some(()))
    })?;
    Ok(1)
}
