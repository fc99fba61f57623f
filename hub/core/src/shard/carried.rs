//! A node's log that came in a file: merged as one that came over a line, with an account for whoever carried it.
//!
//! What a file says of an incarnation that is fenced as a copy is kept only where an operator says that this is the one
//! whose log counts: else the log of the other machine could no longer go on from what is here.

use super::merge::{Batch, MergeError, Merged};
use super::{Shard, fences, merge};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    ids::{JobId, SignUpId, WorkerId},
    log::{Entry, EntryKind},
    seats::{NodeEvent, NodeRow, SeatState, Standing},
};
use sync_store::StoreError;

/// What became of a carried batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    pub merged: Merged,
    /// Live sign-ups that the hub had not known to be.
    pub saved: Vec<(JobId, SignUpId)>,
    /// Rights that came back to the pool of their job.
    pub back: Vec<(JobId, u32)>,
}

/// A confirmed sign-up of a log that is not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stranger {
    pub job: JobId,
    pub sign_up: SignUpId,
    pub worker: WorkerId,
}

/// Merges a batch from a file; with `is_the_one` a log that was doubted counts, and its last row settles it.
pub fn merge_carried(
    shard: &mut Shard<'_>,
    batch: &Batch<'_>,
    is_the_one: bool,
) -> Result<Carried, MergeError> {
    let (vshard, writer) = (shard.vshard, batch.writer);
    let doubted = is_doubted(shard, batch)?;
    if doubted && !is_the_one {
        let known = shard.tx.origin(vshard, writer)?.map_or(0, |head| head.wseq);
        return Ok(Carried { merged: Merged { wseq: known, ..Merged::default() }, ..Carried::default() });
    }
    let kept = shard.tx.evidence(vshard, writer)?.0;
    let candidates = accepted(kept.iter().chain(batch.entries));
    let mut unknown = Vec::new();
    for stranger in candidates {
        if !is_live(shard, &stranger)? {
            unknown.push(stranger);
        }
    }
    let mut pools = BTreeMap::new();
    for (job, _) in shard.tx.holdings_of(vshard, writer)? {
        pools.insert(job, pool(shard, job)?);
    }
    let mut merged = merge(shard, batch)?;
    if doubted && batch.entries.last().is_some_and(fences::is_final) {
        merged = fences::settle(shard, batch)?;
    }
    let mut carried = Carried { merged, ..Carried::default() };
    for stranger in unknown {
        if is_live(shard, &stranger)? {
            carried.saved.push((stranger.job, stranger.sign_up));
        }
    }
    for (job, before) in pools {
        let back = pool(shard, job)? - before;
        if let Some(back) = u32::try_from(back).ok().filter(|back| *back > 0) {
            carried.back.push((job, back));
        }
    }
    Ok(carried)
}

/// Confirmed sign-ups of a log that the hub does not have as that worker's: of a copy, the people who hold a receipt for
/// a right that was used twice.
pub fn strangers<'a>(
    shard: &mut Shard<'_>,
    entries: impl Iterator<Item = &'a Entry>,
) -> Result<Vec<Stranger>, StoreError> {
    let mut strangers = Vec::new();
    for stranger in accepted(entries) {
        let seat = shard.tx.seat(shard.vshard, stranger.job, stranger.sign_up)?;
        if seat.is_none_or(|seat| seat.worker != stranger.worker) {
            strangers.push(stranger);
        }
    }
    Ok(strangers)
}

fn is_doubted(shard: &mut Shard<'_>, batch: &Batch<'_>) -> Result<bool, StoreError> {
    let row = shard.tx.standing_row(shard.vshard, batch.writer)?;
    Ok(row.is_some_and(|row| row.standing == Standing::Fenced && !row.cause.settles_by_itself()))
}

/// What a log accepted and has not ended since.
fn accepted<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeSet<Stranger> {
    let mut live = BTreeMap::new();
    for entry in entries.filter(|entry| EntryKind::from_u8(entry.kind) == Some(EntryKind::NodeLedger)) {
        let Ok(NodeRow { job, event }) = minicbor::decode(&entry.body) else { continue };
        match event {
            NodeEvent::Accept { sign_up, worker } => drop(live.insert((job, sign_up), worker)),
            NodeEvent::Cancel { sign_up } | NodeEvent::Bump { sign_up, .. } => {
                live.remove(&(job, sign_up));
            }
            NodeEvent::Birth { .. }
            | NodeEvent::Return { .. }
            | NodeEvent::Wait { .. }
            | NodeEvent::Request { .. }
            | NodeEvent::CancelFor { .. }
            | NodeEvent::Final
            | NodeEvent::Seen { .. }
            | NodeEvent::SeenAll { .. } => {}
        }
    }
    live.into_iter().map(|((job, sign_up), worker)| Stranger { job, sign_up, worker }).collect()
}

fn is_live(shard: &mut Shard<'_>, stranger: &Stranger) -> Result<bool, StoreError> {
    let seat = shard.tx.seat(shard.vshard, stranger.job, stranger.sign_up)?;
    Ok(seat.is_some_and(|seat| seat.state == SeatState::Live))
}

fn pool(shard: &mut Shard<'_>, job: JobId) -> Result<i64, StoreError> {
    let out = shard.out_total(job)?;
    Ok(shard.tx.hub_job(shard.vshard, job)?.map_or(0, |seats| seats.pool(out)))
}
