//! Executing what the scheduler planned: grants, recalls, promotions from the wait list, and what nodes are told of a job.

use super::{Order, Shard, draw, ends, line, receipts};
use crate::scheduler::{JobSnapshot, Move, NodeShare};
use std::collections::BTreeMap;
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId, Writer},
    mutant::{self, Mutant},
    seats::{EndReason, Ending, HubJob, JobRow, SeatState, out_total},
};
use sync_store::{SeatRow, StoreError, WaitRow};

/// Seconds within which a node must learn of a promotion; later it returns the right, and the next in line gets it.
const OFFER_S: i64 = 600;

/// The picture of one open job that the scheduler plans from.
pub fn snapshot(
    shard: &mut Shard<'_>,
    job: JobId,
    nodes: &BTreeMap<Writer, f64>,
) -> Result<Option<JobSnapshot>, StoreError> {
    let Some(seats) = shard.tx.hub_job(shard.vshard, job)?.filter(|seats| seats.open) else {
        return Ok(None);
    };
    let holdings: BTreeMap<_, _> = shard.tx.holdings(shard.vshard, job)?.into_iter().collect();
    let out = out_total(holdings.values());
    let nodes = nodes
        .iter()
        .map(|(writer, demand)| {
            let holding = holdings.get(writer).copied().unwrap_or_default();
            NodeShare { writer: *writer, demand: *demand, idle: holding.idle(), live: holding.live }
        })
        .collect();
    let pool = u32::try_from(seats.pool(out).max(0)).unwrap_or(0);
    let waiting = in_line(shard, job)?;
    Ok(Some(JobSnapshot { job, cap: seats.cap, pool, waiting, nodes }))
}

/// Those who wait for a right and can be given one: whoever waits at a node that is over waits until its log has settled.
pub(super) fn in_line(shard: &mut Shard<'_>, job: JobId) -> Result<u32, StoreError> {
    let mut at_holders: BTreeMap<Writer, u32> = BTreeMap::new();
    for wait in shard.tx.waiting(shard.vshard, job)?.iter().filter(|wait| !wait.promoted) {
        *at_holders.entry(wait.holder).or_default() += 1;
    }
    let mut count = 0;
    for (holder, waiting) in at_holders {
        if shard.tx.standing(shard.vshard, holder)?.takes_grants() {
            count += waiting;
        }
    }
    Ok(count)
}

/// The same, where only the first is looked at as long as nothing speaks against him.
pub(super) fn is_anyone_in_line(shard: &mut Shard<'_>, job: JobId) -> Result<bool, StoreError> {
    let Some(first) = shard.tx.first_waiting(shard.vshard, job)? else { return Ok(false) };
    Ok(shard.tx.standing(shard.vshard, first.holder)?.takes_grants() || in_line(shard, job)? > 0)
}

/// Executes one move; what the state no longer allows is left undone.
pub fn execute(shard: &mut Shard<'_>, step: &Move) -> Result<(), StoreError> {
    match *step {
        Move::Grant { job, to, count, .. } => {
            let Some(seats) = shard.tx.hub_job(shard.vshard, job)? else { return Ok(()) };
            shard.grant(job, &seats, to, count, Order::default())?;
        }
        Move::Recall { job, from, keep, .. } => {
            let holding = shard.tx.holding(shard.vshard, job, from)?;
            shard.recall(job, from, &holding, keep)?;
        }
    }
    Ok(())
}

/// Gives free rights to those who wait, in order; to nobody before a draw that is awaited. Returns how many.
pub fn promote(shard: &mut Shard<'_>, job: JobId) -> Result<u32, StoreError> {
    let Some(seats) = shard.tx.hub_job(shard.vshard, job)?.filter(|seats| seats.open) else { return Ok(0) };
    let waiting = shard.tx.waiting(shard.vshard, job)?;
    if !waiting.is_empty() && draw::is_awaited(shard, job)? {
        line::tell_who_waits(shard, &waiting)?;
        return Ok(0);
    }
    let mut promoted = 0;
    for (at, wait) in waiting.iter().enumerate() {
        if wait.promoted && !mutant::is(Mutant::PromoteTwice) {
            continue;
        }
        // Whoever waits at a node that is over waits until its log has settled.
        if !shard.tx.standing(shard.vshard, wait.holder)?.takes_grants() {
            continue;
        }
        if wait.holder.is_hub() && ends::is_duplicate(shard, job, wait.sign_up, wait.worker)? {
            // Its worker got a place elsewhere while this one waited for the hub.
            ends::end(shard, job, Ending { sign_up: wait.sign_up, reason: EndReason::Duplicate })?;
            continue;
        }
        let done = if wait.holder.is_hub() {
            accept_here(shard, job, &seats, wait)?
        } else {
            offer(shard, job, &seats, wait)?
        };
        if !done {
            line::tell_who_waits(shard, &waiting[at..])?;
            break;
        }
        promoted += 1;
    }
    Ok(promoted)
}

fn offer(shard: &mut Shard<'_>, job: JobId, seats: &HubJob, wait: &WaitRow) -> Result<bool, StoreError> {
    let mut promote: Vec<SignUpId> = shard
        .tx
        .waiting(shard.vshard, job)?
        .iter()
        .filter(|other| other.promoted && other.holder == wait.holder)
        .map(|other| other.sign_up)
        .collect();
    promote.push(wait.sign_up);
    let order = Order { promote, offer_until: Some(shard.now + OFFER_S), ..Order::default() };
    if shard.grant(job, seats, wait.holder, 1, order)? == 0 {
        return Ok(false);
    }
    shard.tx.put_waiting(shard.vshard, job, &WaitRow { promoted: true, ..*wait })?;
    Ok(true)
}

/// A sign-up that was left to the hub is accepted by its virtual node.
fn accept_here(
    shard: &mut Shard<'_>,
    job: JobId,
    seats: &HubJob,
    wait: &WaitRow,
) -> Result<bool, StoreError> {
    if shard.grant(job, seats, wait.holder, 1, Order::default())? == 0 {
        return Ok(false);
    }
    let mut holding = shard.tx.holding(shard.vshard, job, wait.holder)?;
    holding.live += 1;
    shard.tx.put_holding(shard.vshard, job, wait.holder, &holding)?;
    let seat =
        SeatRow { sign_up: wait.sign_up, holder: wait.holder, worker: wait.worker, state: SeatState::Live };
    shard.tx.put_seat(shard.vshard, job, &seat)?;
    shard.tx.remove_waiting(shard.vshard, job, wait.sign_up)?;
    shard.set_status(wait.sign_up, Status::Confirmed, "")?;
    receipts::owe(shard, wait.sign_up)?;
    Ok(true)
}

/// Tells the nodes what is free and who waits in all. `last` is what they were told last; returns what they were told now.
pub fn announce(
    shard: &mut Shard<'_>,
    job: JobId,
    last: Option<&JobRow>,
) -> Result<Option<JobRow>, StoreError> {
    let Some(mut seats) = shard.tx.hub_job(shard.vshard, job)? else { return Ok(None) };
    let Some(topic) = shard.topic_of(job)? else { return Ok(None) };
    let live: u32 = shard.tx.holdings(shard.vshard, job)?.iter().map(|(_, holding)| holding.live).sum();
    let waiting = u32::try_from(shard.tx.waiting(shard.vshard, job)?.len()).unwrap_or(u32::MAX);
    let (cap, open, free) = (seats.cap, seats.open, seats.cap.saturating_sub(live));
    if last.is_some_and(|row| (row.cap, row.open, row.free, row.waiting) == (cap, open, free, waiting)) {
        return Ok(None);
    }
    seats.version = seats.version.saturating_add(1);
    shard.tx.put_hub_job(shard.vshard, job, &seats)?;
    let policy = Some(seats.policy);
    let row = JobRow { job, cap, open, version: seats.version, free, waiting, policy, seal: None };
    shard.append_job_row(job, topic, &row)?;
    Ok(Some(row))
}

/// What an import has told of a job when it was created here and nothing was told since.
pub fn first_row(shard: &mut Shard<'_>, job: JobId) -> Result<Option<JobRow>, StoreError> {
    let seats =
        shard.tx.hub_job(shard.vshard, job)?.filter(|seats| seats.version == 1 && job.writer.is_hub());
    Ok(seats.map(|seats| JobRow {
        job,
        cap: seats.cap,
        open: seats.open,
        version: 1,
        free: seats.cap,
        waiting: 0,
        policy: Some(seats.policy),
        seal: None,
    }))
}
