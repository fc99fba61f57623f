//! Ending sign-ups that a node holds: by a worker's wish elsewhere, by a lowered cap, a closed job, a second seat.
//!
//! Only the holder frees a seat. The hub asks it, once and durably, and hears of the end in the holder's log.

use super::{Order, Shard};
use std::collections::BTreeSet;
use sync_protocol::{
    documents::{Attendance, NO_SHOW_FROM_S, Status},
    ids::{JobId, SignUpId, WorkerId},
    seats::{EndReason, Ending, SeatState},
};
use sync_store::{EndingRow, SeatRow, StoreError};

/// What came of asking for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The hub held it itself: it is over.
    Done,
    /// The holder was asked, now or before.
    Asked,
    /// It was over before.
    Already,
}

/// Why an agency does not end a place.
#[derive(Debug, thiserror::Error)]
pub enum DismissRefusal {
    #[error("there is no such sign-up for this job")]
    Unknown,
    #[error("the place is not confirmed")]
    NotConfirmed,
    #[error("the worker has been checked in; a place is not taken from somebody who came")]
    CameAlready,
    #[error("somebody is a no-show from 30 minutes before the start on; before that, cancel the place")]
    TooEarly,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends one place of a job on its agency's word, by the rules of the desks at nodes: `is_no_show` says that its worker did not
/// come, else the agency cancels it. The caller has checked whose job it is. Asking again changes nothing.
pub fn dismiss(
    shard: &mut Shard<'_>,
    job: JobId,
    sign_up: SignUpId,
    is_no_show: bool,
) -> Result<Ended, DismissRefusal> {
    let seat = shard.tx.seat(shard.vshard, job, sign_up)?.ok_or(DismissRefusal::Unknown)?;
    let summary = shard.tx.job_summary(shard.vshard, job)?.ok_or(DismissRefusal::Unknown)?;
    if seat.state.is_over() {
        return Ok(Ended::Already);
    }
    if has_come(shard, sign_up)? {
        return Err(DismissRefusal::CameAlready);
    }
    if is_no_show && seat.state != SeatState::Live {
        return Err(DismissRefusal::NotConfirmed);
    }
    if is_no_show && shard.now < summary.start_at - NO_SHOW_FROM_S {
        return Err(DismissRefusal::TooEarly);
    }
    let reason = if is_no_show { EndReason::NoShow } else { EndReason::Employer };
    Ok(end(shard, job, Ending { sign_up, reason })?)
}

/// Whether a sign-up's worker was seen at a gate, as far as it is known here.
pub(super) fn has_come(shard: &mut Shard<'_>, sign_up: SignUpId) -> Result<bool, StoreError> {
    let document = shard.tx.document(shard.vshard, sign_up)?;
    Ok(document.is_some_and(|stored| Attendance::read(&stored.document).checked_in_at.is_some()))
}

/// Whether the end of a sign-up is asked for, or done; one that its worker's coming has made void is neither.
fn is_asked(shard: &mut Shard<'_>, job: JobId, sign_up: SignUpId) -> Result<bool, StoreError> {
    let Some(row) = shard.tx.ending(shard.vshard, job, sign_up)? else { return Ok(false) };
    Ok(row.done || !row.ending.reason.spares_who_came() || !has_come(shard, sign_up)?)
}

/// Sees to it that a sign-up ends. Asking again changes nothing.
pub fn end(shard: &mut Shard<'_>, job: JobId, ending: Ending) -> Result<Ended, StoreError> {
    let seat = shard.tx.seat(shard.vshard, job, ending.sign_up)?;
    if seat.is_some_and(|seat| matches!(seat.state, SeatState::Cancelled | SeatState::Bumped)) {
        return Ok(Ended::Already);
    }
    if is_asked(shard, job, ending.sign_up)? {
        return Ok(Ended::Asked);
    }
    let holder = seat.map_or(ending.sign_up.writer, |seat| seat.holder);
    let row = EndingRow { job, ending, at: shard.now, done: holder.is_hub() };
    shard.tx.put_ending(shard.vshard, &row)?;
    match seat.filter(|seat| seat.holder.is_hub()) {
        Some(seat) => {
            end_here(shard, job, &seat, ending.reason)?;
            Ok(Ended::Done)
        }
        None => {
            let mut holding = shard.tx.holding(shard.vshard, job, holder)?;
            holding.ask_end(seat.map(|seat| seat.state));
            shard.tx.put_holding(shard.vshard, job, holder, &holding)?;
            shard.tell(job, holder, &holding, Order { end: vec![ending], ..Order::default() })?;
            Ok(Ended::Asked)
        }
    }
}

/// Asks again for what is asked of a job's holders: nobody could be told while its text, which a restored hub may get after
/// its seats, was not here.
pub(super) fn tell_again(shard: &mut Shard<'_>, job: JobId) -> Result<(), StoreError> {
    for row in shard.tx.endings(shard.vshard, job)?.into_iter().filter(|row| !row.done) {
        let seat = shard.tx.seat(shard.vshard, job, row.ending.sign_up)?;
        let holder = seat.map_or(row.ending.sign_up.writer, |seat| seat.holder);
        let holding = shard.tx.holding(shard.vshard, job, holder)?;
        shard.tell(job, holder, &holding, Order { end: vec![row.ending], ..Order::default() })?;
    }
    for (holder, _) in shard.tx.holdings(shard.vshard, job)? {
        shard.forget_recall(job, holder)?;
    }
    Ok(())
}

/// Ends a sign-up that the hub's own node holds; its right is back in the pool at once.
pub(super) fn end_here(
    shard: &mut Shard<'_>,
    job: JobId,
    seat: &SeatRow,
    reason: EndReason,
) -> Result<(), StoreError> {
    if seat.state == SeatState::Live {
        let mut holding = shard.tx.holding(shard.vshard, job, seat.holder)?;
        holding.live -= 1;
        holding.returned += 1;
        shard.tx.put_holding(shard.vshard, job, seat.holder, &holding)?;
    }
    let (state, status, told) = match reason {
        EndReason::Worker => (SeatState::Cancelled, Status::Cancelled, ""),
        EndReason::Closed
        | EndReason::CapLowered
        | EndReason::Duplicate
        | EndReason::Voided
        | EndReason::NoShow
        | EndReason::Employer => (SeatState::Bumped, Status::Bumped, reason.as_str()),
    };
    shard.tx.put_seat(shard.vshard, job, &SeatRow { state, ..*seat })?;
    shard.tx.remove_waiting(shard.vshard, job, seat.sign_up)?;
    shard.set_status(seat.sign_up, status, told)
}

/// Brings a job to what its cap and state ask for: ends sign-ups beyond them, and recalls idle rights that are owed.
pub fn enforce(shard: &mut Shard<'_>, job: JobId) -> Result<(), StoreError> {
    let Some(seats) = shard.tx.hub_job(shard.vshard, job)? else { return Ok(()) };
    let owed = seats.owed(shard.out_total(job)?);
    if owed == 0 && seats.over(u32::MAX) == 0 {
        return Ok(());
    }
    let mut asked = BTreeSet::new();
    for row in shard.tx.endings(shard.vshard, job)?.into_iter().filter(|row| !row.done) {
        if is_asked(shard, job, row.ending.sign_up)? {
            asked.insert(row.ending.sign_up);
        }
    }
    let current: Vec<_> = shard
        .tx
        .seats(shard.vshard, job)?
        .into_iter()
        .filter(|seat| !matches!(seat.state, SeatState::Cancelled | SeatState::Bumped))
        .filter(|seat| !asked.contains(&seat.sign_up))
        .collect();
    let reason = if seats.open { EndReason::CapLowered } else { EndReason::Closed };
    let mut live = Vec::new();
    for seat in &current {
        if seat.state == SeatState::Live {
            let signed_up_at = shard.tx.sign_up(seat.sign_up)?.map(|row| row.fields.created_at);
            live.push((signed_up_at, seat.sign_up));
        } else if !seats.open {
            end(shard, job, Ending { sign_up: seat.sign_up, reason })?;
        }
    }
    let over = seats.over(u32::try_from(live.len()).unwrap_or(u32::MAX)) as usize;
    let mut last = Vec::new();
    for (signed_up_at, sign_up) in live.into_iter().filter(|_| over > 0) {
        // Whoever stands at work goes last.
        last.push((!has_come(shard, sign_up)?, signed_up_at, sign_up));
    }
    last.sort_unstable();
    for (.., sign_up) in last.into_iter().rev().take(over) {
        end(shard, job, Ending { sign_up, reason })?;
    }
    recall_owed(shard, job, owed)
}

fn recall_owed(shard: &mut Shard<'_>, job: JobId, mut owed: u32) -> Result<(), StoreError> {
    let mut holdings = shard.tx.holdings(shard.vshard, job)?;
    holdings.sort_by_key(|(writer, holding)| (std::cmp::Reverse(holding.idle()), *writer));
    for (writer, holding) in holdings {
        let take = holding.idle().min(owed);
        if take == 0 {
            break;
        }
        if shard.tx.standing(shard.vshard, writer)?.takes_grants() {
            shard.recall(job, writer, &holding, holding.idle() - take)?;
        }
        owed -= take;
    }
    Ok(())
}

/// Whether a worker's new seat is a second one: of the same job, or of another at the same time. The first merged stays.
pub(super) fn is_duplicate(
    shard: &mut Shard<'_>,
    job: JobId,
    sign_up: SignUpId,
    worker: WorkerId,
) -> Result<bool, StoreError> {
    let others = shard.tx.seats_of_worker(shard.vshard, worker)?;
    if others.iter().all(|(_, seat)| seat.sign_up == sign_up) {
        return Ok(false);
    }
    let Some(this) = shard.tx.job_summary(shard.vshard, job)? else { return Ok(false) };
    for (other_job, seat) in others {
        if seat.sign_up == sign_up || is_asked(shard, other_job, seat.sign_up)? {
            continue;
        }
        let Some(other) = shard.tx.job_summary(shard.vshard, other_job)? else { continue };
        if other_job == job || (this.start_at < other.end_at && other.start_at < this.end_at) {
            return Ok(true);
        }
    }
    Ok(false)
}
