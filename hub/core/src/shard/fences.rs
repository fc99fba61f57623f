//! An incarnation that is over: fence, evidence, settlement, reclaim.
//!
//! A fence is one way. From it on the incarnation's reports are evidence, and its rights stay reserved (limbo) until its
//! whole log up to FINAL is here, which settles it exactly, or, for jobs whose policy says so, until they are reclaimed.

use super::{
    Shard, bounds, ends, line,
    merge::{Batch, Checked, MergeError, Merged, merge_entries, verify},
    restore::{self, Told},
};
use std::collections::BTreeSet;
use sync_protocol::{
    documents::Status,
    ids::{JobId, TopicId, Writer},
    log::{Entry, EntryKind, Head, LogHead},
    seats::{EndReason, Ending, LossPolicy, NodeEvent, NodeRow, SeatState, Standing},
};
use sync_store::{EndingRow, FenceCause, SeatRow, StandingRow, StoreError, WaitRow};

/// What a reclaim brought back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Jobs with the rights that came back.
    pub jobs: Vec<(JobId, u32)>,
    /// Jobs of which the evidence told something that had not been merged.
    pub told: BTreeSet<JobId>,
}

/// Fences an incarnation in this vshard; false where it was before. It frees nothing.
pub fn fence(
    shard: &mut Shard<'_>,
    writer: Writer,
    cause: FenceCause,
    detail: &str,
) -> Result<bool, StoreError> {
    if shard.tx.standing(shard.vshard, writer)? != Standing::Live {
        return Ok(false);
    }
    let row =
        StandingRow { writer, standing: Standing::Fenced, cause, detail: detail.to_owned(), at: shard.now };
    shard.tx.put_standing(shard.vshard, &row)?;
    for (job, mut holding) in shard.tx.holdings_of(shard.vshard, writer)? {
        let policy = shard.tx.hub_job(shard.vshard, job)?.map(|seats| seats.policy).unwrap_or_default();
        let before = holding;
        holding.fence(policy);
        if holding != before {
            shard.tx.put_holding(shard.vshard, job, writer, &holding)?;
        }
    }
    restore::give_up(shard, writer)?;
    Ok(true)
}

/// Keeps what a fenced incarnation reports. Where its log is whole and nobody doubts it, it is settled.
pub(super) fn keep_evidence(
    shard: &mut Shard<'_>,
    batch: &Batch<'_>,
    merged: LogHead,
) -> Result<Merged, MergeError> {
    let (vshard, writer) = (shard.vshard, batch.writer);
    let kept = shard.tx.evidence_head(vshard, writer)?;
    if shard.tx.standing(vshard, writer)? == Standing::Settled {
        return Ok(Merged { wseq: kept.unwrap_or(merged).wseq, ..Merged::default() });
    }
    let (at, fresh) = keep(shard, batch, kept.unwrap_or(merged))?;
    let cause = shard.tx.standing_row(vshard, writer)?.map(|row| row.cause);
    let whole = fresh.last().is_some_and(is_final);
    if whole && cause.is_some_and(FenceCause::settles_by_itself) {
        return Ok(settle(shard, batch)?);
    }
    Ok(Merged { wseq: at.wseq, ..Merged::default() })
}

/// Keeps what goes on from `at`, and says how far it goes then.
pub(super) fn keep<'a>(
    shard: &mut Shard<'_>,
    batch: &Batch<'a>,
    mut at: LogHead,
) -> Result<(LogHead, &'a [Entry]), MergeError> {
    let fresh = verify(batch, at)?;
    if !fresh.is_empty() {
        bounds::take_evidence(shard, batch.writer, fresh)??;
    }
    for entry in fresh {
        at = at.then(entry);
        shard.tx.put_evidence(shard.vshard, batch.writer, at, entry)?;
    }
    Ok((at, fresh))
}

/// Whether an entry is the last of its log.
pub(super) fn is_final(entry: &Entry) -> bool {
    EntryKind::from_u8(entry.kind) == Some(EntryKind::NodeLedger)
        && minicbor::decode::<NodeRow>(&entry.body).is_ok_and(|row| row.event == NodeEvent::Final)
}

/// Settles a fenced incarnation by the evidence that is here: merges it, frees its idle rights and makes the hub's own node
/// the holder of what is live. `batch` says whose and what it may touch; its entries are not read.
pub fn settle(shard: &mut Shard<'_>, batch: &Batch<'_>) -> Result<Merged, StoreError> {
    let (vshard, writer) = (shard.vshard, batch.writer);
    if shard.tx.standing(vshard, writer)? == Standing::Settled {
        return Ok(Merged::default());
    }
    let mut merged = merge_evidence(shard, batch)?;
    if merged.violation.is_none() && merged.parked_rows == 0 {
        merged.jobs.extend(hand_over(shard, writer)?);
        merged.settled = true;
    }
    Ok(merged)
}

/// Merges the evidence behind what is merged: as if the fence had come that much later in its author's log.
fn merge_evidence(shard: &mut Shard<'_>, batch: &Batch<'_>) -> Result<Merged, StoreError> {
    let (vshard, writer) = (shard.vshard, batch.writer);
    let genesis = LogHead { wseq: 0, head: Head::genesis(writer, vshard) };
    let known = shard.tx.origin(vshard, writer)?.unwrap_or(genesis);
    let (entries, last) = shard.tx.evidence(vshard, writer)?;
    let behind = last.map_or(0, |last| last.wseq.saturating_sub(known.wseq));
    let merged_before = entries.len().saturating_sub(usize::try_from(behind).unwrap_or(usize::MAX));
    merge_entries(shard, batch, known, &entries[merged_before..], Told::default())
}

/// Ends all holdings of an incarnation whose log is whole. Returns the jobs that it held rights to.
pub(super) fn hand_over(shard: &mut Shard<'_>, writer: Writer) -> Result<BTreeSet<JobId>, StoreError> {
    let vshard = shard.vshard;
    let mut jobs = BTreeSet::new();
    for (job, _) in shard.tx.holdings_of(vshard, writer)? {
        hand_over_job(shard, job, writer)?;
        jobs.insert(job);
    }
    if let Some(row) = shard.tx.standing_row(vshard, writer)? {
        shard.tx.put_standing(vshard, &StandingRow { standing: Standing::Settled, ..row })?;
    }
    for (job, seat) in shard.tx.seats_held_by(vshard, writer)? {
        inherit(shard, job, &seat)?;
        jobs.insert(job);
    }
    Ok(jobs)
}

fn hand_over_job(shard: &mut Shard<'_>, job: JobId, writer: Writer) -> Result<u32, StoreError> {
    let (vshard, hub) = (shard.vshard, shard.writer()?);
    let mut holding = shard.tx.holding(vshard, job, writer)?;
    let mut heir = shard.tx.holding(vshard, job, hub)?;
    let idle = holding.idle();
    holding.hand_over(&mut heir);
    shard.tx.put_holding(vshard, job, writer, &holding)?;
    shard.tx.put_holding(vshard, job, hub, &heir)?;
    Ok(idle)
}

/// The hub's own node becomes the holder of a sign-up, and does what its holder was asked to do.
fn inherit(shard: &mut Shard<'_>, job: JobId, seat: &SeatRow) -> Result<(), StoreError> {
    if matches!(seat.state, SeatState::Cancelled | SeatState::Bumped) {
        return Ok(());
    }
    let (vshard, holder) = (shard.vshard, shard.writer()?);
    let seat = SeatRow { holder, ..*seat };
    shard.tx.put_seat(vshard, job, &seat)?;
    if let Some(wait) = shard.tx.wait(vshard, job, seat.sign_up)? {
        shard.tx.put_waiting(vshard, job, &WaitRow { holder, promoted: false, ..wait })?;
    }
    if let Some(asked) = shard.tx.ending(vshard, job, seat.sign_up)?.filter(|row| !row.done) {
        ends::end_here(shard, job, &seat, asked.ending.reason)?;
        shard.tx.put_ending(vshard, &EndingRow { done: true, ..asked })?;
    }
    Ok(())
}

/// A report on rights that were reclaimed in the meantime: a receipt that the hub did not hold by then is void.
pub(super) fn void(shard: &mut Shard<'_>, writer: Writer, row: &NodeRow) -> Result<Checked, StoreError> {
    if let NodeEvent::Accept { sign_up, worker } = row.event
        && shard.tx.seat(shard.vshard, row.job, sign_up)?.is_none_or(|seat| seat.state == SeatState::Waiting)
    {
        let seat = SeatRow { sign_up, holder: writer, worker, state: SeatState::Bumped };
        shard.tx.put_seat(shard.vshard, row.job, &seat)?;
        let job = row.job;
        let ending = Ending { sign_up, reason: EndReason::Voided };
        let row = EndingRow { job, ending, at: shard.now, done: true };
        shard.tx.put_ending(shard.vshard, &row)?;
        shard.tx.remove_waiting(shard.vshard, job, sign_up)?;
        shard.set_status(sign_up, Status::Bumped, EndReason::Voided.as_str())?;
        // Its worker may have signed up again before the hub heard of the receipt.
        line::put_voided_first(shard, job)?;
    }
    // What was known was taken over: its worker may have given it back meanwhile.
    if let NodeEvent::Cancel { sign_up } | NodeEvent::Bump { sign_up, .. } = row.event
        && shard.tx.seat(shard.vshard, row.job, sign_up)?.is_some_and(|seat| seat.holder.is_hub())
    {
        ends::end(shard, row.job, Ending { sign_up, reason: EndReason::Worker })?;
    }
    Ok(Ok(()))
}

/// Takes back the rights of a fenced incarnation to jobs of [`LossPolicy::Reclaim`], once its lease is over. What the hub
/// knows to be live stays, by what was merged or by the evidence that is here; a receipt that it does not hold is void.
/// `allowed` says which topics the incarnation may touch.
pub fn reclaim(
    shard: &mut Shard<'_>,
    writer: Writer,
    lease_is_over: bool,
    allowed: &dyn Fn(TopicId) -> bool,
) -> Result<Reclaimed, StoreError> {
    let vshard = shard.vshard;
    let mut reclaimed = Reclaimed::default();
    if !shard.tx.standing(vshard, writer)?.may_reclaim(lease_is_over) {
        return Ok(reclaimed);
    }
    // Evidence was signed when it came. A row that no honest node writes ends it, and what came before counts.
    let evidence = Batch { writer, first: 0, entries: &[], allowed, signed: &|_| false };
    reclaimed.told = merge_evidence(shard, &evidence)?.jobs;
    for (job, _) in shard.tx.holdings_of(vshard, writer)? {
        let policy = shard.tx.hub_job(vshard, job)?.map(|seats| seats.policy);
        if policy != Some(LossPolicy::Reclaim) || shard.tx.is_reclaimed(vshard, job, writer)? {
            continue;
        }
        let idle = hand_over_job(shard, job, writer)?;
        shard.tx.put_reclaimed(vshard, job, writer, shard.now)?;
        for seat in shard.tx.seats(vshard, job)?.iter().filter(|seat| seat.holder == writer) {
            inherit(shard, job, seat)?;
        }
        reclaimed.jobs.push((job, idle));
    }
    Ok(reclaimed)
}
