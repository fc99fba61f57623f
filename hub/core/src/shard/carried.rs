//! A node's log that came in a file: merged as one that came over a line, with an account for whoever carried it.
//!
//! What a file says of an incarnation that is fenced as a copy is kept only where an operator says that this is the one
//! whose log counts: else the log of the other machine could no longer go on from what is here.

use super::{
    Author, Shard,
    bounds::OverLimit,
    fences, merge,
    merge::{Batch, MergeError, Merged},
};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    ids::{JobId, SignUpId, VshardId, WorkerId},
    log::{Entry, EntryKind, GoneBack, LogHead, goes_on},
    seats::{NodeEvent, NodeRow, SeatState, Standing},
    wire::v1::{DownState, Hello, Up},
};
use sync_store::{ShardTx, StoreError};

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

/// What a batch from a file came to.
#[derive(Debug)]
pub enum CarriedAnswer {
    Merged(Carried),
    /// The node has a line: a session has said where its log stands, and this would go past it.
    Connected,
    Gap {
        found: u64,
        known: u64,
    },
    OverLimit(OverLimit),
    /// It does not go on from what is here: a restored disk or a copy, to be fenced.
    Apart,
}

/// Merges a batch from a file whose signature was checked, and says which confirmed sign-ups of it do not count.
/// `author.is_current`: no session of the node stands.
pub fn take_carried(
    tx: &mut dyn ShardTx,
    now: i64,
    author: &Author<'_>,
    up: &Up,
    is_the_one: bool,
) -> Result<(CarriedAnswer, Vec<Stranger>), StoreError> {
    let (vshard, writer) = (VshardId(up.vshard), author.writer);
    if !author.is_current {
        return Ok((CarriedAnswer::Connected, Vec::new()));
    }
    let signed =
        |head: &LogHead| author.key.is_some_and(|key| head.is_signed(key, writer, vshard, &up.signature));
    let batch =
        Batch { writer, first: up.first, entries: &up.entries, allowed: author.allowed, signed: &signed };
    let mut shard = Shard { tx, vshard, now };
    let answer = match merge_carried(&mut shard, &batch, is_the_one) {
        Err(MergeError::Store(error)) => return Err(error),
        Err(MergeError::Gap { found, known }) => CarriedAnswer::Gap { found, known },
        Err(MergeError::OverLimit(limit)) => CarriedAnswer::OverLimit(limit),
        Err(MergeError::WrongSignature) => CarriedAnswer::Apart,
        Ok(carried) => CarriedAnswer::Merged(carried),
    };
    let counts =
        matches!(answer, CarriedAnswer::Merged(_)) && shard.tx.standing(vshard, writer)? != Standing::Fenced;
    let strangers = if counts { Vec::new() } else { strangers(&mut shard, up.entries.iter())? };
    Ok((answer, strangers))
}

/// Why the logs of a file are not those that are `known` here. A log that is shorter in it is an old picture.
#[must_use]
pub fn gone_apart(known: &[(VshardId, LogHead)], hello: &Hello) -> Option<String> {
    hello.up.iter().find_map(|up| {
        let (_, known) = known.iter().find(|(vshard, _)| vshard.0 == up.vshard)?;
        match goes_on(known, Some(&LogHead { wseq: up.wseq, head: up.head })) {
            Err(why @ GoneBack::Apart { .. }) => Some(format!("its log of vshard {} {why}", up.vshard)),
            Err(GoneBack::Gone { .. } | GoneBack::Shorter { .. }) | Ok(()) => None,
        }
    })
}

/// The cursors behind which the answer to a file begins, one for each lane (vshard, history, head) that the node may see.
#[must_use]
pub fn begins_after(lanes: &[(VshardId, u16, u64)], hello: &Hello) -> Vec<DownState> {
    let begin = |(vshard, history, head): &(VshardId, u16, u64)| {
        let told = hello.down.iter().find(|told| told.vshard == vshard.0 && told.history == *history);
        let seq = told.map_or(0, |told| told.seq.min(*head));
        DownState { vshard: vshard.0, history: *history, seq }
    };
    lanes.iter().map(begin).collect()
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
            | NodeEvent::SeenAll { .. }
            | NodeEvent::HubConfirmed { .. } => {}
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
